"""Where in a boot script the call of the steps can be."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.boot import sql_in
from afterpush.migrate.boot_script.call_form import CallForm, commonest, form_of
from afterpush.migrate.boot_script.running_order import RunningOrder
from afterpush.migrate.boot_script.startup_function import HELP, Entrance, find_entrance
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, is_below, walk

if TYPE_CHECKING:
    from tree_sitter import Node

# Behind these, the database is there and chosen; the steps come after them.
_OPENING = re.compile(
    r"[^('\"`]*\(\s*(?:\w+\s*)?['\"`]\s*(?:USE|(?:CREATE|DROP)\s+(?:DATABASE|SCHEMA))\s", re.IGNORECASE
)
_QUERY = re.compile(r"\s*(?:SELECT|SHOW|SET)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Spot:
    """Where the call can be: the byte offset of the first statement that uses the database."""

    form: CallForm
    first: int


def find_spot(source: Source) -> Spot:
    """The script's call form and the places for steps. Raises AfterpushError where there are none."""
    line = source.first_error()
    if line is not None:
        said = "from here on this is no TypeScript; correct it before steps are added"
        raise AfterpushError(f"{source.file}:{line}: {said}")
    order = RunningOrder(source)
    texts = sql_in(source)
    sql = [node for node, _ in texts]
    changes = [node for node, text in texts if not _QUERY.match(text.value)]
    uses = [(node, form) for node in walk(source.root) if (form := form_of(source, node, sql))]
    uses = [use for use in uses if not order.runs_later(use[0])]
    sql = [node for node in sql if not order.runs_later(node)]
    if not uses:
        raise AfterpushError(
            f"{source.file} never reaches a database that steps could use when the app starts: {HELP}"
        )
    form = commonest(source, uses, sql)
    calls = [node for node, found in uses if found.handle.replace("!", "") == form.handle.replace("!", "")]
    opening = [call for call in calls if _OPENING.match(source.text(call))]
    calls = [call for call in calls if call not in opening] or calls
    changing = [call for call in calls if any(is_below(one, call) for one in changes)]
    entrance = find_entrance(source, order, form, min(changing or calls, key=order.moment))
    scope = entrance.function or source.root
    others = [node for node, found in uses if node not in calls]
    own = [*calls, *(node for node in sql if not any(is_below(node, other) for other in others))]
    inside = [entrance.node, *(node for one in own for node in order.path(one) if is_below(node, scope))]
    block = _block(source, scope, entrance, inside, opening)
    _require_promises(source, block, [call for call in calls if is_below(call, scope)])
    first = next(child for child in block.named_children if any(is_below(node, child) for node in inside))
    _require_own_line(source, first)
    return Spot(entrance.form, first.start_byte)


def _require_promises(source: Source, block: "Node", calls: Sequence["Node"]) -> None:
    why = _why_no_await(source, block)
    if any(_takes_callback(call) for call in calls):
        why = "its calls are answered through callbacks"
    if why:
        raise AfterpushError(f"{source.file}: steps must be awaited, and {why}: {HELP}")


def _why_no_await(source: Source, block: "Node") -> str:
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


def _takes_callback(call: "Node") -> bool:
    """Whether a call on the database is answered through a callback: then there is nothing to await."""
    arguments = call.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    return len(given) > 1 and given[-1].type in FUNCTIONS


def _require_own_line(source: Source, statement: "Node") -> None:
    start = source.data.rfind(b"\n", 0, statement.start_byte) + 1
    if source.data[start : statement.start_byte].lstrip(b"\xef\xbb\xbf").strip():
        raise AfterpushError(
            f"{source.file}:{source.line(statement)}: steps would be before this statement; "
            "put it on a line of its own"
        )


def _bindings(source: Source, function: "Node", name: str) -> Iterator["Node"]:
    """Declarations, parameters and assignments of a name in a function."""
    for node in walk(function):
        if node.type in ("variable_declarator", "required_parameter", "optional_parameter"):
            bound = node.child_by_field_name("name") or node.child_by_field_name("pattern")
            if bound is not None and any(source.text(one) == name for one in walk(bound)):
                yield node
        elif node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            if left is not None and source.text(left) == name:
                yield node


def _block(
    source: Source, scope: "Node", entrance: Entrance, inside: Sequence["Node"], opening: Sequence["Node"]
) -> "Node":
    """The outermost block of the function in which the handle is made before it is used."""
    form = entrance.form
    name = form.handle if form.root == "this" else form.root
    bound = [*_bindings(source, scope, name), *opening]
    chain = [node for node in ancestors(entrance.node) if node.type in ("statement_block", "program")]
    for block in reversed([node for node in chain if is_below(node, scope)]):
        using = [child for child in block.named_children if any(is_below(own, child) for own in inside)]
        if using and all(node.end_byte <= using[0].start_byte for node in bound if is_below(node, block)):
            return block
    raise AfterpushError(f"{source.file}: {form.handle} is not made before it is used: {HELP}")
