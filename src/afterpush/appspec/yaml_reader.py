"""Reading YAML into the tree, from events: PyYAML's own nodes resolve aliases and merge keys away."""

from collections.abc import Iterator
from typing import Any

import yaml

from afterpush.appspec.scalars import read_scalar
from afterpush.appspec.yaml_tree import Kind, Node
from afterpush.infra.errors import AfterpushError
from afterpush.infra.yaml_data import fast_loader

MAX_DEPTH = 60
MAX_NODES = 100_000


def read_tree(text: str, name: str) -> Node:
    """The one document of `text`; `name` is for the messages.

    Raises AfterpushError for text that is not YAML, holds several documents, or is nested beyond reason.
    """
    try:
        # libyaml takes tabs where YAML allows them, PyYAML's own parser does not; its offsets leave out a
        # byte order mark.
        skipped = len(text) - len(text.removeprefix("\ufeff"))
        return _Builder(iter(yaml.parse(text[skipped:], Loader=fast_loader())), name, skipped).document()
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
        root = self._node(next(self._events), 0, "")
        next(self._events)
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise AfterpushError(
                f"reading {self._name}, line {following.start_mark.line + 1}: a second document begins; "
                "an app spec is one document"
            )
        return root

    def _node(self, event: Any, depth: int, path: str) -> Node:
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
            path=path,
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
            child = self._node(inner, depth + 1, f"{node.path}[{len(node.items)}]")
            size += self._sizes.get(id(child), 1)
            if is_mapping:
                child.path = f"{node.path}.{child.raw.lower()}".lstrip(".")
                value = self._node(next(self._events), depth + 1, child.path)
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
