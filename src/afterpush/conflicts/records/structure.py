"""Objects and arrays of JSON and YAML merged by their members, in the bytes that the sides wrote.

A container is its entries with the exact text around each; a merged one is put together of entries as they
are in a version, so that comments, layout, key order and the spelling of numbers stay as they are.
"""

from dataclasses import dataclass
from typing import Any


class UndecidedError(Exception):
    """No rule decides, or a text is not read as what it should be: git's merge of the lines is the answer."""


class ChangedAndDeletedError(UndecidedError):
    """One side deleted what the other changed: git's merge of the lines would keep it where it was moved."""


@dataclass(frozen=True)
class Scalar:
    """A value without parts, as it is written and as it is read."""

    text: str
    value: Any


@dataclass(frozen=True)
class Entry:
    """A member or an element: `lead` and `head` before its value, `tail` up to the separator."""

    key: str
    lead: str
    head: str
    value: "Value"
    tail: str = ""


@dataclass(frozen=True)
class Container:
    """An object or an array: `end` is what is between the last entry and the closing sign."""

    is_array: bool
    opening: str
    entries: tuple[Entry, ...]
    end: str
    closing: str
    separator: str = ","

    @property
    def text(self) -> str:
        parts = [f"{entry.lead}{entry.head}{entry.value.text}{entry.tail}" for entry in self.entries]
        return f"{self.opening}{self.separator.join(parts)}{self.end}{self.closing}"

    @property
    def value(self) -> Any:
        if self.is_array:
            return [entry.value.value for entry in self.entries]
        return {entry.key: entry.value.value for entry in self.entries}


Value = Scalar | Container
