"""The last check of a merged text, against the three texts that it was made of.

It shares nothing with the merge but the reader: of every line it counts how often the sides explain it.
    base 1, ours 1, theirs 0: nobody may see it again.    base 0, ours 1, theirs 1: once, not twice.
What fails becomes a conflict around the thing that holds the line; it is never silent.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache

from afterpush.conflicts.document.pieces import Hunk, Piece
from afterpush.roadmap.headings import headings_in
from afterpush.roadmap.keys import release_of
from afterpush.roadmap.metadata import is_key_line
from afterpush.roadmap.nodes import Lines

# Shorter lines repeat by chance (`- [ ] Tests`, `None.`).
_LONG = 18
Fault = tuple[str, str]


@lru_cache(maxsize=1 << 15)
def bare(line: str) -> str:
    """A line without what a merge may lay out again: blanks, padding, list numbers, the box, the level."""
    text = " ".join(line.replace("|", " | ").split())
    text = re.sub(r"^(\d{1,9}[.)] |[-*+] )?(\[[ xX~/-]\] )?", "", text)
    return "" if not text.strip("|-: =#") else re.sub(r"^#+ ", "# ", text)


def faults(
    texts: Sequence[Lines], pieces: Sequence[Piece], excused: Collection[str], moved: Collection[str]
) -> list[Fault]:
    """The lines that occur too often or not often enough, or under a heading that nobody gave them.

    `excused` were written by a rule, or occur twice on purpose; `moved` are where a side moved them.
    """
    written = [piece for piece in pieces if isinstance(piece, str)]
    inside = [line for piece in pieces if isinstance(piece, Hunk) for line in (*piece.ours, *piece.theirs)]
    base, ours, theirs, merged = _counts([*texts, tuple(written)], inside)
    marked = {bare(line) for line in inside}
    skipped = {bare(line) for line in excused} | marked
    found: list[Fault] = []
    places = _Places([*texts, tuple(written)])
    for line in dict.fromkeys((*base, *ours, *theirs, *merged)):
        if line in skipped:
            continue
        before, mine, yours, now = (counts[line] for counts in (base, ours, theirs, merged))
        most, least = _explained(before, mine, yours)
        if now > most and len(line) >= _LONG and not is_key_line(line) and now > places.most(line):
            found.append((line, "it would occur twice" if most else "it would be back"))
        elif now < least:
            found.append((line, "it would be lost"))
    return found + list(_misfiled(places, set(texts[0]), skipped | set(map(bare, moved))))


class _Places:
    """The heading over each line of the base, ours, theirs and the merged text; read when it is asked for."""

    def __init__(self, texts: Sequence[Lines]) -> None:
        self.texts = texts

    @cached_property
    def over(self) -> list[list[tuple[str, str | None]]]:
        """Each line with the heading over it."""
        return [_headings_over(text) for text in self.texts]

    @cached_property
    def _counts(self) -> list[dict[str, Counter[str | None]]]:
        found: list[dict[str, Counter[str | None]]] = []
        for lines in self.over:
            counts: dict[str, Counter[str | None]] = {}
            for line, title in lines:
                counts.setdefault(bare(line), Counter())[title] += 1
            found.append(counts)
        return found

    def most(self, line: str) -> int:
        """How often a line may occur, counted under each heading; what no version had before, only once."""
        base, ours, theirs = (counts.get(line, Counter()) for counts in self._counts[:3])
        if not base:
            return max(ours.total(), theirs.total())
        return sum(
            _explained(base[title], ours[title], theirs[title])[0] for title in {*base, *ours, *theirs}
        )

    def single(self, version: int) -> dict[str, str | None]:
        """The heading over each line that occurs once in a version."""
        counts = Counter(line for line, _ in self.over[version])
        return {line: title for line, title in self.over[version] if counts[line] == 1}


def _counts(texts: Sequence[Lines], inside: Sequence[str]) -> list[Counter[str]]:
    """How often each line is in each text, without those that are everywhere equally often."""
    raw = [Counter(text) for text in texts]
    first, *others = raw
    same = {line for line, count in first.items() if all(other[line] == count for other in others)}
    found: list[Counter[str]] = []
    for counts in raw:
        kept: Counter[str] = Counter()
        for line, count in counts.items():
            if line not in same and (text := bare(line)):
                kept[text] += count
        found.append(kept)
    return found


def _explained(base: int, ours: int, theirs: int) -> tuple[int, int]:
    """How often a line may occur, and must."""
    if ours == theirs:
        return ours, ours if ours >= base else max(2 * ours - base, 0)
    if not base:
        return max(ours, theirs), max(ours, theirs) if min(ours, theirs) == 0 else min(ours, theirs)
    most = max(ours + theirs - base, 0)
    return most, min(most, ours, theirs) if min(ours, theirs) else 0


def _misfiled(places: _Places, base: Collection[str], skipped: Collection[str]) -> Iterator[Fault]:
    """Lines that one side added and that now are under another heading than the one it gave them."""
    sides, merged = (places.single(1), places.single(2)), places.single(3)
    titles = set(merged.values())
    for mine, other in (sides, sides[::-1]):
        known = set(mine.values())
        for line, title in mine.items():
            text = bare(line)
            # A definition belongs to the text, wherever it is.
            if line in base or line in other or line not in merged or line.startswith("["):
                continue
            if len(text) < _LONG or text in skipped:
                continue
            now = merged[line]
            is_elsewhere = now and title and now != title and title in titles
            if now and is_elsewhere and (now in known or release_of(now.lstrip("# ").casefold())):
                yield text, f"it would be under '{now.strip('# ')}'"


def _headings_over(lines: Lines) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    title: str | None = None
    headings = {heading.start: heading for heading in headings_in(lines, 0)}
    for number, line in enumerate(lines):
        if number in headings:
            title = line.strip()
        elif line.strip():
            found.append((line, title))
    return found
