"""Writing values into one block of YAML text: where they are, or where a new line can begin."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from afterpush.appspec.yaml_tree import Kind, Node, plain, same

Value = int | str
_ORDER = (
    "http_path port initial_delay_seconds period_seconds timeout_seconds success_threshold failure_threshold"
).split()
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._~-]*")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_REST_OF_LINE = re.compile("[ \t]*(?:#[^\n\r\x85\u2028\u2029]*)?(?=[\n\r\x85\u2028\u2029]|\\Z)")

_COMMA_AND_REST = re.compile(rf"[ \t]*+(?P<comma>,?){_REST_OF_LINE.pattern}")


@dataclass(frozen=True)
class Splice:
    """Characters start to end of the text give way to `new`."""

    start: int
    end: int
    new: str


class CannotEdit(Exception):
    """Why the block cannot be changed at its place: a clause for a message."""


class YamlEditor:
    """Knows the text, the component's mapping and the block in it; writes splices."""

    def __init__(self, text: str, component: Node, block: str) -> None:
        self._text = text
        self._component = component
        self._block = block
        self._pair = next((pair for pair in component.own_pairs() if pair[0].raw.lower() == block), None)

    def write(self, values: Mapping[str, Value], drop: Collection[str]) -> list[Splice]:
        if self._pair is None:
            return self._new_entries(self._component, {self._block: self._whole(values, drop)})
        node = self._pair[1]
        if node.kind is Kind.MAPPING and node.pairs:
            return self._into_mapping(node, values, drop)
        if not node.is_mapping and not node.is_null:
            raise CannotEdit("it is no mapping")
        return self._fill(node, self._whole(values, drop))

    def _whole(self, values: Mapping[str, Value], drop: Collection[str]) -> dict[str, Any]:
        """Everything that the block will say, for where it has to be written out in full."""
        inherited = self._component.get(self._block)
        said = plain(inherited) if inherited and inherited.is_mapping else {}
        return _ordered({key: value for key, value in said.items() if key not in drop} | dict(values))

    def _into_mapping(self, node: Node, values: Mapping[str, Value], drop: Collection[str]) -> list[Splice]:
        own = {key.raw.lower(): (key, value) for key, value in node.own_pairs()}
        inherited = {key: value for key, (_, value) in node.entries().items()}
        splices: list[Splice] = []
        missing: dict[str, Value] = {}
        rename = "path" in drop and "path" in own and "http_path" in values and "http_path" not in own
        for key, value in _ordered(values).items():
            if key in own:
                splices += self._replace(own[key][1], value)
            elif key == "http_path" and rename:
                old, said = own["path"]
                splices.append(Splice(old.start, old.end, _quoted(key, old.style)))
                splices += self._replace(said, value)
            elif key not in inherited or not same(plain(inherited[key]), value):
                missing[key] = value
        for key in drop:
            if key in own and not (key == "path" and rename):
                splices.append(self._remove(node, *own[key]))
        return splices + self._new_entries(node, missing)

    def _replace(self, node: Node, value: Value) -> list[Splice]:
        if node.kind is not Kind.ALIAS and same(plain(node), value):
            return []
        if node.kind is not Kind.ALIAS and node.kind is not Kind.SCALAR:
            raise CannotEdit(f"line {node.line} holds no single value")
        if node.style in ("|", ">"):
            raise CannotEdit(f"line {node.line} holds a block of text")
        space = " " if node.start == node.end else ""
        return [Splice(node.start, node.end, space + _scalar(value, node.style))]

    def _remove(self, mapping: Node, key: Node, value: Node) -> Splice:
        pairs = mapping.pairs
        place = next(index for index, pair in enumerate(pairs) if pair[0] is key)
        if mapping.flow:
            if place + 1 < len(pairs):
                return Splice(key.start, pairs[place + 1][0].start, "")
            return Splice(pairs[place - 1][1].end if place else key.start, value.end, "")
        start = self._line_start(key.start)
        rest = _REST_OF_LINE.match(self._text, value.content_end())
        if self._text[start : key.start].strip(" ") or not rest:
            raise CannotEdit(f"line {key.line} holds more than the key {key.raw}")
        following = _BREAK.match(self._text, rest.end())
        if following:
            return Splice(start, following.end(), "")
        break_before = start - (2 if self._text[:start].endswith("\r\n") else 1)
        return Splice(max(break_before, 0), rest.end(), "")

    def _fill(self, node: Node, values: Mapping[str, Any]) -> list[Splice]:
        """Writes a block where only its key is: after nothing, `{}` or an alias."""
        assert self._pair is not None
        key = self._pair[0]
        space = "" if self._text[node.start - 1 : node.start].isspace() else " "
        if self._component.flow or node.flow:
            return [Splice(node.start, node.end, space + _flow(values, key.style))]
        lines = self._lines(values, key.column + self._step())
        rest = _REST_OF_LINE.match(self._text, node.end)
        if not rest:
            raise CannotEdit(f"line {node.line} goes on after it")
        return [*self._erased(node, rest[0]), self._after_line(rest.end(), lines)]

    def _erased(self, node: Node, rest_of_line: str) -> list[Splice]:
        """What is behind the key goes, and where nothing follows it, the blanks before it too."""
        if node.end == node.start:
            return []
        line = self._text[: node.start]
        start = node.start if rest_of_line.strip() else len(line.rstrip(" \t"))
        return [Splice(start, node.end, "")]

    def _new_entries(self, mapping: Node, values: Mapping[str, Any]) -> list[Splice]:
        if mapping.flow:
            return self._new_in_flow(mapping, values) if values else []
        after: dict[int, Splice] = {}
        for key, value in values.items():
            splice = self._new_in_block(mapping, key, value)
            before = after.get(splice.start)
            text = (before.new if before else "") + splice.new
            after[splice.start] = Splice(splice.start, splice.end, text)
        return list(after.values())

    def _new_in_flow(self, mapping: Node, values: Mapping[str, Any]) -> list[Splice]:
        """At the end; over several lines a comment stays with its entry, and a last comma stays the last:

        failure_threshold: 2 # few   ->   failure_threshold: 2, # few
                                          success_threshold: 1
        """
        style = mapping.pairs[-1][0].style if mapping.pairs else None
        entries = [f"{_quoted(key, style)}: {_flow(value, style)}" for key, value in values.items()]
        if not mapping.pairs:
            return [Splice(mapping.end - 1, mapping.end - 1, ", ".join(entries))]
        last_key, last_value = mapping.pairs[-1]
        indent, end = self._text[self._line_start(last_key.start) : last_key.start], last_value.end
        if indent.strip(" \t"):
            return [Splice(end, end, "".join(f", {entry}" for entry in entries))]
        eol = self._eol(last_key.start)
        lines = f",{eol}{indent}".join(entries)
        rest = _COMMA_AND_REST.match(self._text, end)
        if not rest or rest.end() == end:
            return [Splice(end, end, f",{eol}{indent}{lines}")]
        comma = rest["comma"]
        new = Splice(rest.end(), rest.end(), f"{eol}{indent}{lines}{comma}")
        return [new] if comma else [Splice(end, end, ","), new]

    def _new_in_block(self, mapping: Node, key: str, value: Value | Mapping[str, Any]) -> Splice:
        column = mapping.pairs[0][0].column
        if isinstance(value, Mapping):
            lines = [" " * column + f"{key}:", *self._lines(value, column + self._step())]
        else:
            lines = self._lines({key: value}, column)
        end = self._neighbour(mapping, key).content_end()
        rest = _REST_OF_LINE.match(self._text, end)
        return self._after_line(rest.end() if rest else end, lines)

    def _neighbour(self, mapping: Node, key: str) -> Node:
        """The value after whose line a new key goes: its predecessor by habit, else one that ends plainly."""
        fit = {
            own.raw: value
            for own, value in mapping.pairs
            if (last := _last_scalar(value)).style not in ("|", ">")
            and _REST_OF_LINE.match(self._text, last.end)
        }
        short = [
            name
            for name, value in fit.items()
            if not _BREAK.search(self._text, value.start, value.content_end())
        ]
        before = _ORDER[: _ORDER.index(key)][::-1] if key in _ORDER else ["http_port", "name"]
        for name in (*before, *reversed(short), *reversed(fit)):
            if name in fit:
                return fit[name]
        raise CannotEdit("no line of the component ends where a new one can begin")

    def _after_line(self, end: int, lines: list[str]) -> Splice:
        eol = self._eol(end)
        following = _BREAK.match(self._text, end)
        if following:
            return Splice(following.end(), following.end(), "".join(line + eol for line in lines))
        return Splice(end, end, "".join(eol + line for line in lines))

    def _lines(self, values: Mapping[str, Any], column: int) -> list[str]:
        return [f"{' ' * column}{key}: {_scalar(value, None)}" for key, value in values.items()]

    def _step(self) -> int:
        """By how much this file indents a mapping inside of the component."""
        column = self._component.pairs[0][0].column
        blocks = (value for _, value in self._component.pairs if value.is_mapping and not value.flow)
        return next((max(value.pairs[0][0].column - column, 1) for value in blocks if value.pairs), 2)

    def _eol(self, near: int) -> str:
        found = _BREAK.search(self._text, near) or _BREAK.search(self._text)
        return found[0] if found else "\n"

    def _line_start(self, offset: int) -> int:
        ends = [found.end() for found in _BREAK.finditer(self._text, 0, offset)]
        return ends[-1] if ends else 0


def _last_scalar(node: Node) -> Node:
    if node.kind is Kind.MAPPING and not node.flow and node.pairs:
        return _last_scalar(node.pairs[-1][1])
    if node.kind is Kind.SEQUENCE and not node.flow and node.items:
        return _last_scalar(node.items[-1])
    return node


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: values[key] for key in _ORDER if key in values}
    return known | dict(values)


def _scalar(value: Any, style: str | None) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style is None and _PLAIN_PATH.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _quoted(key: str, style: str | None) -> str:
    return f"{style}{key}{style}" if style in ("'", '"') else key


def _flow(value: Any, style: str | None) -> str:
    if not isinstance(value, Mapping):
        return _scalar(value, style)
    return (
        "{" + ", ".join(f"{_quoted(key, style)}: {_scalar(one, style)}" for key, one in value.items()) + "}"
    )
