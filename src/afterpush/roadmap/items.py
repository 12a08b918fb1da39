"""Lists as items: the mark, the checkbox, and everything that is indented below."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.roadmap.blocks import ITEM, Lines, fence_end, is_fence

_CHECKBOX = re.compile(r"\[([ xX~/-])\](?=[ \t]|\r?$)")


@dataclass(frozen=True)
class Item:
    """One item of a list with the blank lines before it; `lines` are its own and those below it."""

    gap: Lines
    lines: Lines

    @cached_property
    def _parts(self) -> tuple[str, str, str]:
        found = ITEM.match(self.lines[0])
        if found is None:
            return "", "", self.lines[0].strip()
        text = found[4] or ""
        box = _CHECKBOX.match(text)
        mark = found[1] + found[2] + (found[3] or "")
        return (mark, box[0], text[box.end() :].strip()) if box else (mark, "", text.strip())

    @property
    def mark(self) -> str:
        """The bullet or number with the blanks around it."""
        return self._parts[0]

    @property
    def number(self) -> int | None:
        """Of an item in a numbered list: its number."""
        digits = self.mark.strip().rstrip(".)")
        return int(digits) if digits.isdigit() else None

    @property
    def checkbox(self) -> str:
        """The character in the checkbox; empty without one."""
        return self._parts[1][1:2]

    @property
    def text(self) -> str:
        """What the first line says, without mark and checkbox."""
        return self._parts[2]

    @property
    def below(self) -> Lines:
        """The lines after the first."""
        return self.lines[1:]


def read_items(lines: Sequence[str]) -> list[Item]:
    """The items of a list's lines, in which the first one begins an item."""
    base = len(lines[0]) - len(lines[0].lstrip(" \t"))
    starts, number = [], 0
    while number < len(lines):
        found = ITEM.match(lines[number])
        if found and len(found[1]) <= base + 1:
            starts.append(number)
        number = fence_end(lines, number) if is_fence(lines[number]) else number + 1
    items, gap_start = [], 0
    for start, following in zip(starts, [*starts[1:], len(lines)], strict=True):
        end = following
        while end > start + 1 and not lines[end - 1].strip():
            end -= 1
        items.append(Item(tuple(lines[gap_start:start]), tuple(lines[start:end])))
        gap_start = end
    return items
