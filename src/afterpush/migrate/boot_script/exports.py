"""What a module exports, and whether another one calls it."""

import re
from collections.abc import Iterator

from afterpush.migrate.boot_script.typescript import Source, walk


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


def calls_any(source: Source, exported: frozenset[str]) -> bool:
    """Whether a module calls one of these names, itself, as a member, or under the name it gave it."""
    names = exported | _given_names(source, exported)
    for node in walk(source.root):
        if node.type == "call_expression":
            called = node.child_by_field_name("function")
            if called is not None and re.split(r"[.?!]+", source.text(called))[-1] in names:
                return True
            arguments = node.child_by_field_name("arguments")
            passed = arguments.named_children if arguments is not None else []
            if any(source.text(argument) in names for argument in passed if argument.type == "identifier"):
                return True  # `.then(runAutoMigrations)`
    return False


def _given_names(source: Source, exported: frozenset[str]) -> set[str]:
    """The names that a module gives to what it imports of these, or requires as a whole."""
    found: set[str] = set()
    for node in walk(source.root):
        if node.type == "import_specifier":
            name, _, given = source.text(node).partition(" as ")
            found |= {given.strip()} if name.strip() in exported else set()
        elif node.type == "import_clause" and "default" in exported:
            found |= {source.text(child) for child in node.named_children if child.type == "identifier"}
        elif node.type == "variable_declarator" and "default" in exported:
            match = re.match(r"(\w+)\s*=\s*(?:await\s+)?(?:require|import)\(", source.text(node))
            found |= {match[1]} if match else set()
    return found - {""}


def runs_on_import(source: Source) -> bool:
    """Whether the module calls something where it is (not inside a function), beyond requiring."""
    for child in source.root.children:
        if child.type != "expression_statement":
            continue
        text = source.text(child)
        called = re.match(r"(?:void\s+|await\s+)?(\w+)\s*\(|\(?\s*async|;?\(", text)
        if called and called[1] not in ("require", "describe"):
            return True
    return False
