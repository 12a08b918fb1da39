"""JSON (RFC 8259) read with the exact text of every part."""

import json
import re
from typing import Any

from afterpush.conflicts.records.structure import Container, Entry, Scalar, UndecidedError, Value

_BLANKS = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_OTHER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
# Deeper nesting than this is no data that people edit.
_DEEPEST = 100


def read_json(text: str) -> tuple[str, Value, str]:
    """The blanks before a value, the value, the blanks behind it. Raises UndecidedError for no JSON."""
    start = _end_of_blanks(text, 0)
    value, end = _value(text, start, 0)
    rest = _end_of_blanks(text, end)
    if rest != len(text):
        raise UndecidedError(f"it is no JSON (line {text.count(chr(10), 0, rest) + 1})")
    return text[:start], value, text[end:]


def _end_of_blanks(text: str, start: int) -> int:
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def _value(text: str, start: int, depth: int) -> tuple[Value, int]:
    if text[start : start + 1] in ("{", "[") and depth < _DEEPEST:
        return _container(text, start, depth)
    found = _STRING.match(text, start) or _OTHER.match(text, start)
    if not found:
        raise UndecidedError(f"it is no JSON (line {text.count(chr(10), 0, start) + 1})")
    return Scalar(found[0], _scalar(found[0])), found.end()


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UndecidedError(f"it is no JSON ({error})") from error


def _container(text: str, start: int, depth: int) -> tuple[Container, int]:
    is_array = text[start] == "["
    closing = "]" if is_array else "}"
    entries: list[Entry] = []
    keys: set[str] = set()
    at = start + 1
    while True:
        begin, at = at, _end_of_blanks(text, at)
        lead = text[begin:at]
        if text[at : at + 1] == closing and not entries:
            return Container(is_array, text[start], (), lead, closing), at + 1
        key, head = "", ""
        if not is_array:
            found = _STRING.match(text, at)
            colon = _end_of_blanks(text, found.end()) if found else at
            if not found or text[colon : colon + 1] != ":":
                raise UndecidedError(f"it is no JSON (line {text.count(chr(10), 0, at) + 1})")
            value_at = _end_of_blanks(text, colon + 1)
            key, head, at = _scalar(found[0]), text[at:value_at], value_at
            if key in keys:
                raise UndecidedError(f"the key {key!r} occurs twice in one object")
            keys.add(key)
        value, at = _value(text, at, depth + 1)
        begin, at = at, _end_of_blanks(text, at)
        sign = text[at : at + 1]
        if sign == closing:
            entries.append(Entry(key, lead, head, value))
            return Container(is_array, text[start], tuple(entries), text[begin:at], closing), at + 1
        if sign != ",":
            raise UndecidedError(f"it is no JSON (line {text.count(chr(10), 0, at) + 1})")
        entries.append(Entry(key, lead, head, value, text[begin:at]))
        at += 1
