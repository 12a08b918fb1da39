"""Both sides matched with the base: what is equal first, then one thing in other words.

What both sides wrote in the very same words is one thing of the base for both of them, or new in both:
    base  - a          ours  - x      theirs  - a      Alone, ours reads as "x for a". But theirs has x
                                              - x      beside a: x is new on both sides, a was deleted.
"""

from afterpush.conflicts.matching.labels import MOST_PAIRS, by_digest, likely, pairs_of
from afterpush.conflicts.matching.match import Matching
from afterpush.roadmap.keys import words_of
from afterpush.roadmap.nodes import Kind, Node


def match_both(ours: Matching, theirs: Matching) -> None:
    """Matches both sides with the base."""
    ours.other, theirs.other = theirs, ours
    for _ in range(2):
        before = len(ours.forward) + len(theirs.forward)
        ours.match_equal()
        theirs.match_equal()
        _find_shared(ours, theirs)
        _match_alike(ours)
        _match_alike(theirs)
        if len(ours.forward) + len(theirs.forward) == before:
            break
    _match_renamed(ours, theirs)
    _match_renamed(theirs, ours)
    _match_claimed(ours, theirs)


def _match_renamed(side: Matching, other: Matching) -> None:
    """A section that has the new title which the other side gave to an old one is that one."""
    renamed = [
        (one, node)
        for one, node in other.forward.items()
        if one.kind is Kind.SECTION and one not in side.forward and one.said != node.said
    ]
    for one, node in renamed:
        above = side.forward.get(one.parent) if one.parent else None
        free = side.free(above.children if above else (), side.backward)
        side.pair_free((one, twin) for twin in free if twin.kind is one.kind and twin.said == node.said)


def _find_shared(ours: Matching, theirs: Matching) -> None:
    """What both sides wrote in the same words under the same parent, and the base has not."""
    for one, mine in ours.forward.items():
        yours = theirs.forward.get(one)
        if yours is None or not mine.children or not yours.children:
            continue
        free = ours.free(mine.children, ours.backward)
        other = theirs.free(yours.children, theirs.backward) if free else []
        for first, second in pairs_of(free, other, by_digest) if other else ():
            ours.shared |= zip(first.walk(), second.walk(), strict=True)
            theirs.shared |= zip(second.walk(), first.walk(), strict=True)


def _match_alike(side: Matching) -> None:
    """By shared words, the best pair first; then what was moved as well."""
    for one in side.base:
        other = side.forward.get(one)
        if other is None or one.digest == other.digest:
            continue
        mine = side.free(one.children, side.forward)
        yours = side.free(other.children, side.backward)
        if mine and yours:
            side.pair_free(likely(mine, yours))
    mine = list(filter(_is_wordy, side.free(side.base, side.forward)))
    yours = list(filter(_is_wordy, side.free(side.side, side.backward))) if mine else []
    side.pair_free(likely(mine, yours, least=0.75))


def _match_claimed(ours: Matching, theirs: Matching) -> None:
    """What both took away and wrote again under an old heading, with more words: two claims of one thing.

    ## Open            ## Doing              ## Doing
    - Mobile           - Mobile (@ann)       - Mobile (@bob)
    """
    gone = [one for one in ours.free(ours.base, ours.forward) if one.kind is Kind.ITEM]
    gone = [one for one in theirs.free(gone, theirs.forward) if words_of(one.said)]
    added = [
        [
            node
            for node in (side.free(side.side, side.backward) if gone else ())
            if node.kind is Kind.ITEM and node.parent in side.backward
        ]
        for side in (ours, theirs)
    ]
    if len(gone) * max(map(len, added)) > MOST_PAIRS:
        return
    for one in gone:
        mine, yours = ([node for node in some if words_of(one.said) <= words_of(node.said)] for some in added)
        if len(mine) == len(yours) == 1:
            ours.take(one, mine[0])
            theirs.take(one, yours[0])


def _is_wordy(node: Node) -> bool:
    return node.kind in (Kind.ITEM, Kind.TEXT) and len(words_of(node.said)) >= 3
