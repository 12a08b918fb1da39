"""How a boot script reaches its database, and where in it more steps can stand."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.ground.errors import AfterpushError
from afterpush.migrate.boot import sql_nodes
from afterpush.migrate.exports import exported_names
from afterpush.migrate.typescript import Source, ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_METHODS = frozenset(
    "execute query raw run exec unsafe $executeRaw $executeRawUnsafe $queryRaw $queryRawUnsafe".split()
)
_FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function method_definition generator_function".split()
)
_HELP = (
    "write one such call there (await db.execute(...)), or use --target=sql and run `inv migrate.apply` "
    "before the app"
)


@dataclass(frozen=True)
class CallForm:
    """`await HANDLE.METHOD(...)`, with SQL as a template (`tag`), in a call (`wrapper`), or as it is."""

    handle: str
    method: str
    tag: str = ""
    wrapper: str = ""

    def sql(self, text: str) -> str:
        """The SQL as this script would write it."""
        template = "`" + text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") + "`"
        if self.tag:
            return f"{self.tag}{template}"
        return f"{self.wrapper}({template})" if self.wrapper else template

    def call(self, argument: str, *, reads: bool = False, unprepared: bool = False) -> str:
        """The call; one that `reads` returns rows, one that is `unprepared` must not be prepared first."""
        method = self.method
        if reads and method.startswith("$executeRaw"):
            method = method.replace("$executeRaw", "$queryRaw")
        if unprepared and method == "execute" and not (self.tag or self.wrapper):
            method = "query"
        return f"{self.handle}.{method}({argument})"


@dataclass(frozen=True)
class Spot:
    """Where steps can stand: byte offsets before the first and after the last use of the database."""

    form: CallForm
    first: int
    last: int


def find_spot(source: Source) -> Spot:
    """The script's call form and the places for steps. Raises AfterpushError where there are none."""
    line = source.first_error()
    if line is not None:
        said = "from here on this is no TypeScript; correct it before steps are added"
        raise AfterpushError(f"{source.file}:{line}: {said}")
    uses = [(node, form) for node in walk(source.root) if (form := _form(source, node))]
    if not uses:
        raise AfterpushError(f"{source.file} never reaches a database that steps could use: {_HELP}")
    sql = sql_nodes(source)
    form = _commonest(source, uses, sql)
    scope = _scope(source, form, [node for node, found in uses if found.handle == form.handle])
    inside = [node for node, found in uses if found.handle == form.handle and _is_below(node, scope)]
    inside += [node for node in sql if _is_below(node, scope)]
    block = _block(source, scope, form, inside)
    using = [child for child in block.named_children if any(_is_below(node, child) for node in inside)]
    statements = using or _after_binding(source, scope, block, form)
    if not statements:
        raise AfterpushError(f"{source.file}: no statement uses {form.handle} where it is made: {_HELP}")
    last = statements[-1]
    is_return = last.type in ("return_statement", "throw_statement")
    return Spot(form, statements[0].start_byte, last.start_byte if is_return else last.end_byte)


def _form(source: Source, node: "Node") -> CallForm | None:
    """The form of a call on a database handle."""
    if node.type != "call_expression":
        return None
    called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if called is None or called.type != "member_expression" or arguments is None:
        return None
    handle, method = called.child_by_field_name("object"), called.child_by_field_name("property")
    if handle is None or method is None or source.text(method) not in _METHODS:
        return None
    text = source.text(handle)
    if not re.fullmatch(r"[\w$.]+", text) or text.split(".")[0] in ("console", "Promise", "JSON"):
        return None
    first = (
        arguments.named_children[0] if arguments.type == "arguments" and arguments.named_children else None
    )
    if first is None:
        return None
    return CallForm(text, source.text(method), *_wrapping(source, first))


def _wrapping(source: Source, argument: "Node") -> tuple[str, str]:
    """The tag or the wrapping function around the SQL, each empty when there is none."""
    called = argument.child_by_field_name("function")
    if argument.type != "call_expression" or called is None:
        return "", ""
    inner = argument.child_by_field_name("arguments")
    if inner is not None and inner.type == "template_string":
        return source.text(called), ""
    return "", source.text(called)


def _commonest(source: Source, uses: Sequence[tuple["Node", CallForm]], sql: Sequence["Node"]) -> CallForm:
    """The form in which the script runs most of its SQL."""
    counts: dict[CallForm, int] = {}
    for node, form in uses:
        weight = 10 if any(_is_below(own, node) for own in sql) else 1
        counts[form] = counts.get(form, 0) + weight
    return max(counts, key=lambda form: counts[form])


def _scope(source: Source, form: CallForm, calls: Sequence["Node"]) -> "Node":
    """The function that the steps belong to.

    The exported one that makes the calls; else the one around them, if it is called from one place only;
    else the exported one that knows the handle: the calls are then made by a helper.
    """
    exported = exported_names(source)
    root = form.handle.split(".")[0]
    entrances = [
        node
        for node in walk(source.root)
        if node.type in _FUNCTIONS
        and (_name_of(source, node) in exported or _is_default_export(source, node))
    ]
    direct = [node for node in entrances if any(_is_below(call, node) for call in calls)]
    around = [node for node in ancestors(calls[0]) if node.type in _FUNCTIONS]
    if direct or not around:
        return direct[0] if direct else source.root
    if _call_count(source, _name_of(source, around[-1])) == 1:
        return around[-1]
    is_known = root == "this" or _is_bound_outside(source, root)
    knowing = [node for node in entrances if is_known or _binds(source, node, root)]
    return knowing[0] if knowing else around[-1]


def _call_count(source: Source, name: str) -> int:
    """From how many places a function is called; the calls in a loop count as many."""
    count = 0
    for node in walk(source.root):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        if called is not None and source.text(called) == name:
            in_loop = any(above.type.startswith(("for_", "while_", "do_")) for above in ancestors(node))
            count += 2 if in_loop else 1
    return count


def _name_of(source: Source, function: "Node") -> str:
    named = function.child_by_field_name("name")
    if named is None and function.parent is not None and function.parent.type == "variable_declarator":
        named = function.parent.child_by_field_name("name")
    return source.text(named) if named is not None else ""


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
    bound = list(_bindings(source, scope, form.handle.split(".")[0]))
    chain = (
        [node for node in ancestors(inside[0]) if node.type in ("statement_block", "program")]
        if inside
        else []
    )
    chain = [node for node in chain if _is_below(node, scope) or node == scope]
    for block in reversed(chain):
        using = [child for child in block.named_children if any(_is_below(own, child) for own in inside)]
        if using and all(node.end_byte <= using[0].start_byte for node in bound if _is_below(node, block)):
            return block
    body = scope.child_by_field_name("body") or scope
    if not chain and body.type in ("statement_block", "program"):
        return body
    raise AfterpushError(f"{source.file}: {form.handle} is not made before it is used: {_HELP}")


def _after_binding(source: Source, scope: "Node", block: "Node", form: CallForm) -> list["Node"]:
    """The statements that follow where the handle is made."""
    bound = [node.end_byte for node in _bindings(source, scope, form.handle.split(".")[0])]
    return [child for child in block.named_children if child.start_byte >= max(bound, default=0)]


def _is_below(node: "Node", above: "Node") -> bool:
    return above.start_byte <= node.start_byte and node.end_byte <= above.end_byte
