"""Where in a boot script the call of the steps can be."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.boot import sql_in
from afterpush.migrate.boot_script.call_form import CallForm, commonest, form_of
from afterpush.migrate.boot_script.exports import exported_names
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, is_below, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_HELP = (
    "write one such call there (await db.execute(...)), or use --target=sql and run `inv migrate.apply` "
    "before the app"
)


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
    uses = [(node, form) for node in walk(source.root) if (form := form_of(source, node))]
    if not uses:
        raise AfterpushError(f"{source.file} never reaches a database that steps could use: {_HELP}")
    sql = [node for node, _ in sql_in(source)]
    form = commonest(source, uses, sql)
    calls = [node for node, found in uses if found.handle.replace("!", "") == form.handle.replace("!", "")]
    scope = _scope(source, form, calls)
    inside = [*calls, *sql, *_indirect(source, form.root, calls)]
    inside = [node for node in inside if is_below(node, scope)]
    calls = [node for node in calls if is_below(node, scope)]
    block = _block(source, scope, form, inside)
    _require_promises(source, block, calls)
    using = [child for child in block.named_children if any(is_below(node, child) for node in inside)]
    statements = using or _after_binding(source, scope, block, form)
    if not statements:
        raise AfterpushError(f"{source.file}: no statement uses {form.handle} where it is made: {_HELP}")
    _require_own_line(source, statements[0])
    return Spot(form, statements[0].start_byte)


def _require_promises(source: Source, block: "Node", calls: Sequence["Node"]) -> None:
    why = _why_no_await(source, block)
    if any(_takes_callback(call) for call in calls):
        why = "its calls are answered through callbacks"
    if why:
        raise AfterpushError(f"{source.file}: steps must be awaited, and {why}: {_HELP}")


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


def _scope(source: Source, form: CallForm, calls: Sequence["Node"]) -> "Node":
    """The function that the steps belong to.

    The exported one that makes the calls; else the one around them, if it is called from one place only;
    else the exported one that knows the handle: the calls are then made by a helper.
    """
    exported = exported_names(source)
    root = form.root
    entrances = [
        node
        for node in walk(source.root)
        if node.type in FUNCTIONS and (source.name_of(node) in exported or _is_default_export(source, node))
    ]
    direct = [node for node in entrances if any(is_below(call, node) for call in calls)]
    around = [node for node in ancestors(calls[0]) if node.type in FUNCTIONS]
    if direct or not around:
        return direct[0] if direct else source.root
    if _call_count(source, source.name_of(around[-1])) == 1:
        return around[-1]
    is_known = root == "this" or _is_bound_outside(source, root)
    knowing = [node for node in entrances if is_known or _binds(source, node, root)]
    return knowing[0] if knowing else around[-1]


def _indirect(source: Source, root: str, calls: Sequence["Node"]) -> list["Node"]:
    """Calls that hand the handle on, and calls of this file's functions that use it."""
    using = {
        source.name_of(above) for call in calls for above in ancestors(call) if above.type in FUNCTIONS
    } - {""}
    found = []
    for node in walk(source.root):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        given = node.child_by_field_name("arguments")
        if called is None or given is None or source.text(called).startswith("console."):
            continue
        hands_on = any(child.type == "identifier" and source.text(child) == root for child in given.children)
        if hands_on or source.text(called) in using:
            found.append(node)
    return found


def _call_count(source: Source, name: str) -> int:
    """From how many places a function is called; the calls in a loop count as many."""
    count = 0
    for node in walk(source.root):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        owner, _, method = source.text(called).rpartition(".") if called is not None else ("", "", "")
        if name and method == name and (owner in ("", "this") or owner[:1].isupper()):
            in_loop = any(above.type.startswith(("for_", "while_", "do_")) for above in ancestors(node))
            count += 2 if in_loop else 1
    return count


def _is_default_export(source: Source, function: "Node") -> bool:
    above = function.parent
    text = source.text(above) if above is not None and above.type == "export_statement" else ""
    return text.startswith("export default")


def _is_bound_outside(source: Source, name: str) -> bool:
    """Whether the module itself binds the name, by import or declaration."""
    return any(
        node.type in ("import_statement", "lexical_declaration", "variable_declaration")
        and re.search(rf"\b{re.escape(name)}\b", source.text(node).split("=")[0])
        for child in source.root.named_children
        for node in (child, *(child.named_children if child.type == "export_statement" else ()))
    )


def _binds(source: Source, function: "Node", name: str) -> bool:
    return any(True for _ in _bindings(source, function, name))


def _bindings(source: Source, function: "Node", name: str) -> Iterable["Node"]:
    """Declarations, parameters and assignments of a name in a function."""
    pattern = re.compile(rf"\b{re.escape(name)}\b")
    for node in walk(function):
        if node.type in ("variable_declarator", "required_parameter", "optional_parameter"):
            bound = node.child_by_field_name("name") or node.child_by_field_name("pattern")
            if bound is not None and pattern.search(source.text(bound)):
                yield node
        elif node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            if left is not None and source.text(left) == name:
                yield node


def _block(source: Source, scope: "Node", form: CallForm, inside: Sequence["Node"]) -> "Node":
    """The outermost block of the function in which the handle is made before it is used."""
    bound = list(_bindings(source, scope, form.root))
    chain = (
        [node for node in ancestors(inside[0]) if node.type in ("statement_block", "program")]
        if inside
        else []
    )
    chain = [node for node in chain if is_below(node, scope) or node == scope]
    for block in reversed(chain):
        using = [child for child in block.named_children if any(is_below(own, child) for own in inside)]
        if using and all(node.end_byte <= using[0].start_byte for node in bound if is_below(node, block)):
            return block
    body = scope.child_by_field_name("body") or scope
    if not chain and body.type in ("statement_block", "program"):
        return body
    raise AfterpushError(f"{source.file}: {form.handle} is not made before it is used: {_HELP}")


def _after_binding(source: Source, scope: "Node", block: "Node", form: CallForm) -> list["Node"]:
    """The statements that follow where the handle is made."""
    bound = [node.end_byte for node in _bindings(source, scope, form.root)]
    return [child for child in block.named_children if child.start_byte >= max(bound, default=0)]
