"""What a module exports, and whether another one calls it."""

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.boot import sql_in
from afterpush.migrate.boot_script.call_form import form_of
from afterpush.migrate.boot_script.typescript import FUNCTIONS, Source, ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node


def exported_names(source: Source) -> frozenset[str]:
    """The names that a module exports; `default` stands for whatever name the importer gives it."""
    found: set[str] = set()
    for node in walk(source.root):
        if node.type == "export_statement":
            text = source.text(node)
            found |= {"default"} if text.startswith("export default") else set()
            for below in walk(node):
                if below.type in ("function_declaration", "variable_declarator", "class_declaration"):
                    name = below.child_by_field_name("name")
                    found |= {source.text(name)} if name is not None else set()
                    break
            found |= {
                source.text(below).split(" as ")[-1]
                for below in walk(node)
                if below.type == "export_specifier"
            }
        elif node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            match = re.fullmatch(
                r"(?:module\.)?exports(?:\.(\w+))?", source.text(left) if left is not None else ""
            )
            found |= {match[1] or "default"} if match else set()
            right = node.child_by_field_name("right")
            if match and right is not None and right.type == "object":
                found |= {source.text(child).split(":")[0] for child in right.named_children}
    return frozenset(found)


def handed_on(source: Source, names: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """What `export ... from` hands on of these names: the specifier, and the names that they then have."""
    for node in source.root.named_children:
        where = node.child_by_field_name("source") if node.type == "export_statement" else None
        specifier = source.value(where) if where is not None else None
        if specifier is None:
            continue
        clauses = [child for child in node.named_children if child.type == "export_clause"]
        if not clauses:
            yield specifier.value, [name for name in names if name != "default"]
        for clause in clauses:
            pairs = [source.text(child).split(" as ") for child in clause.named_children]
            yield specifier.value, [pair[-1].strip() for pair in pairs if pair[0].strip() in names]


class Use(IntEnum):
    """What a file does with something that it imports: nothing, naming it, calling it or handing it on."""

    NONE = 0
    NAMED = 1
    CALLED = 2


def use_of(source: Source, specifier: "Node", offered: frozenset[str]) -> Use:
    """What a file does with the names that it gets from a module, by this import or require."""
    statement = specifier.parent
    assert statement is not None
    if statement.type == "export_statement":
        return Use.NONE  # A barrel: who imports from it is asked there.
    if statement.type == "import_statement":
        given = list(_imported(source, statement, offered))
    else:
        whole, holder = _required(specifier)
        if holder is None or holder.type in ("call_expression", "arguments"):
            return Use.NONE if holder is None else Use.CALLED  # require("./boot")(), register(import(...))
        if holder.type == "member_expression":
            name = holder.child_by_field_name("property")
            is_offered = name is not None and source.text(name) in offered | {"then", "default"}
            return Use.CALLED if is_offered else Use.NONE
        pattern = holder.child_by_field_name("name") if holder.child_by_field_name("value") == whole else None
        given = list(_bound(source, pattern, offered)) if pattern is not None else []
    names = frozenset(given)
    uses = (_use_at(source, node, offered) for node in walk(source.root) if _is_use(source, node, names))
    return max(uses, default=Use.NONE)


def _imported(source: Source, statement: "Node", offered: frozenset[str]) -> Iterator[str]:
    for node in walk(statement):
        if node.type == "import_specifier":
            name, _, given = source.text(node).removeprefix("type ").partition(" as ")
            if name.strip() in offered:
                yield (given or name).strip()
        elif node.type in ("import_clause", "namespace_import"):
            yield from (source.text(child) for child in node.named_children if child.type == "identifier")


def _required(specifier: "Node") -> "tuple[Node, Node | None]":
    """The whole of `(await import("./boot"))`, and what it is in where that does something with it."""
    whole = next(above for above in ancestors(specifier) if above.type == "call_expression")
    holder = whole.parent
    while holder is not None and holder.type in ("await_expression", "parenthesized_expression"):
        whole, holder = holder, holder.parent
    kinds = ("variable_declarator", "member_expression", "call_expression", "arguments")
    return whole, holder if holder is not None and holder.type in kinds else None


def _bound(source: Source, pattern: "Node", offered: frozenset[str]) -> Iterator[str]:
    if pattern.type == "identifier":
        yield source.text(pattern)
    for child in pattern.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if source.text(key if key is not None else child) in offered | {"default"}:
            yield source.text(value if value is not None else child)


def _is_use(source: Source, node: "Node", names: frozenset[str]) -> bool:
    """Whether one of the names is here for its value: not where it gets it, and not in a type."""
    if node.type not in ("identifier", "shorthand_property_identifier") or source.text(node) not in names:
        return False
    above = node.parent
    if above is None or (above.type == "variable_declarator" and above.child_by_field_name("name") == node):
        return False
    return not any(one.type in ("import_statement", "export_specifier") for one in ancestors(node))


def _use_at(source: Source, node: "Node", offered: frozenset[str]) -> Use:
    above = node.parent
    assert above is not None
    if above.type == "arguments" or above.child_by_field_name("function") == node:
        return Use.CALLED  # `.then(runAutoMigrations)`
    name = above.child_by_field_name("property") if above.type == "member_expression" else None
    return Use.CALLED if name is not None and source.text(name) in offered else Use.NAMED


_BY_FRAMEWORKS = frozenset("constructor onModuleInit onApplicationBootstrap".split())


def called_members(source: Source) -> Iterator[str]:
    """The names after the dots of all calls."""
    for node in walk(source.root):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        name = called.child_by_field_name("property") if called is not None else None
        if name is not None:
            yield source.text(name)


def members(source: Source, exported: frozenset[str], called: set[str]) -> bool:
    """Whether a method of the module's classes and objects is among these, or frameworks call it."""
    own = {
        source.name_of(node)
        for node in walk(source.root)
        if node.type in ("method_definition", "pair", "public_field_definition", "arrow_function")
    }
    return bool((own - exported) & (called | _BY_FRAMEWORKS))


def runs_on_import(source: Source) -> bool:
    """Whether loading the module runs code of it that calls or awaits something: not inside a function,
    and not where it asks whether it is the main one."""
    own = {source.name_of(node) for node in walk(source.root) if node.type in FUNCTIONS} - {""}
    sql = [node for node, _ in sql_in(source)]
    for node in walk(source.root):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        if called is None or any(_defers(source, above) for above in ancestors(node)):
            continue
        while called.type == "parenthesized_expression" and called.named_children:
            called = called.named_children[0]
        is_awaited = node.parent is not None and node.parent.type == "await_expression"
        is_own = called.type in FUNCTIONS or source.text(called) in own
        if is_own or (is_awaited and form_of(source, node, sql) is not None):
            return True
    return False


def _defers(source: Source, above: "Node") -> bool:
    if above.type in FUNCTIONS:
        return True
    condition = above.child_by_field_name("condition") if above.type == "if_statement" else None
    return condition is not None and bool(re.search(r"\bmain\b|argv", source.text(condition)))
