"""YAML as a tree that knows where each part is in the text: for messages with lines, and for edits.

PyYAML's nodes resolve aliases and merge keys away, so the tree is built from its events.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import yaml

from afterpush.appspec.scalars import read_scalar
from afterpush.infra.errors import AfterpushError

MAX_DEPTH = 60
MAX_NODES = 100_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Kind(Enum):
    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ALIAS = "alias"


@dataclass
class Node:
    """One part of the document; offsets are characters of the text, `line` counts from 1."""

    kind: Kind
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    anchor: str | None = None
    raw: str = ""
    style: str | None = None
    value: Any = None
    pairs: list[tuple["Node", "Node"]] = field(default_factory=list)
    items: list["Node"] = field(default_factory=list)
    target: "Node | None" = None

    @property
    def real(self) -> "Node":
        """The node itself, or what an alias stands for."""
        return self.target if self.target else self

    @property
    def is_mapping(self) -> bool:
        return self.real.kind is Kind.MAPPING

    @property
    def is_sequence(self) -> bool:
        return self.real.kind is Kind.SEQUENCE

    @property
    def is_null(self) -> bool:
        return self.real.kind is Kind.SCALAR and self.real.value is None

    def entries(self) -> dict[str, tuple["Node", "Node"]]:
        """Key text -> (key, value), with merge keys (`<<`) applied; own keys win.

        In small letters: the platform's tools read keys in any case (Go's encoding/json, "Unmarshal").
        """
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in self.real.pairs:
            if key.raw == "<<" and key.style is None:
                for source in value.real.items if value.is_sequence else [value]:
                    merged = source.entries() | merged
        return merged | {key.raw.lower(): (key, value) for key, value in self.own_pairs()}

    def own_pairs(self) -> Iterator[tuple["Node", "Node"]]:
        """The pairs that are written here, without merge keys."""
        return ((key, value) for key, value in self.real.pairs if key.raw != "<<" or key.style is not None)

    def get(self, *names: str) -> "Node | None":
        """The value under keys in a row, None where there is none (or this is no mapping)."""
        node: Node | None = self
        for name in names:
            found = node.entries().get(name) if node and node.is_mapping else None
            node = found[1] if found else None
        return node

    def text(self, *names: str) -> str | None:
        """The scalar there as it is written; None where there is none, or null."""
        node = self.get(*names)
        return node.real.raw if node and not node.is_null and node.real.raw else None

    def children(self, *names: str) -> list["Node"]:
        """The items of the sequence there; of anything else none."""
        node = self.get(*names)
        return node.real.items if node and node.is_sequence else []

    def key_of(self, name: str) -> "Node":
        """The key of a value: the line to point at for a block as a whole. The node itself without one."""
        found = self.entries().get(name)
        return found[0] if found else self

    def content_end(self) -> int:
        """Where the text of the node ends, without the comments and blank lines that follow it."""
        if self.kind is Kind.MAPPING and not self.flow:
            return self.pairs[-1][1].content_end() if self.pairs else self.end
        if self.kind is Kind.SEQUENCE and not self.flow:
            return self.items[-1].content_end() if self.items else self.end
        return self.end


def read_tree(text: str, name: str) -> Node:
    """The one document of `text`; `name` is for the messages.

    Raises AfterpushError for text that is not YAML, holds several documents, or is nested beyond reason.
    """
    try:
        # libyaml takes tabs where YAML allows them, PyYAML's own parser does not; its offsets leave out a
        # byte order mark.
        skipped = len(text) - len(text.removeprefix("\ufeff"))
        return _Builder(iter(yaml.parse(text[skipped:], Loader=_Loader)), name, skipped).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        before, reference, _ = [*text.split("\n"), ""][mark.line].partition("${") if mark else ("", "", "")
        if reference and ("{" in before or "[" in before):
            problem = f'{problem}; inside of {{}} and [] a ${{...}} needs quotes: "${{...}}"'
        raise AfterpushError(f"reading {name}{where}: not valid YAML: {problem}") from error
    except ValueError as error:
        raise AfterpushError(f"reading {name}: not valid YAML: {error}") from error


def plain(node: Node) -> Any:
    """Dictionaries, lists and values, as a YAML loader gives them."""
    real = node.real
    if real.kind is Kind.MAPPING:
        return {name: plain(value) for name, (_, value) in real.entries().items()}
    if real.kind is Kind.SEQUENCE:
        return [plain(item) for item in real.items]
    return real.value


def duplicate_keys(node: Node) -> Iterator[Node]:
    """Keys that occur twice in one mapping: the second one each time."""
    if node.kind is Kind.MAPPING:
        seen: set[str] = set()
        for key, value in node.own_pairs():
            if key.raw.lower() in seen:
                yield key
            seen.add(key.raw.lower())
            yield from duplicate_keys(value)
    for item in node.items:
        yield from duplicate_keys(item)


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from true and from 1.0, and takes NaN for itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


class _Builder:
    def __init__(self, events: Iterator[Any], name: str, skipped: int) -> None:
        self._events = events
        self._skipped = skipped
        self._name = name
        self._anchors: dict[str, Node | None] = {}
        self._sizes: dict[int, int] = {}
        self._read = 0

    def document(self) -> Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise AfterpushError(f"reading {self._name}: the file is empty")
        root = self._node(next(self._events), 0)
        next(self._events)
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise AfterpushError(
                f"reading {self._name}, line {following.start_mark.line + 1}: a second document begins; "
                "an app spec is one document"
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise AfterpushError(f"reading {self._name}: nested deeper than {MAX_DEPTH} levels")
        self._read += 1
        start = event.start_mark
        node = Node(
            Kind.SCALAR,
            start=start.index + self._skipped,
            end=event.end_mark.index + self._skipped,
            line=start.line + 1,
            column=start.column,
            anchor=event.anchor,
        )
        if isinstance(event, yaml.AliasEvent):
            return self._alias(node)
        if node.anchor:
            self._anchors[node.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            self._fill_scalar(node, event)
        else:
            self._fill_collection(node, event, depth)
        if node.anchor:
            self._anchors[node.anchor] = node
        return node

    def _alias(self, node: Node) -> Node:
        target = self._anchors.get(node.anchor or "")
        if target is None:
            raise AfterpushError(
                f"reading {self._name}, line {node.line}: *{node.anchor} stands for nothing that is complete"
            )
        node.kind, node.target, node.raw = Kind.ALIAS, target, target.raw
        self._count(node, self._sizes.get(id(target), 1))
        return node

    def _fill_scalar(self, node: Node, event: Any) -> None:
        node.raw, node.style = event.value, event.style or None
        node.value = read_scalar(event.value, node.style, event.tag)
        self._count(node, 1)

    def _fill_collection(self, node: Node, event: Any, depth: int) -> None:
        node.flow = bool(event.flow_style)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node.kind = Kind.MAPPING if is_mapping else Kind.SEQUENCE
        size = 1
        while not isinstance(inner := next(self._events), yaml.CollectionEndEvent):
            child = self._node(inner, depth + 1)
            size += self._sizes.get(id(child), 1)
            if is_mapping:
                value = self._node(next(self._events), depth + 1)
                size += self._sizes.get(id(value), 1)
                node.pairs.append((child, value))
            else:
                node.items.append(child)
        closing: Any = inner
        node.end = closing.end_mark.index + self._skipped
        self._count(node, size)

    def _count(self, node: Node, size: int) -> None:
        """Aliases of aliases can stand for billions of nodes; nobody's app spec does, however long it is."""
        if size > MAX_NODES + self._read:
            raise AfterpushError(f"reading {self._name}, line {node.line}: its aliases stand for too much")
        self._sizes[id(node)] = size
