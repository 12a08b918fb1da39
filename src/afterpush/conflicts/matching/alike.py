"""Both sides matched with the base: what is equal first, then one thing in other words.

What both sides wrote in the very same words is one thing of the base for both of them, or new in both:
    base  - a          ours  - x      theirs  - a      Alone, ours reads as "x for a". But theirs has x
                                              - x      beside a: x is new on both sides, a was deleted.
"""

from afterpush.conflicts.matching.labels import by_digest, differ, is_placeholder, likely, pairs_of
from afterpush.conflicts.matching.match import Matching
from afterpush.roadmap.keys import likeness, words_of
from afterpush.roadmap.nodes import Kind, Node

# What has a name of its own is never another thing of its kind rewritten.
_NEVER_LONELY = frozenset({Kind.SECTION, Kind.RULE, Kind.ENTRY, Kind.TABLE})


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
            return


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
    """By shared words, the best pair first; then what is alone between neighbours, or was moved as well."""
    for one in side.base:
        other = side.forward.get(one)
        if other is None or one.digest == other.digest:
            continue
        mine = side.free(one.children, side.forward)
        yours = side.free(other.children, side.backward)
        if mine and yours:
            side.pair_free((*likely(mine, yours), *_lonely(side, one, other)))
    side.within(likely)
    mine = list(filter(_is_wordy, side.free(side.base, side.forward)))
    yours = list(filter(_is_wordy, side.free(side.side, side.backward))) if mine else []
    side.pair_free(likely(mine, yours, least=0.75))


def _lonely(side: Matching, one: Node, other: Node) -> list[tuple[Node, Node]]:
    """The only free nodes of their kind between two pairs of neighbours: one text rewritten."""
    places = {node: place for place, node in enumerate(other.children)}
    runs: dict[tuple[int, Kind], tuple[list[Node], list[Node]]] = {}
    for children, taken, at in ((one.children, side.forward, 0), (other.children, side.backward, 1)):
        before = -1
        for child in children:
            if child in taken:
                before = places.get(side.forward[child], -2) if at == 0 else places[child]
            elif child.kind not in _NEVER_LONELY:
                runs.setdefault((before, child.kind), ([], []))[at].append(child)
    pairs = ((mine[0], yours[0]) for mine, yours in runs.values() if len(mine) == len(yours) == 1)
    return [pair for pair in pairs if _may_be_rewritten(*pair)]


def _may_be_rewritten(one: Node, other: Node) -> bool:
    has_common = likeness(one.said, other.said) > 0
    return has_common and not differ(one, other) and not is_placeholder(one) and not is_placeholder(other)


def _is_wordy(node: Node) -> bool:
    return node.kind in (Kind.ITEM, Kind.TEXT) and len(words_of(node.said)) >= 3
