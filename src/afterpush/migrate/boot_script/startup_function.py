"""The function that runs once when an app starts, and from which its database is reached first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.boot_script.call_form import CallForm
from afterpush.migrate.boot_script.exports import exported_names
from afterpush.migrate.boot_script.running_order import LOOPS, RunningOrder, is_member
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, is_below, walk

if TYPE_CHECKING:
    from tree_sitter import Node

HELP = (
    "write one such call there (await db.execute(...)), or use --target=sql and run `inv migrate.apply` "
    "before the app"
)


@dataclass(frozen=True)
class Entrance:
    """A function that runs once when the app starts (None: the file itself), and in it the node from which
    the database is reached first, in the form that its handle has there."""

    function: "Node | None"
    node: "Node"
    form: CallForm


def find_entrance(source: Source, order: RunningOrder, form: CallForm, call: "Node") -> Entrance:
    """From the first call outwards, to the first function that runs once and is no helper of others.

    async function addColumn(db, name) { await db.query(...); }     called many times, and
    export async function migrate() { await addColumn(pool, "a");   here the handle is `pool`
    """
    exported = exported_names(source)
    at, found = call, form
    seen: set[int] = set()
    while True:
        holder = order.holder(at)
        while holder is not None and holder.type not in FUNCTIONS and not _is_function(holder):
            uses = order.uses(holder)
            if not uses:
                break
            at, holder = uses[0], order.holder(uses[0])
        function = _function_of(source, order, found, at)
        if holder is None or function is None or holder.id in seen:
            return Entrance(function, at, found)
        seen.add(holder.id)
        name, uses = holder.child_by_field_name("name"), order.uses(holder)
        is_exported = name is not None and source.text(name) in exported
        if is_member(holder) and not uses:
            _require_no_list(source, holder)
        if not uses or (len(uses) == 1 and not is_exported and _is_plain_call(uses[0])):
            return Entrance(function, at, found)
        outer = _seen_from(source, found, holder, at, uses[0])
        if outer is None or _function_of(source, order, outer, uses[0]) is None:
            if len(uses) == 1 or is_exported or not _is_called(uses[0]):
                return Entrance(function, at, found)
            raise AfterpushError(
                f"{source.file}:{source.line(holder)}: {found.handle} is made in a function that runs "
                f"more than once: {HELP}"
            )
        at, found = uses[0], outer


def _is_function(declarator: "Node") -> bool:
    value = declarator.child_by_field_name("value")
    return value is not None and value.type in FUNCTIONS


def _is_called(use: "Node") -> bool:
    return use.parent is not None and use.parent.type in ("call_expression", "member_expression")


def _is_plain_call(use: "Node") -> bool:
    """Whether this is a statement that only calls it, once: `await initDb();`, `main().catch(log);`."""
    for above in ancestors(use):
        if above.type in ("expression_statement", "return_statement"):
            loops = (one.type.startswith(("for_", "while_", "do_")) for one in ancestors(above))
            return not any(loops)
        if above.type not in ("call_expression", "await_expression", "member_expression", "unary_expression"):
            return False
    return False


def _function_of(source: Source, order: RunningOrder, form: CallForm, node: "Node") -> "Node | None":
    """The function that the steps belong to, seen from a node that uses the handle: the one that makes the
    handle, else the innermost that can await and is not run for each item of a list."""
    made = source.declaration(node, form.root)
    blocks = []
    for function in (above for above in ancestors(node) if above.type in FUNCTIONS):
        body = function.child_by_field_name("body")
        has_block = body is not None and body.type == "statement_block"
        is_looped = function.parent is not None and order.is_given_to(function.parent, LOOPS)
        can_await = any(child.type == "async" for child in function.children)
        if (made is not None and is_below(made, function)) or (has_block and can_await and not is_looped):
            return function
        blocks += [function] if has_block else []
    return next(iter(blocks[-1:]), None)


def _seen_from(source: Source, form: CallForm, holder: "Node", at: "Node", use: "Node") -> CallForm | None:
    """The form in which a caller of the function has its handle; None where it does not have it."""
    if form.root == "this":
        is_own = use.parent is not None and source.text(use.parent).startswith("this.")
        return form if is_own else None
    made = source.declaration(at, form.root)
    function = holder.child_by_field_name("value") if holder.type == "variable_declarator" else holder
    assert function is not None
    if made is None or not is_below(made, function):
        known = source.declaration(use, form.root)
        return form if known == made else None
    parameters = function.child_by_field_name("parameters")
    given = _arguments(use)
    for number, parameter in enumerate(parameters.named_children if parameters is not None else ()):
        if is_below(made, parameter) and number < len(given) and form.handle == form.root:
            handle = source.text(given[number])
            return form.on(handle) if handle.replace(".", "").isidentifier() else None
    return None


def _arguments(use: "Node") -> list["Node"]:
    call = next((above for above in ancestors(use) if above.type == "call_expression"), None)
    listed = call.child_by_field_name("arguments") if call is not None else None
    return listed.named_children if listed is not None else []


def _require_no_list(source: Source, function: "Node") -> None:
    """Of a list of functions, each may run once and never again: that is no place for steps."""
    literal = function.parent
    assert literal is not None
    for above in ancestors(function):
        literal = above if above.type in ("object", "array") else literal
    functions = [node for node in walk(literal) if node.type in FUNCTIONS and is_member(node)]
    if len(functions) > 1:
        raise AfterpushError(
            f"{source.file}:{source.line(function)}: the database is reached in functions of a list, and "
            f"nothing shows where they are called: {HELP}"
        )
