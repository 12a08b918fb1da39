"""What in a boot script keeps steps from running next to it: no await, closing, callbacks."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_CLOSING = frozenset("end release close destroy disconnect $disconnect".split())


def why_no_await(source: Source, block: "Node") -> str:
    """Why `await` is an error in this block; empty when it is none."""
    function = next((node for node in (block, *ancestors(block)) if node.type in FUNCTIONS), None)
    if function is None:
        is_commonjs = source.file.endswith((".cjs", ".cts")) or re.search(
            rb"\brequire\s*\(|\bmodule\.exports\b", source.data
        )
        return "await is an error at the top of a CommonJS file" if is_commonjs else ""
    if any(child.type == "async" for child in function.children):
        return ""
    return f"the function in line {source.line(function)} is not async"


def takes_callback(source: Source, call: "Node") -> bool:
    """Whether a call on the database is answered through a callback: then there is nothing to await."""
    arguments = call.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    return len(given) > 1 and given[-1].type in FUNCTIONS


def closes(source: Source, node: "Node", handle: str) -> bool:
    """Whether this code closes the handle, or gives it back."""
    for below in _here(node):
        called = below.child_by_field_name("function") if below.type == "call_expression" else None
        if called is None or called.type != "member_expression":
            continue
        path = source.text(called).split(".")
        if path[-1] in _CLOSING and path[0].rstrip("?!") == handle:
            return True
    return False


def _here(node: "Node") -> Iterator["Node"]:
    """The node and all below it that belong to the same function."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [child for child in reversed(current.children) if child.type not in FUNCTIONS]
