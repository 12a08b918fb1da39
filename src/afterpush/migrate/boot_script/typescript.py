"""TypeScript and JavaScript text as a tree, and the strings in it whose value is known without running it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.scopes import FUNCTIONS as FUNCTIONS
from afterpush.migrate.boot_script.scopes import Scopes

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_STRINGS = frozenset(["string", "template_string"])
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
# A part that is only known at run time is in the text like this, for people to read.
_MARK = "${%s}"
_MOST_NESTED = 2000


@dataclass(frozen=True)
class Text:
    """The value of a string: `marks` are its `${...}` parts that are known only at run time."""

    value: str
    marks: tuple[str, ...] = ()

    def __add__(self, other: "Text") -> "Text":
        return Text(self.value + other.value, self.marks + other.marks)


@lru_cache(maxsize=2)
def _parser(tsx: bool) -> "Parser":
    import tree_sitter_typescript
    from tree_sitter import Language, Parser

    language = tree_sitter_typescript.language_tsx() if tsx else tree_sitter_typescript.language_typescript()
    return Parser(Language(language))


class Source:
    """One parsed file; every position is a byte offset into `data`."""

    def __init__(self, data: bytes, file: str) -> None:
        self.data, self.file = data, file
        # JavaScript may hold JSX; TypeScript's `<T>x` casts are read only by the other grammar.
        self.root = _parser(not file.endswith((".ts", ".mts", ".cts"))).parse(data).root_node
        self._require_shallow()

    def _require_shallow(self) -> None:
        """Raises AfterpushError for a text that is nested too deeply: each step to a parent is as long as the
        way down to the node (tree-sitter, ts_node_parent), so that 50,000 brackets would take minutes."""
        cursor, depth = self.root.walk(), 0
        while depth <= _MOST_NESTED:
            if cursor.goto_first_child():
                depth += 1
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                depth -= 1
        line = self.line(cursor.node) if cursor.node else 1
        raise AfterpushError(f"reading {self.file}: what is in line {line} is nested too deeply")

    def text(self, node: "Node") -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line(self, node: "Node") -> int:
        return node.start_point[0] + 1

    def name_of(self, function: "Node") -> str:
        """The name by which a function is called: its own, or that of what it is the value of."""
        named, holder = function.child_by_field_name("name"), function.parent
        if named is None and holder is not None and holder.type in ("variable_declarator", "pair"):
            named = holder.child_by_field_name("name") or holder.child_by_field_name("key")
        return self.text(named) if named is not None else ""

    @cached_property
    def methods(self) -> frozenset[str]:
        """The names of the methods of its classes and objects."""
        nodes = [node for node in walk(self.root) if node.type == "method_definition"]
        return frozenset(map(self.name_of, nodes))

    def specifiers(self) -> "Iterator[Node]":
        """The strings that name what this file imports, requires or exports from elsewhere."""
        for node in walk(self.root):
            holder = None
            if node.type in ("import_statement", "export_statement"):
                holder = node.child_by_field_name("source")
            elif node.type == "call_expression":
                called, given = (node.child_by_field_name(name) for name in ("function", "arguments"))
                if called is not None and given is not None and self.text(called) in ("require", "import"):
                    holder = next(iter(given.named_children), None)
            if holder is not None:
                yield holder

    def first_error(self) -> int | None:
        """The line of the first place that is no TypeScript; None when all is."""
        if not self.root.has_error:
            return None
        for node in walk(self.root):
            if node.type == "ERROR" or node.is_missing:
                return self.line(node)
        return 1

    @cached_property
    def _scopes(self) -> Scopes:
        return Scopes(self.data)

    def declaration(self, node: "Node", name: str) -> "Node | None":
        """What binds this name where the node is; None for a name that this file does not bind."""
        return self._scopes.declaration(node, name)

    def constant(self, node: "Node", name: str) -> "Node | None":
        """The value that a `const` gives to this name where the node is; None for any other binding."""
        bound = self.declaration(node, name)
        if bound is None or bound.type != "variable_declarator" or bound.parent is None:
            return None
        return bound.child_by_field_name("value") if self.text(bound.parent).startswith("const") else None

    def _known(self, node: "Node") -> Text | None:
        if node.type not in _STRINGS or any(c.type == "template_substitution" for c in node.named_children):
            return None
        return self.value(node)

    def value(self, node: "Node") -> Text | None:
        """The text of a string, a template, a sum of them, or a constant; None for everything else."""
        if node.type in _STRINGS:
            parts = [self.part(child) for child in node.named_children]
            return sum(parts, start=Text(""))
        if node.type in ("parenthesized_expression", "as_expression", "satisfies_expression"):
            inner = node.named_children[0] if node.named_children else None
            return self.value(inner) if inner is not None else None
        if node.type == "binary_expression":
            return self._sum(node)
        if node.type == "call_expression":
            return self._joined(node)
        if node.type != "identifier":
            return None
        constant = self.constant(node, self.text(node))
        return self._known(constant) if constant is not None else None

    def _sum(self, node: "Node") -> Text | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None or self.text(operator) != "+":
            return None
        first, second = self.value(left), self.value(right)
        if first is None and second is None:
            return None
        return (first or self._mark(left)) + (second or self._mark(right))

    def _joined(self, node: "Node") -> Text | None:
        """`[...].join(" ")` of texts, and `"...".trim()`."""
        called, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        owner = called.child_by_field_name("object") if called is not None else None
        method = called.child_by_field_name("property") if called is not None else None
        if owner is None or method is None or given is None:
            return None
        if self.text(method) == "trim":
            return self.value(owner)
        if self.text(method) != "join" or owner.type != "array":
            return None
        between = self._known(given.named_children[0]) if given.named_children else Text(",")
        texts = [self.value(child) for child in owner.named_children if child.type != "comment"]
        if between is None or not any(texts):
            return None
        parts = [text or self._mark(child) for text, child in zip(texts, owner.named_children, strict=False)]
        return sum((between + part for part in parts[1:]), start=parts[0])

    def _mark(self, node: "Node") -> Text:
        said = _MARK % self.text(node)
        return Text(said, (said,))

    def part(self, node: "Node") -> Text:
        """The text of one child of a string."""
        if node.type == "escape_sequence":
            return Text(_unescaped(self.text(node)))
        if node.type == "template_substitution":
            inner = node.named_children[0] if node.named_children else None
            known = self.value(inner) if inner is not None else None
            return known if known is not None else Text(self.text(node), (self.text(node),))
        return Text(self.text(node))


def _unescaped(sequence: str) -> str:
    body = sequence[1:].replace("\r\n", "\n")
    code = re.fullmatch(r"u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})", body)
    if code:
        number = int(code[1] or code[2] or code[3], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _ESCAPES.get(body, body)


def walk(node: "Node") -> Iterator["Node"]:
    """The node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(current.children)


def ancestors(node: "Node") -> Iterator["Node"]:
    """The node's parent, its parent, and so on."""
    current = node.parent
    while current is not None:
        yield current
        current = current.parent


def is_below(node: "Node", above: "Node") -> bool:
    """Whether a node is this one, or inside of it."""
    return above.start_byte <= node.start_byte and node.end_byte <= above.end_byte
