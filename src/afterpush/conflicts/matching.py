"""Which item of one version is which of another: the same text, the same key, or the most alike."""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

N = TypeVar("N")
Key = Callable[[N], Hashable | None]
ALIKE = 0.5
_MANY = 60


def match(
    base: Sequence[N], side: Sequence[N], keys: Sequence[Key[N]], likeness: Callable[[N, N], float]
) -> dict[int, int]:
    """Places in `base` and the places of the same items in `side`.

    Each key in turn, from the strictest: what is unique in both is matched wherever it went, what comes
    several times only between the same neighbours. The rest is matched there by likeness. A key may be
    None for items that it does not tell apart.
    """
    found: dict[int, int] = {}
    for key in keys:
        _match_unique(base, side, key, found)
        _match_repeated(base, side, key, found)
    for some, others in _gaps(base, side, found):
        _match_alike(base, side, some, others, likeness, found)
    return found


def _match_unique(base: Sequence[N], side: Sequence[N], key: Key[N], found: dict[int, int]) -> None:
    taken = set(found.values())
    ours = {place: key(item) for place, item in enumerate(base) if place not in found}
    theirs = {place: key(item) for place, item in enumerate(side) if place not in taken}
    count_ours, count_theirs = Counter(ours.values()), Counter(theirs.values())
    where = {known: place for place, known in theirs.items() if known is not None}
    for place, known in ours.items():
        if known is not None and count_ours[known] == 1 == count_theirs[known]:
            found[place] = where[known]


def _match_repeated(base: Sequence[N], side: Sequence[N], key: Key[N], found: dict[int, int]) -> None:
    for some, others in list(_gaps(base, side, found)):
        ours, theirs = [key(base[place]) for place in some], [key(side[place]) for place in others]
        if not set(ours) & set(theirs) - {None}:
            continue
        blocks = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
        for block in blocks:
            for step in range(block.size):
                if ours[block.a + step] is not None:
                    found[some[block.a + step]] = others[block.b + step]


def _gaps(
    base: Sequence[N], side: Sequence[N], found: dict[int, int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Unmatched places of both between the matched ones that kept their order."""
    if len(found) == len(base) or len(found) == len(side):
        return
    taken = set(found.values())
    before = (-1, -1)
    for after in [*in_order(sorted(found.items())), (len(base), len(side))]:
        some = [place for place in range(before[0] + 1, after[0]) if place not in found]
        others = [place for place in range(before[1] + 1, after[1]) if place not in taken]
        if some and others:
            yield some, others
        before = after


def in_order(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs that rises in both (patience sorting)."""
    tops: list[int] = []
    tails: list[int] = []
    previous: list[int | None] = []
    for place, (_, value) in enumerate(pairs):
        pile = bisect_left(tops, value)
        previous.append(tails[pile - 1] if pile else None)
        tops[pile : pile + 1] = [value]
        tails[pile : pile + 1] = [place]
    run: list[tuple[int, int]] = []
    at = tails[-1] if tails else None
    while at is not None:
        run.append(pairs[at])
        at = previous[at]
    return run[::-1]


def _match_alike(
    base: Sequence[N],
    side: Sequence[N],
    some: list[int],
    others: list[int],
    likeness: Callable[[N, N], float],
    found: dict[int, int],
) -> None:
    """The most alike first, and only in order; what is less than half alike is something else."""
    if len(some) > _MANY or len(others) > _MANY:
        return
    scores = sorted(
        (-score, abs(one - other), one, other)
        for one in some
        for other in others
        if (score := likeness(base[one], side[other])) >= ALIKE
    )
    pairs: list[tuple[int, int]] = []
    for _, _, one, other in scores:
        if all(
            (one < known) == (other < place) and one != known and other != place for known, place in pairs
        ):
            pairs.append((one, other))
    found.update(pairs)


def words_alike(one: Sequence[str], other: Sequence[str]) -> float:
    """How much two bags of words have in common, from 0 to 1."""
    mine, yours = Counter(one), Counter(other)
    total = sum(mine.values()) + sum(yours.values())
    return 2 * sum((mine & yours).values()) / total if total else 0.0
