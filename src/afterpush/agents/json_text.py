"""Adding to a JSON file and taking it out again, byte by byte: what others wrote stays as it is.

Clients read JSON with comments and trailing commas. Both stay where they are:

    { "a": 1 // one          { "a": 1, // one
    }                          "ours": 2
                             }
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.infra.errors import AfterpushError

ELEMENT = "[]"
"""The last step of a path that leads to the elements of an array."""
# Atomic, since a comment ends at its first `*/`: `/**/` many times over could be parted in many ways.
_TRIVIA = re.compile(r"(?:\s|//[^\n]*+|(?>/\*.*?\*/))*+", re.DOTALL)
_SAME_LINE = re.compile(r"(?:[ \t]|(?>/\*[^\n]*?\*/))*+(?://[^\r\n]*)?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}/]+")


@dataclass(frozen=True)
class Member:
    """One member of an object, or element of an array: where it is, and the comma behind it."""

    key: str | None
    start: int
    value: "Value"
    comma: int | None


@dataclass(frozen=True)
class Value:
    """A value and its place; `members` of an object or array, `kind` is `{`, `[` or empty."""

    start: int
    end: int
    kind: str = ""
    members: tuple[Member, ...] = ()

    def member(self, key: str) -> Member | None:
        """The member of this name; of several the last, which is the one that readers take."""
        return next((one for one in reversed(self.members) if one.key == key), None)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 1 if text.startswith("\ufeff") else 0

    def skip(self) -> None:
        found = _TRIVIA.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"line {self.text.count(chr(10), 0, self.at) + 1} is no JSON")
        self.at = found.end()
        return found[0]

    def value(self, depth: int = 0) -> Value:
        self.skip()
        start, kind = self.at, self.text[self.at : self.at + 1]
        if depth > 100:
            raise ValueError("it is nested too deeply")
        if kind == '"':
            self.take(_STRING)
            return Value(start, self.at)
        if kind not in ("{", "["):
            json.loads(self.take(_SCALAR))
            return Value(start, self.at)
        self.at += 1
        members = self.members("}" if kind == "{" else "]", depth)
        return Value(start, self.at, kind, tuple(members))

    def members(self, close: str, depth: int) -> list[Member]:
        found: list[Member] = []
        while True:
            self.skip()
            if self.text[self.at : self.at + 1] == close:
                self.at += 1
                return found
            if found and found[-1].comma is None:
                raise ValueError(f"line {self.text.count(chr(10), 0, self.at) + 1} lacks a comma")
            start, key = self.at, None
            if close == "}":
                key = json.loads(self.take(_STRING))
                self.skip()
                self.take(re.compile(":"))
            value = self.value(depth + 1)
            self.skip()
            comma = self.at if self.text[self.at : self.at + 1] == "," else None
            self.at += comma is not None
            found.append(Member(key, start, value, comma))


def read(text: str) -> Value:
    """The value of a whole text. Raises ValueError naming the line."""
    reader = _Reader(text)
    found = reader.value()
    reader.skip()
    if reader.at != len(text):
        raise ValueError("something follows its end")
    return found


def plain_value(text: str, value: Value) -> Any:
    """A value as Python has it."""
    if value.kind == "{":
        return {one.key: plain_value(text, one.value) for one in value.members}
    if value.kind == "[":
        return [plain_value(text, one.value) for one in value.members]
    return json.loads(text[value.start : value.end], strict=False)


def loads(text: str) -> Any:
    """What the text says. Raises ValueError."""
    return plain_value(text, read(text))


def add(text: str, path: Sequence[str], value: Any) -> str:
    """The text with one more value: a member at the path, or an element where the path ends with `[]`.

    Objects that are missing on the way are made. Raises AfterpushError where something else is there.
    """
    if not text.strip("\ufeff \t\r\n"):
        text += "{}"
    holder, rest = _walk(text, read(text), list(path))
    for name in reversed(rest[1:]):
        value = [value] if name == ELEMENT else {name: value}
    return _inserted(text, holder, None if rest[0] == ELEMENT else rest[0], value)


def _walk(text: str, holder: Value, path: list[str]) -> tuple[Value, list[str]]:
    """As far as the path is there: the last container on it, and what is left of the path."""
    while True:
        expected = "[" if path[0] == ELEMENT else "{"
        if holder.kind != expected:
            line = text.count("\n", 0, holder.start) + 1
            raise AfterpushError(
                f"line {line} has no {'list' if expected == '[' else 'object'}; correct it by hand"
            )
        found = holder.member(path[0]) if path[0] != ELEMENT else None
        if found is None or len(path) == 1:
            return holder, path
        holder, path = found.value, path[1:]


def _inserted(text: str, holder: Value, key: str | None, value: Any) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    step = _step(text)
    is_open = not holder.members or "\n" in text[holder.start : holder.members[0].start]
    outer = _indent(text, holder.start)
    inner = _indent(text, holder.members[0].start) if holder.members and is_open else outer + step
    dumped = json.dumps(value, indent=step if is_open else None, ensure_ascii=False)
    ours = (f"{json.dumps(key)}: " if key is not None else "") + dumped.replace("\n", newline + inner)
    space = newline + inner if is_open else " "
    if not holder.members:
        inside = text[holder.start + 1 : holder.end - 1]
        if "\n" in inside or inside.strip():
            return text[: holder.start + 1] + space + ours + text[holder.start + 1 :]
        close = text[holder.end - 1]
        return text[: holder.start + 1] + space + ours + newline + outer + close + text[holder.end :]
    last = holder.members[-1]
    comma = last.comma
    end = last.value.end if comma is None else comma + 1
    # Behind the comment that belongs to the last member.
    behind = _SAME_LINE.match(text, end)
    place = end + len(behind[0].rstrip(" \t")) if behind and is_open else end
    added = space + ours + ("," if comma is not None else "")
    return text[:end] + ("," if comma is None else "") + text[end:place] + added + text[place:]


def _step(text: str) -> str:
    found = re.search(r"\n([ \t]+)[\"\[{]", text)
    return found[1] if found else "  "


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def remove(text: str, path: Sequence[str], is_ours: Callable[[Any], bool]) -> str:
    """The text without the members or elements at the path that are ours; empty objects on the way stay."""
    holder = read(text)
    for name in path[:-1]:
        member = holder.member(name)
        if member is None:
            return text
        holder = member.value
    wanted = holder.members if holder.kind else ()
    ours = {
        number
        for number, member in enumerate(wanted)
        if path[-1] in (ELEMENT, member.key) and is_ours(plain_value(text, member.value))
    }
    kept, at = [], 0
    for begin, end in sorted(_cuts(text, holder, ours)):
        kept.append(text[at:begin])
        at = end
    return "".join([*kept, text[at:]])


def _cuts(text: str, holder: Value, ours: set[int]) -> Iterator[tuple[int, int]]:
    """What goes with members: a comma behind each, or of the last one that before it.

    [ 1, ours, 2, ours ]   ->   [ 1, 2 ]        both commas beside the second one are not ours to leave
    """
    for number in ours:
        member = holder.members[number]
        begin, end = _without_space(text, member.start), member.value.end
        if member.comma is not None:
            yield begin, member.comma + 1
            continue
        before = next((one for one in range(number - 1, -1, -1) if one not in ours), None)
        if before is None:
            is_empty = not text[end : holder.end - 1].strip()
            yield begin, holder.end - 1 if is_empty else end
            continue
        comma = holder.members[before].comma
        assert comma is not None
        yield comma, comma + 1
        yield begin, end


def _without_space(text: str, at: int) -> int:
    while at and text[at - 1] in " \t\r\n":
        at -= 1
    return at
