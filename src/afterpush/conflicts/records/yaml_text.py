"""Block YAML read with the exact text of every entry; what is in brackets stays one value.

PyYAML's parser says where keys and values begin. A comment or blank line above a key belongs to the key.
An entry with an anchor, an alias or a tag is one with its value, and compared as it is written.
"""

from itertools import pairwise
from typing import Any

import yaml

from afterpush.conflicts.records.structure import Container, Entry, Scalar, UndecidedError, Value
from afterpush.infra.yaml_data import fast_loader


def read_yaml(text: str) -> Container:
    """The mapping or sequence of a document. Raises UndecidedError for what is not plain block YAML."""
    try:
        events = list(yaml.parse(text, Loader=fast_loader()))
        root = yaml.compose(text, Loader=fast_loader())
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise UndecidedError(f"it is no YAML that can be merged ({problem})") from error
    named = [
        event.start_mark.index
        for event in events
        if event.start_mark and (getattr(event, "anchor", None) or getattr(event, "tag", None))
    ]
    if not _is_block(root) or sum(isinstance(event, yaml.DocumentStartEvent) for event in events) != 1:
        raise UndecidedError("it is no single mapping or list")
    return _Reader(text, named).container(root, 0, len(text))


def _is_block(node: Any) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


class _Reader:
    def __init__(self, text: str, named: list[int]) -> None:
        """`named` are the places of anchors, aliases and tags."""
        self.text, self.named = text, named

    def container(self, node: Any, start: int, end: int) -> Container:
        """A block collection whose text reaches from `start` to `end`."""
        is_array = isinstance(node, yaml.SequenceNode)
        pairs = [(None, child) for child in node.value] if is_array else list(node.value)
        begins = [self._begin(node, key, value) for key, value in pairs]
        if any(before >= behind for before, behind in pairwise(begins)) or (begins and begins[0] < start):
            raise UndecidedError("a list has aliases")
        column = node.start_mark.column
        entries: list[Entry] = []
        keys: set[str] = set()
        at = start
        for place, ((key, value), begin) in enumerate(zip(pairs, begins, strict=True)):
            stop = self._lead_start(begins[place + 1], column, begin) if place + 1 < len(pairs) else end
            name = str(key.value) if key is not None else ""
            if key is not None and (name in keys or not isinstance(key, yaml.ScalarNode)):
                raise UndecidedError(f"the key {name!r} occurs twice in one mapping")
            keys.add(name)
            entries.append(self._entry(name, value, at, begin, stop))
            at = stop
        return Container(is_array, "", tuple(entries), "", "", separator="")

    def _begin(self, node: Any, key: Any, value: Any) -> int:
        """Where an entry begins: at its key, or at the dash before its value."""
        if key is not None:
            return int(key.start_mark.index)
        column = node.start_mark.column
        at = int(value.start_mark.index)
        while True:
            at = self.text.rfind("-", 0, at)
            if at < 0:
                raise UndecidedError("a list item without a dash")
            if at - (self.text.rfind("\n", 0, at) + 1) == column and not self.text[
                self.text.rfind("\n", 0, at) + 1 : at
            ].strip(" -"):
                return at

    def _lead_start(self, begin: int, column: int, after: int) -> int:
        """Where the comments and blank lines above an entry begin."""
        line = self.text.rfind("\n", 0, begin) + 1
        while line > after:
            above = self.text.rfind("\n", 0, line - 1) + 1
            said = self.text[above : line - 1]
            is_comment = said.lstrip().startswith("#") and len(said) - len(said.lstrip()) <= column
            if above <= after or (said.strip() and not is_comment):
                break
            line = above
        return line

    def _is_named(self, value: Any, begin: int, stop: int) -> bool:
        """Whether a value is an alias, or has an anchor or a tag: then it is one with its key, as written."""
        start = int(value.start_mark.index)
        if not begin <= start < stop:
            return True
        last = start + 1 if _is_block(value) else stop
        return any(start <= place < last for place in self.named)

    def _entry(self, name: str, value: Any, at: int, begin: int, stop: int) -> Entry:
        start, end = int(value.start_mark.index), stop
        if self._is_named(value, begin, stop):
            whole = self.text[begin:stop].rstrip()
            return Entry(
                name, self.text[at:begin], "", Scalar(whole, whole), self.text[begin + len(whole) : stop]
            )
        if _is_block(value) and value.value:
            # A mapping below its key begins on a line of its own; its indentation belongs to its entries.
            line = self.text.rfind("\n", 0, start) + 1
            first = line if line > begin else start
            found: Value = self.container(value, first, end)
            return Entry(name, self.text[at:begin], self.text[begin:first], found)
        finish = min(max(int(value.end_mark.index), start), stop)
        raw = self.text[start:finish]
        return Entry(
            name,
            self.text[at:begin],
            self.text[begin:start],
            Scalar(raw, _plain(value)),
            self.text[finish:stop],
        )


def _plain(node: Any) -> Any:
    """A value for comparison; with the kind of one that is no text (`1` is not `"1"`)."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag.endswith(":str") else (node.tag, node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child) for child in node.value]
    return {str(key.value): _plain(value) for key, value in node.value}
