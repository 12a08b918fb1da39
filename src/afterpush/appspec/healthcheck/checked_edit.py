"""Changing one block of an app spec such that every other byte of the file stays what it was.

The block's new values are written into the text at the places that the parser names. Afterwards the
text is parsed again: if it does not say exactly what was intended, the edit is refused.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.appspec.healthcheck.yaml_splices import CannotEdit, Splice, Value, YamlEditor
from afterpush.appspec.yaml_reader import read_tree
from afterpush.appspec.yaml_tree import Kind, Node, duplicate_keys, plain, same
from afterpush.infra.errors import AfterpushError

Step = str | int


@dataclass(frozen=True)
class Edited:
    """The whole new text, and the change for people: only the block's own lines."""

    text: str
    diff: str
    changed: bool


def set_block(
    text: str,
    name: str,
    where: Sequence[Step],
    block: str,
    values: Mapping[str, Value],
    drop: Collection[str] = (),
) -> Edited:
    """Sets `values` in the mapping `block` of the component at `where`, without the keys in `drop`.

    What the block says beyond that stays. Raises AfterpushError when the edit cannot be proved right.
    """
    tree = read_tree(text, name)
    component = _follow(tree, where)
    if not component or component.kind is not Kind.MAPPING:
        raise _refused(name, block, "the component is not written out at its place (an alias?)")
    if twice := next(duplicate_keys(tree), None):
        reason = f"line {twice.line}: the key {twice.raw} appears twice in one mapping; remove one of them"
        raise _refused(name, block, reason)
    intended = _intended(plain(tree), where, block, values, _own_drops(component, block, drop))
    if same(plain(tree), intended):
        return Edited(text, "", False)
    try:
        new = _spliced(text, YamlEditor(text, component, block).write(values, drop))
    except CannotEdit as error:
        raise _refused(name, block, str(error)) from error
    _verify(new, name, block, intended, component)
    (old_line, before), (new_line, after) = (_block_lines(one, name, where, block) for one in (text, new))
    return Edited(new, unified(name, before, after, old_line, new_line), True)


def _spliced(text: str, splices: list[Splice]) -> str:
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end), reverse=True):
        text = text[: splice.start] + splice.new + text[splice.end :]
    return text


def _follow(node: Node | None, where: Sequence[Step]) -> Node | None:
    for step in where:
        if node is None:
            return None
        if isinstance(step, int):
            items = node.children()
            node = items[step] if step < len(items) else None
        else:
            node = node.get(step)
    return node


def _own_drops(component: Node, block: str, drop: Collection[str]) -> set[str]:
    """What can be dropped: a key that a merge key brings in stays, whatever is written here."""
    node = component.get(block)
    own_block = any(key.raw.lower() == block for key, _ in component.own_pairs())
    if node is None or not own_block or node.kind is not Kind.MAPPING:
        return set(drop)
    return {key.raw.lower() for key, _ in node.own_pairs()} & set(drop)


def _intended(
    tree: Any, where: Sequence[Step], block: str, values: Mapping[str, Value], drop: Collection[str]
) -> Any:
    inner = tree
    for step in where:
        inner = inner[step]
    said = inner.get(block)
    kept = {key: value for key, value in said.items() if key not in drop} if isinstance(said, dict) else {}
    inner[block] = kept | dict(values)
    return tree


def _verify(new: str, name: str, block: str, intended: Any, component: Node) -> None:
    try:
        said = plain(read_tree(new, name))
    except AfterpushError as error:
        raise _refused(name, block, f"the result would not be readable ({error})") from error
    if not same(said, intended):
        node = component.get(block)
        shared = (node and node.anchor) or component.anchor
        reason = (
            f"other parts of the file use it through &{shared}; write it out where it is needed"
            if shared
            else "the result would say something else than intended; write the block over several lines"
        )
        raise _refused(name, block, reason)


def _refused(name: str, block: str, reason: str) -> AfterpushError:
    return AfterpushError(f"changing {block} in {name}: {reason}; nothing was written")


def _block_lines(text: str, name: str, where: Sequence[Step], block: str) -> tuple[int, list[str]]:
    """(line number, the block's own lines): never what is around it, which may be secret."""
    component = _follow(read_tree(text, name), where)
    for key, value in component.own_pairs() if component else ():
        if key.raw.lower() == block:
            own = text[key.start : value.content_end()]
            return key.line, (" " * key.column + own).splitlines()
    return 0, []


def unified(name: str, before: list[str], after: list[str], old_line: int = 1, new_line: int = 1) -> str:
    """A unified diff of a few whole lines that begin at the given lines."""
    body = list(difflib.unified_diff(before, after, n=len(before) + len(after), lineterm=""))[3:]
    head = f"@@ -{old_line},{len(before)} +{new_line},{len(after)} @@"
    return "\n".join([f"--- {name}", f"+++ {name}", head, *body])
