"""The last check of a merged text, against the three texts that it was made of.

It shares nothing with the merge but the reader: of every line it counts how often the sides explain it.
    base 1, ours 1, theirs 0: nobody may see it again.    base 0, ours 1, theirs 1: once, not twice.
What fails becomes a conflict around the thing that holds the line; it is never silent.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from afterpush.conflicts.document.headings import headings_in
from afterpush.conflicts.document.nodes import Lines
from afterpush.conflicts.document.own_text import Hunk, Piece
from afterpush.conflicts.kinds.keys import release_of

# Shorter lines repeat by chance (`- [ ] Tests`, `None.`).
_LONG = 18
Fault = tuple[str, str]


@lru_cache(maxsize=1 << 15)
def bare(line: str) -> str:
    """A line without what a merge may lay out anew: blanks, padding, list numbers, the box, the level."""
    text = " ".join(line.replace("|", " | ").split())
    text = re.sub(r"^(\d{1,9}[.)] |[-*+] )?(\[[ xX~/-]\] )?", "", text)
    return "" if not text.strip("|-: =#") else re.sub(r"^#+ ", "# ", text)


def faults(texts: Sequence[Lines], pieces: Sequence[Piece], excused: Collection[str]) -> list[Fault]:
    """The lines that stand too often or not often enough, or under a heading that nobody gave them."""
    written = [piece for piece in pieces if isinstance(piece, str)]
    inside = [line for piece in pieces if isinstance(piece, Hunk) for line in (*piece.ours, *piece.theirs)]
    base, ours, theirs, merged = _counts([*texts, tuple(written)], inside)
    marked = {bare(line) for line in inside}
    skipped = {bare(line) for line in excused} | marked
    found: list[Fault] = []
    for line in dict.fromkeys((*base, *ours, *theirs, *merged)):
        if line in skipped:
            continue
        before, mine, yours, now = (counts[line] for counts in (base, ours, theirs, merged))
        most, least = _explained(before, mine, yours)
        if now > most and len(line) >= _LONG:
            found.append((line, "it would stand twice" if most else "it would be back"))
        elif now < least:
            found.append((line, "it would be lost"))
    return found + list(_misfiled(texts, written, skipped))


def _counts(texts: Sequence[Lines], inside: Sequence[str]) -> list[Counter[str]]:
    """How often each line stands in each text, without those that stand everywhere equally often."""
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
    """How often a line may stand, and must."""
    if ours == theirs:
        return ours, ours
    if not base:
        return max(ours, theirs), max(ours, theirs) if min(ours, theirs) == 0 else min(ours, theirs)
    most = max(ours + theirs - base, 0)
    return most, min(most, ours, theirs) if min(ours, theirs) else 0


def _misfiled(texts: Sequence[Lines], written: Sequence[str], skipped: Collection[str]) -> Iterator[Fault]:
    """Lines that one side added and that now stand under another heading than the one it gave them."""
    base = set(texts[0])
    places = [_headings_over(text) for text in (*texts[1:], tuple(written))]
    titles = {title for title in places[2].values() if title}
    for side, other in ((0, 1), (1, 0)):
        for line, title in places[side].items():
            text = bare(line)
            if line in base or line in places[other] or len(text) < _LONG or text in skipped:
                continue
            now = places[2].get(line)
            if now is None or title is None or now == title or title not in titles:
                continue
            if now in places[side].values() or release_of(now.lstrip("# ").casefold()):
                yield text, f"it would stand under '{now.strip('# ')}'"


def _headings_over(lines: Lines) -> dict[str, str | None]:
    """The heading over each line that stands once."""
    found: dict[str, str | None] = {}
    twice: set[str] = set()
    title: str | None = None
    headings = {heading.start: heading for heading in headings_in(lines, 0)}
    for number, line in enumerate(lines):
        if number in headings:
            title = line.strip()
            continue
        if line in found:
            twice.add(line)
        found[line] = title
    return {line: title for line, title in found.items() if line not in twice}
