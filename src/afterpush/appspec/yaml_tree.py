"""YAML as a tree that knows where each part is in the text: for messages with lines, and for edits.

The tree is read by `yaml_reader`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class Kind(Enum):
    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ALIAS = "alias"


@dataclass
class Node:
    """One part of the document; offsets are characters of the text, `line` counts from 1.

    `path` is where it counts, such as `services[0].name`; a key has that of its value.
    """

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
    path: str = ""

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
        merged |= {key.raw.lower(): (key, value) for key, value in self.own_pairs()}
        inner = f"{self.path}." if self.path else ""
        return {
            name: (key.placed(inner + name), value.placed(inner + name))
            for name, (key, value) in merged.items()
        }

    def placed(self, path: str) -> "Node":
        """The same at another path: what an alias or a merge key brings there."""
        return self if self.path == path else replace(self, path=path)

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

    def at(self, *names: str) -> "Node":
        """The value under keys in a row; where there is none, a null on our line with that path."""
        path = ".".join(filter(None, (self.path, *names)))
        return self.get(*names) or Node(Kind.SCALAR, self.start, self.end, self.line, self.column, path=path)

    def text(self, *names: str) -> str | None:
        """The scalar there as it is written; None where there is none, or null."""
        node = self.get(*names)
        return node.real.raw if node and not node.is_null and node.real.raw else None

    def children(self, *names: str) -> list["Node"]:
        """The items of the sequence there; of anything else none."""
        node = self.get(*names)
        items = node.real.items if node and node.is_sequence else []
        return [item.placed(f"{node.path}[{index}]") for index, item in enumerate(items) if node]

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
