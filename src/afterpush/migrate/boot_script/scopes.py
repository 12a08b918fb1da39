"""Which declaration a name means: JavaScript's lexical scopes.

    const name = "orders";
    function make(db, name) { ... `CREATE TABLE ${name} (id INT)` ... }    // the parameter, not "orders"

The nearest enclosing scope that binds the name decides: a function's parameters, a block's declarations, a
loop's or a catch's variable. A `var` counts for the block that it is in.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function method_definition generator_function "
    "generator_function_declaration".split()
)
_BLOCKS = frozenset("program statement_block class_static_block switch_case switch_default".split())
_DECLARATIONS = frozenset("lexical_declaration variable_declaration".split())
_NAMED = frozenset(
    "function_declaration generator_function_declaration class_declaration abstract_class_declaration "
    "enum_declaration".split()
)
_NAMES = frozenset("identifier shorthand_property_identifier_pattern".split())
_IMPORTS = frozenset("import_clause import_specifier namespace_import".split())


class Scopes:
    """The scopes of one file; each is read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bound: dict[int, dict[str, Node]] = {}

    def declaration(self, node: "Node", name: str) -> "Node | None":
        """What binds this name where the node is: a `variable_declarator`, or whatever else does."""
        scope = node.parent
        while scope is not None:
            found = self._names(scope).get(name)
            if found is not None and not _is_own_default(found, node):
                return found
            scope = scope.parent
        return None

    def _names(self, scope: "Node") -> "dict[str, Node]":
        if scope.id not in self._bound:
            self._bound[scope.id] = self._read(scope)
        return self._bound[scope.id]

    def _read(self, scope: "Node") -> "dict[str, Node]":
        found: dict[str, Node] = {}
        if scope.type in FUNCTIONS:
            for field in ("parameters", "parameter"):
                self._pattern(scope.child_by_field_name(field), None, found)
        elif scope.type in _BLOCKS:
            for child in scope.named_children:
                inner = (
                    child.child_by_field_name("declaration") if child.type == "export_statement" else child
                )
                self._statement(inner if inner is not None else child, found)
        elif scope.type == "for_in_statement":
            self._pattern(scope.child_by_field_name("left"), None, found)
        elif scope.type == "for_statement":
            self._statement(scope.child_by_field_name("initializer"), found)
        elif scope.type == "catch_clause":
            self._pattern(scope.child_by_field_name("parameter"), None, found)
        return found

    def _statement(self, node: "Node | None", found: "dict[str, Node]") -> None:
        if node is None:
            return
        if node.type in _DECLARATIONS:
            for declarator in node.named_children:
                self._pattern(declarator.child_by_field_name("name"), declarator, found)
        elif node.type in _NAMED:
            self._pattern(node.child_by_field_name("name"), node, found)
        elif node.type == "import_statement":
            self._pattern(node, node, found)

    def _pattern(self, node: "Node | None", binder: "Node | None", found: "dict[str, Node]") -> None:
        """Every name that a pattern binds. Only a plain name stands for its declarator's whole value."""
        if node is None:
            return
        if node.type in _NAMES or node.type == "type_identifier":
            name = self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            found.setdefault(name, binder if binder is not None else node)
            return
        for child in node.named_children:
            if not _is_no_name(child):
                self._pattern(
                    child, None if node.type not in _IMPORTS | {"import_statement"} else binder, found
                )


def _is_no_name(child: "Node") -> bool:
    """A default value, a type, a property's key, or where an import comes from."""
    parent = child.parent
    if child.type == "type_annotation" or parent is None:
        return True
    other = (
        {"value"}
        if parent.type in ("required_parameter", "optional_parameter")
        else {"right", "key", "source"}
    )
    if parent.type == "import_specifier" and parent.child_by_field_name("alias") is not None:
        other = {"name"}
    return any(parent.child_by_field_name(field) == child for field in other)


def _is_own_default(found: "Node", node: "Node") -> bool:
    """`const a = a + 1`: a declaration's own value does not see it yet."""
    return found.type == "variable_declarator" and found.start_byte <= node.start_byte < found.end_byte
