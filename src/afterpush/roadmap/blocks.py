"""A document's lines as blocks: headings, tables, lists, key lines, fences, comments, prose.

What looks like a heading or a table inside a fence, a comment or the front matter is inert. Every line
belongs to exactly one block, blank lines to the gap before the next one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache

from afterpush.roadmap.tables import is_delimiter

Lines = tuple[str, ...]


class BlockKind(Enum):
    """What a block is."""

    FRONT_MATTER = "front matter"
    COMMENT = "comment"
    FENCE = "fence"
    RULE = "rule"
    HEADING = "heading"
    TABLE = "table"
    LIST = "list"
    KEY = "key"
    QUOTE = "quote"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True)
class Block:
    """Some lines that belong together, and the blank lines before them."""

    kind: BlockKind
    gap: Lines
    lines: Lines
    # The number of the first line after the gap, counted from 0.
    number: int

    @cached_property
    def level(self) -> int:
        """Of a heading: 1 to 6."""
        return len(self.lines[0]) - len(self.lines[0].lstrip(" ").lstrip("#")) - _indent(self.lines[0])

    @cached_property
    def text(self) -> str:
        """Of a heading: what it says, without the number signs."""
        found = _HEADING.match(self.lines[0])
        return found[2].strip() if found else self.lines[0].strip()


_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|\r?$)[ \t]*(.*?)(?:[ \t]#+)?[ \t]*\r?$")
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\r?$")
ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])(?:([ \t]+)(.*)|\r?$)")
_BOLD_KEY = re.compile(r"\*\*[^*\s:|][^*:|]{0,48}(?::\*\*|\*\*[ \t]?:)")
_PLAIN_KEY = re.compile(
    r"(?:status|priority|estimate|effort|module|dependencies|depends on|prompt|owner|assignee|version|"
    r"last updated|task id|agent|started|completed|branch)[ \t]*:[ \t]",
    re.I,
)


def scan(lines: Sequence[str]) -> tuple[list[Block], Lines]:
    """The blocks of a text, and the blank lines after the last one."""
    return _Scanner(lines).scan()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def is_key_line(line: str) -> bool:
    """Whether the line begins with a key in bold, or with one of the well-known keys: `**Status:** ready`."""
    text = line.lstrip(" ")
    return (text.startswith("**") and _BOLD_KEY.match(text) is not None) or (
        text[:1].isalpha() and _PLAIN_KEY.match(text) is not None
    )


def fence_end(lines: Sequence[str], start: int) -> int:
    """The number of the line after a fence that opens at `start`; without an end it reaches to the last."""
    opened = _FENCE.match(lines[start])
    if opened is None:
        return start
    mark = opened[1]
    for number in range(start + 1, len(lines)):
        text = lines[number].strip()
        if len(text) >= len(mark) and text == mark[0] * len(text):
            return number + 1
    return len(lines)


def is_fence(line: str) -> bool:
    """Whether a code fence opens here."""
    return ("```" in line or "~~~" in line) and _FENCE.match(line) is not None


# The versions of a document that are merged share nearly all of their lines.
@lru_cache(maxsize=1 << 16)
def _kind(line: str, following: str) -> BlockKind:
    text = line.lstrip(" \t")
    first, is_deep = text[:1], len(line) - len(text) > 3 or line.startswith("\t")
    if first in "`~" and is_fence(line):
        return BlockKind.FENCE
    if is_deep and ITEM.match(line) is None:
        return BlockKind.PARAGRAPH
    if first == "#" and _HEADING.match(line):
        return BlockKind.HEADING
    if first == "<" and text.startswith("<!--"):
        return BlockKind.COMMENT
    if first == ">":
        return BlockKind.QUOTE
    if first in "-*_" and _RULE.match(line):
        return BlockKind.RULE
    if "|" in line and is_delimiter(following):
        return BlockKind.TABLE
    if is_key_line(line):
        return BlockKind.KEY
    return BlockKind.LIST if ITEM.match(line) else BlockKind.PARAGRAPH


class _Scanner:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.blocks: list[Block] = []

    def scan(self) -> tuple[list[Block], Lines]:
        number = begun = 0
        while True:
            while number < len(self.lines) and not self.lines[number].strip():
                number += 1
            if number == len(self.lines):
                return self.blocks, tuple(self.lines[begun:])
            kind, end = self.block_at(number)
            gap = tuple(self.lines[begun:number])
            self.blocks.append(Block(kind, gap, tuple(self.lines[number:end]), number))
            number = begun = end

    def block_at(self, number: int) -> tuple[BlockKind, int]:
        """The kind of the block that begins here, and the number of the line after it."""
        line = self.lines[number]
        if number == 0 and line.strip() == "---" and (end := self.front_matter_end()):
            return BlockKind.FRONT_MATTER, end
        kind = self.kind_at(number)
        match kind:
            case BlockKind.FENCE:
                return kind, fence_end(self.lines, number)
            case BlockKind.COMMENT:
                return kind, self.comment_end(number)
            case BlockKind.TABLE:
                return kind, self.table_end(number)
            case BlockKind.LIST:
                return kind, self.list_end(number)
            case BlockKind.QUOTE | BlockKind.PARAGRAPH:
                return kind, self.run_end(number, kind)
        return kind, number + 1

    def kind_at(self, number: int) -> BlockKind:
        """The kind of block that would begin at this line."""
        following = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        return _kind(self.lines[number], following)

    def front_matter_end(self) -> int:
        """The line after the front matter that begins the text, or 0 when there is none."""
        if len(self.lines) < 2 or not re.match(r"[\w\"'#-][^:]*:|#", self.lines[1]):
            return 0
        ends = (number for number, line in enumerate(self.lines[1:], 2) if line.strip() in ("---", "..."))
        return next(ends, 0)

    def comment_end(self, number: int) -> int:
        for end in range(number, len(self.lines)):
            start = self.lines[end].find("<!--") + 4 if end == number else 0
            if "-->" in self.lines[end][start:]:
                return end + 1
        return len(self.lines)

    def table_end(self, number: int) -> int:
        end = number + 2
        while end < len(self.lines) and "|" in self.lines[end] and self.goes_on(end):
            end += 1
        return end

    def goes_on(self, number: int) -> bool:
        """Whether a table may go on with this line: it is not blank and begins nothing else."""
        return bool(self.lines[number].strip()) and self.kind_at(number) in (
            BlockKind.PARAGRAPH,
            BlockKind.QUOTE,
        )

    def run_end(self, number: int, kind: BlockKind) -> int:
        end = number + 1
        while end < len(self.lines) and self.lines[end].strip() and self.kind_at(end) is kind:
            end += 1
        return end

    def list_end(self, number: int) -> int:
        """A list goes on over blank lines when an item or a deeper line follows them."""
        base, end = _indent(self.lines[number]), number + 1
        while end < len(self.lines):
            follows = end
            while follows < len(self.lines) and not self.lines[follows].strip():
                follows += 1
            if follows == len(self.lines) or not self.belongs(follows, base, is_apart=follows > end):
                return end
            end = fence_end(self.lines, follows) if is_fence(self.lines[follows]) else follows + 1
        return end

    def belongs(self, number: int, base: int, *, is_apart: bool) -> bool:
        """Whether a line goes on with a list whose items stand at column `base`."""
        line = self.lines[number]
        kind = self.kind_at(number)
        if kind is BlockKind.LIST or (_indent(line) > base and kind is not BlockKind.HEADING):
            return True
        return kind is BlockKind.PARAGRAPH and not is_apart
