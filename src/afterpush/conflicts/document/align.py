"""Sequences laid beside each other: the longest common runs, and the three-way merge of lines or words."""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Pairs = list[tuple[int, int]]
# Above this many pairs a quadratic comparison costs too much; unique elements alone decide then.
_MOST_PAIRS = 250_000


def align(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """Pairs of places with equal elements, in the order of both.

    What both begin and end with, then what occurs once in each (patience: the longest rising run of them),
    then the same again between two such pairs:  a b c  and  a c b c  give (0,0) (1,2) (2,3).
    """
    found: Pairs = []
    spans = [(0, len(one), 0, len(other))]
    while spans:
        low, high, start, end = spans.pop()
        while low < high and start < end and one[low] == other[start]:
            found.append((low, start))
            low, start = low + 1, start + 1
        while low < high and start < end and one[high - 1] == other[end - 1]:
            high, end = high - 1, end - 1
            found.append((high, end))
        if low < high and start < end:
            anchors = _anchors(one, other, low, high, start, end)
            for (left, top), (right, bottom) in zip(
                [(low - 1, start - 1), *anchors], [*anchors, (high, end)], strict=True
            ):
                if anchors and left + 1 < right and top + 1 < bottom:
                    spans.append((left + 1, right, top + 1, bottom))
            found += anchors or _common(one, other, low, high, start, end)
    return _late(sorted(found), one, other)


def _late(pairs: Pairs, one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """The same pairs with what is only in one sequence as late as its repetitions allow, as git has it.

    a b  and  a b b:  (0,0) (1,2) says that a b was put before the b; (0,0) (1,1) that it was put behind.
    """
    found: Pairs = []
    left, right = -1, -1
    for place, at in pairs:
        if place == left + 1 and at > right + 1 and other[right + 1] == other[at]:
            at = right + 1
        elif at == right + 1 and place > left + 1 and one[left + 1] == one[place]:
            place = left + 1
        found.append((place, at))
        left, right = place, at
    return found


def _anchors(
    one: Sequence[Hashable], other: Sequence[Hashable], low: int, high: int, start: int, end: int
) -> Pairs:
    """What occurs once in each of two spans, as the longest run that rises in both."""
    mine, yours = _single(one, low, high), _single(other, start, end)
    pairs = [(place, yours[element]) for element, place in mine.items() if element in yours]
    return [pairs[place] for place in rising([place for _, place in pairs])]


def _single(elements: Sequence[Hashable], low: int, high: int) -> dict[Hashable, int]:
    places: dict[Hashable, int] = {}
    for place in range(low, high):
        places[elements[place]] = -1 if elements[place] in places else place
    return {element: place for element, place in places.items() if place >= 0}


def _common(
    one: Sequence[Hashable], other: Sequence[Hashable], low: int, high: int, start: int, end: int
) -> Pairs:
    if (high - low) * (end - start) > _MOST_PAIRS:
        return []
    matcher = SequenceMatcher(None, one[low:high], other[start:end], autojunk=False)
    return [
        (low + block.a + step, start + block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    ]


def rising(values: Sequence[int]) -> list[int]:
    """The places of the longest rising run: [2, 0, 1, 3] gives [1, 2, 3]."""
    ends: list[int] = []
    tops: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        at = bisect_left(ends, value)
        before.append(tops[at - 1] if at else -1)
        if at == len(ends):
            ends.append(value)
            tops.append(place)
        else:
            ends[at], tops[at] = value, place
    run: list[int] = []
    place = tops[-1] if tops else -1
    while place >= 0:
        run.append(place)
        place = before[place]
    return run[::-1]


@dataclass(frozen=True)
class Chunk:
    """A stretch of three sequences; `is_open` when both sides changed it, each in its own way."""

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return self.ours not in (self.base, self.theirs) and self.theirs != self.base

    @property
    def merged(self) -> tuple[str, ...]:
        """The three-way answer of a chunk that is not open."""
        return self.theirs if self.ours == self.base else self.ours


def chunks(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    """The three-way merge: stretches that all three share, and between them what was changed."""
    mine, yours = dict(align(base, ours)), dict(align(base, theirs))
    b = o = t = 0
    for place in [*(place for place in range(len(base)) if place in mine and place in yours), len(base)]:
        is_end = place == len(base)
        right, bottom = (len(ours), len(theirs)) if is_end else (mine[place], yours[place])
        if place > b or right > o or bottom > t:
            yield Chunk(tuple(base[b:place]), tuple(ours[o:right]), tuple(theirs[t:bottom]))
        if not is_end:
            yield Chunk((base[place],), (ours[right],), (theirs[bottom],))
        b, o, t = place + 1, right + 1, bottom + 1
