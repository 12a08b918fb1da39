"""Markdown tables: rows as cells, and the cells' padding kept apart from what they say."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

_DELIMITER = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\r?")
_EMPTY = re.compile(
    r"[\s*_()\-–—.]*|[\s*_(]*(?:none|n/?a|tbd|tba|unassigned|empty|no active sessions?)[\s*_).]*", re.I
)


def is_delimiter(line: str) -> bool:
    """Whether this is the line of dashes below a table's header."""
    return "-" in line and "|" in line and _DELIMITER.fullmatch(line) is not None


def split_cells(line: str) -> tuple[str, ...]:
    """The cells of a row with their padding; an escaped pipe parts none (GFM: not even in a code span)."""
    text = line.strip()
    start = 1 if text.startswith("|") else 0
    if "\\" not in text and "`" not in text:
        cells = text[start:].split("|")
    else:
        cells = _careful_split(text[start:])
    if len(cells) > 1 and text.endswith("|") and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _careful_split(text: str) -> list[str]:
    cells, begun = [], 0
    for found in re.finditer(r"\\.|\|", text):
        if found[0] == "|":
            cells.append(text[begun : found.start()])
            begun = found.end()
    cells.append(text[begun:])
    return cells


def is_empty_value(text: str) -> bool:
    """Whether a value stands for nothing yet: empty, a dash, TBD, none."""
    return _EMPTY.fullmatch(text) is not None


def normal(text: str) -> str:
    """A text with its runs of blanks as one."""
    return " ".join(text.split())


def column_key(name: str) -> str:
    """A column's or a key's name for comparison: without emphasis and case."""
    return normal(re.sub(r"[*_`#:]", " ", name)).lower() or normal(name).lower()


def display_width(text: str) -> int:
    """How many columns of a terminal the text takes, as table formatters count."""
    if text.isascii():
        return len(text)
    width, previous = 0, ""
    for character in text:
        if character == "\ufe0f":
            width += 0 if _is_wide(previous) or not previous else 1
        elif not (unicodedata.combining(character) or character in "\u200b\u200c\u200d\ufe0e"):
            width += 2 if _is_wide(character) else 1
        previous = character
    return width


def _is_wide(character: str) -> bool:
    return bool(character) and unicodedata.east_asian_width(character) in "WF"


@lru_cache(maxsize=1 << 15)
def said_cells(line: str) -> tuple[str, ...]:
    """What the cells of a row say, without padding. (Versions of a document share most of their rows.)"""
    return tuple(normal(cell) for cell in split_cells(line))


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    line: str

    @cached_property
    def raw_cells(self) -> tuple[str, ...]:
        return split_cells(self.line)

    @property
    def cells(self) -> tuple[str, ...]:
        """What the cells say, without padding."""
        return said_cells(self.line)


@dataclass(frozen=True)
class Table:
    """A header, its line of dashes, and the rows below."""

    header: Row
    delimiter: str
    rows: tuple[Row, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns' names for comparison."""
        return tuple(column_key(cell) for cell in self.header.cells)

    def column(self, *names: str) -> int | None:
        """The place of the first of these columns that the table has."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)
