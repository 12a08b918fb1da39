"""SQL that a script fills in from its own literals: each text that it comes to, where all of them are known.

    for (const c of COLUMNS) await add(c.table, c.name, "INT NULL");
    const add = (table, name, type) => db.query(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`);

Parameters are followed to every call in the file, loop variables to the list that is looped over. One value
that is not known (a request's, another module's) leaves the whole text unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, walk
from afterpush.migrate.statements.tokens import quoted

if TYPE_CHECKING:
    from tree_sitter import Node

_Values = Mapping[str, object]
_WRAPPED = frozenset(["parenthesized_expression", "as_expression", "satisfies_expression"])
_LITERALS = _WRAPPED | {"string", "template_string", "array", "object"}
_LOOPING = frozenset(["forEach", "map"])
_DEPTH, _MOST = 5, 1000


@dataclass(frozen=True)
class Filled:
    """One text that a template comes to; `at` is the call or the template that makes it so."""

    text: str
    at: "Node"


class Expansion:
    """The templates of one script, filled in."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def filled(self, node: "Node") -> list[Filled]:
        """Every text of a template with `${}` parts; empty when one of them is not known."""
        found: list[Filled] = []
        for values, at in self.bindings(node, _DEPTH):
            text = self.value(node, values)
            if not isinstance(text, str) or len(found) == _MOST:
                return []
            found.append(Filled(text, at))
        return found

    def bindings(self, node: "Node", depth: int) -> Iterator[tuple[_Values, "Node"]]:
        """What the names around a node stand for, once for each time that it runs."""
        if depth == 0:
            yield {}, node  # A function that calls itself: its parameters stay unknown.
            return
        for above in ancestors(node):
            items = self._looped(above, node)
            if items is not None:
                pattern, listed = items
                for outer, at in self.bindings(above, depth - 1):
                    values = self.value(listed, outer)
                    for item in values if isinstance(values, list) else [None]:
                        yield {**outer, **self._bound(pattern, item)}, at
                return
            if above.type in FUNCTIONS and (calls := self._calls(above)):
                for call in calls:
                    for outer, _ in self.bindings(call, depth - 1):
                        yield self._given(above, call, outer), call
                return
        yield {}, node

    def _looped(self, above: "Node", node: "Node") -> "tuple[Node, Node] | None":
        """The variable and the list of a loop around the node."""
        if above.type == "for_in_statement":
            left, right, body = (above.child_by_field_name(name) for name in ("left", "right", "body"))
            if (
                left is not None
                and right is not None
                and body is not None
                and node.start_byte >= body.start_byte
            ):
                return left, right
        if above.type != "arrow_function" or above.parent is None or above.parent.type != "arguments":
            return None
        call = above.parent.parent
        called = call.child_by_field_name("function") if call is not None else None
        if called is None or called.type != "member_expression":
            return None
        listed, method = called.child_by_field_name("object"), called.child_by_field_name("property")
        given = self._parameters(above)
        if listed is None or method is None or not given or self._source.text(method) not in _LOOPING:
            return None
        return given[0][0], listed

    def _parameters(self, function: "Node") -> "list[tuple[Node, Node | None]]":
        """Patterns with their default values."""
        one = function.child_by_field_name("parameter")
        if one is not None:
            return [(one, None)]
        listed = function.child_by_field_name("parameters")
        found = []
        for child in listed.named_children if listed is not None else []:
            pattern = child.child_by_field_name("pattern")
            if pattern is not None:
                found.append((pattern, child.child_by_field_name("value")))
        return found

    def _calls(self, function: "Node") -> "list[Node]":
        name = self._source.name_of(function)
        return [*self._calls_of.get(name, []), *self._calls_of.get(f"this.{name}", [])]

    @cached_property
    def _calls_of(self) -> "dict[str, list[Node]]":
        found: dict[str, list[Node]] = {}
        for node in walk(self._source.root):
            called = node.child_by_field_name("function") if node.type == "call_expression" else None
            if called is not None:
                found.setdefault(self._source.text(called), []).append(node)
        return found

    def _given(self, function: "Node", call: "Node", outer: _Values) -> _Values:
        listed = call.child_by_field_name("arguments")
        given = listed.named_children if listed is not None else []
        values: dict[str, object] = {}
        for number, (pattern, default) in enumerate(self._parameters(function)):
            argument = given[number] if number < len(given) else default
            values |= self._bound(pattern, None if argument is None else self.value(argument, outer))
        return values

    def _bound(self, pattern: "Node", value: object) -> dict[str, object]:
        """The names of a pattern: `c`, `{ table, name: column }`, `[table, column]`."""
        if pattern.type == "identifier":
            return {self._source.text(pattern): value}
        parts = pattern.named_children
        if pattern.type == "array_pattern":
            items = value if isinstance(value, list) else []
            pairs = [(part, items[at] if at < len(items) else None) for at, part in enumerate(parts)]
        elif pattern.type == "object_pattern":
            pairs = [self._member(part, value) for part in parts]
        else:
            return {}
        found: dict[str, object] = {}
        for part, item in pairs:
            if part.type in ("identifier", "shorthand_property_identifier_pattern"):
                found[self._source.text(part)] = item
        return found

    def _member(self, part: "Node", value: object) -> "tuple[Node, object]":
        key, renamed = part.child_by_field_name("key"), part.child_by_field_name("value")
        name = self._source.text(key if key is not None else part)
        return (renamed or part), value.get(name) if isinstance(value, dict) else None

    def value(self, node: "Node", values: _Values) -> object:
        """What an expression comes to with these names: a string, a list or an object; None if unknown."""
        kind = node.type
        if kind == "template_string":
            return self._template(node, values)
        if kind in _WRAPPED and node.named_children:
            return self.value(node.named_children[0], values)
        if kind == "identifier":
            return self._named(node, values)
        if kind == "array":
            return [self.value(child, values) for child in node.named_children if child.type != "comment"]
        if kind == "object":
            return self._object(node, values)
        if kind in ("member_expression", "subscript_expression"):
            return self._part_of(node, values)
        if kind == "call_expression" and (found := self._listed(node, values)) is not None:
            return found
        if kind == "binary_expression":
            sides = [node.child_by_field_name(name) for name in ("left", "right")]
            texts = [self.value(side, values) if side is not None else None for side in sides]
            is_sum = self._source.text(node.children[1]) == "+"
            return "".join(map(str, texts)) if is_sum and all(isinstance(t, str) for t in texts) else None
        text = self._source.value(node)
        return text.value if text is not None and not text.marks else None

    def _listed(self, node: "Node", values: _Values) -> list[object] | None:
        """`Object.entries(columns)`, and the keys and values alone."""
        called, given = (node.child_by_field_name(name) for name in ("function", "arguments"))
        if called is None or given is None or len(given.named_children) != 1:
            return None
        whole = self.value(given.named_children[0], values)
        if not isinstance(whole, dict):
            return None
        method = self._source.text(called)
        if method == "Object.entries":
            return [list(item) for item in whole.items()]
        return {"Object.keys": [*whole], "Object.values": [*whole.values()]}.get(method)

    def _template(self, node: "Node", values: _Values) -> str | None:
        """In a tagged template, a plain `${x}` is a parameter of the statement and not part of its text."""
        above = node.parent
        tagged = above is not None and above.type == "call_expression" and above.start_byte < node.start_byte
        tagged = tagged and above is not None and above.child_by_field_name("arguments") == node
        parts: list[str] = []
        for child in node.named_children:
            if child.type != "template_substitution":
                parts.append(self._source.part(child).value)
                continue
            inner = child.named_children[0] if child.named_children else None
            part = self._substituted(inner, values, tagged) if inner is not None else None
            if not isinstance(part, str):
                return None
            parts.append(part)
        return "".join(parts)

    def _substituted(self, node: "Node", values: _Values, tagged: bool) -> object:
        if node.type != "call_expression":
            return None if tagged else self.value(node, values)
        called, given = (node.child_by_field_name(name) for name in ("function", "arguments"))
        if called is None or given is None or len(given.named_children) != 1:
            return None
        method = self._source.text(called).rpartition(".")[2]
        text = self.value(given.named_children[0], values)
        if method in ("identifier", "escapeId") and isinstance(text, str):
            return quoted(text)
        return text if method in ("raw", "unsafe") else None

    def _named(self, node: "Node", values: _Values) -> object:
        name = self._source.text(node)
        if name in values:
            return values[name]
        constant = self._source.constant(node, name)
        if constant is None or constant.type not in _LITERALS:
            return None
        return self.value(constant, {})

    def _object(self, node: "Node", values: _Values) -> dict[str, object]:
        found: dict[str, object] = {}
        for child in node.named_children:
            key, item = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and item is not None:
                found[self._source.text(key).strip("'\"")] = self.value(item, values)
            elif child.type == "shorthand_property_identifier":
                found[self._source.text(child)] = self._named(child, values)
        return found

    def _part_of(self, node: "Node", values: _Values) -> object:
        whole, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        index = node.child_by_field_name("index")
        value = self.value(whole, values) if whole is not None else None
        if name is not None and isinstance(value, dict):
            return value.get(self._source.text(name))
        at = self._source.text(index) if index is not None else ""
        if isinstance(value, list) and at.isdigit() and int(at) < len(value):
            return value[int(at)]
        return None
