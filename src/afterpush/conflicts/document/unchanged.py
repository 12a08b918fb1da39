"""Long stretches that are the same in all three versions, each as one line, so that large texts merge fast.

The line that holds a stretch's place is of the kind that the stretch is made of: whole sections become one
heading, items one item, rows one row. The merge works on the short texts; afterwards the lines come back.

    ## 1.3.0 ... ## 1.2.0 ... ## 1.1.0 ...    ->    ## (the stretch), and the same in the other two versions
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from afterpush.conflicts.document.align import align
from afterpush.roadmap.headings import headings_in
from afterpush.roadmap.nodes import Lines
from afterpush.roadmap.tables import is_delimiter, split_cells

# Shorter texts gain nothing.
_LEAST_LINES, _LEAST_STRETCH = 150, 24
# So many neighbours stay on either side: they tell the order, the gaps and the alphabet of a list.
_KEPT = 3
_ITEM = re.compile(r"[-*+] ")
_VERBATIM = re.compile(r"```|~~~|^\s*<")


# The first line that is taken out, the line after the last, and the pattern of what holds the place.
Stretch = tuple[int, int, str]


@dataclass(frozen=True)
class Shortened:
    """Three texts with the stretches taken out, and what each placeholder stands for."""

    texts: list[Lines]
    stretches: dict[str, Lines] = field(default_factory=dict)

    def restored(self, lines: Sequence[str]) -> list[str] | None:
        """Lines with the stretches back in their places; None when one is not there exactly once."""
        found: list[str] = []
        left = set(self.stretches)
        for line in lines:
            stretch = self.stretches.get(line)
            if stretch is None:
                found.append(line)
            elif line in left:
                left.remove(line)
                found += stretch
            else:
                return None
        return None if left or any("\0" in line for line in found) else found

    def has(self, text: str) -> bool:
        """Whether a text is in one of the stretches."""
        return any(text in line for lines in self.stretches.values() for line in lines)


def shortened(base: Lines, ours: Lines, theirs: Lines) -> Shortened:
    """The three texts without what they share in long stretches."""
    if min(len(base), len(ours), len(theirs)) < _LEAST_LINES:
        return Shortened([base, ours, theirs])
    headings = [(heading.start, heading.level) for heading in headings_in(base, 0)]

    def stretches(start: int, end: int) -> Iterator[Stretch]:
        inside = [(at, level) for at, level in headings if start <= at < end]
        return _stretches(base, start, end, inside)

    return _without_runs((base, ours, theirs), stretches)


def shortened_lines(base: Lines, ours: Lines, theirs: Lines) -> Shortened:
    """The same for texts in which every line is a thing of its own, such as JSON lines."""
    return _without_runs((base, ours, theirs), lambda start, end: [(start, end, "\0")])


def _without_runs(
    texts: tuple[Lines, Lines, Lines], stretches: Callable[[int, int], Iterable[Stretch]]
) -> Shortened:
    """The texts without the stretches of each run that all three share."""
    base, ours, theirs = texts
    mine, yours = dict(align(base, ours)), dict(align(base, theirs))
    taken = [stretch for run in _runs(base, mine, yours) for stretch in stretches(*run)]
    found = [(low, high, sign.replace("\0", f"\0{at}\0")) for at, (low, high, sign) in enumerate(taken)]
    places = [{low: low for low, *_ in found}, mine, yours]
    short = [_cut(text, known, found) for text, known in zip(texts, places, strict=True)]
    return Shortened(short, {mark: base[low:high] for low, high, mark in found})


def _runs(base: Lines, mine: dict[int, int], yours: dict[int, int]) -> Iterator[tuple[int, int]]:
    """The stretches of the base that are in one piece in both other versions."""
    start = 0
    for place in range(1, len(base) + 1):
        before = place - 1
        goes_on = (
            place < len(base)
            and mine.get(place, -1) == mine.get(before, -2) + 1
            and yours.get(place, -1) == yours.get(before, -2) + 1
        )
        if not goes_on:
            if place - start >= _LEAST_STRETCH and start in mine and start in yours:
                yield start, place
            start = place


def _stretches(base: Lines, start: int, end: int, headings: Sequence[tuple[int, int]]) -> Iterator[Stretch]:
    """What can be taken out of a run: sections of its topmost level, else items, else rows."""
    if headings:
        top = min(level for _, level in headings)
        begins = [at for at, level in headings if level == top]
        if len(begins) > 2 * _KEPT:
            yield begins[_KEPT], begins[-_KEPT], f"{'#' * top} \0"
            return
        bounds = [start, *(at + 2 for at, _ in headings), end]
        for low, high in zip(bounds, [at for at, _ in headings] + [end], strict=False):
            yield from _stretches(base, low, high, ())
        return
    lines = base[start:end]
    if end - start < _LEAST_STRETCH or any(map(_VERBATIM.search, lines)):
        return
    begins = [start + at for at, line in enumerate(lines) if _ITEM.match(line)]
    if len(begins) > 3 * _KEPT and not any(line.startswith("|") for line in lines):
        yield begins[_KEPT], begins[-_KEPT], f"{base[begins[_KEPT]][0]} \0"
    elif all(line.startswith("|") and not is_delimiter(line) for line in lines):
        low, high = start + _KEPT, end - _KEPT
        cells = len(split_cells(base[low]))
        if len({len(line) for line in lines}) > 1 and all(
            len(split_cells(line)) == cells for line in lines[:40]
        ):
            yield low, high, "| \0 |" + " |" * (cells - 1)


def _cut(text: Lines, places: dict[int, int], found: Sequence[Stretch]) -> Lines:
    kept: list[str] = []
    at = 0
    for low, high, mark in found:
        start = places[low]
        kept += text[at:start]
        kept.append(mark)
        at = start + high - low
    return (*kept, *text[at:])
