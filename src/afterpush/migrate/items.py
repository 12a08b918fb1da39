"""Schema objects as the audit lists, compares and covers them."""

from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.migrate.model import Place, Schema, Table


@dataclass(frozen=True, slots=True)
class Item:
    """One schema object with its facts: what audit lists, compares and covers.

    Where the sources gave no name, `name` is the columns or the expression in parentheses.
    """

    kind: str
    table: str
    name: str
    place: Place
    facts: tuple[object, ...]


def items(schema: Schema) -> Iterator[Item]:
    """All objects: each table with its columns, keys and checks, then views, triggers and routines."""
    for table in schema.tables.values():
        yield from table_items(table)
    for program in schema.programs.values():
        yield Item(program.kind, program.table, program.name, program.place, program.facts())


def table_items(table: Table) -> Iterator[Item]:
    """The table, when it was created, and its parts."""
    if table.created:
        facts = (table.option_facts(), " ".join(table.partition.lower().split()))
        yield Item("table", table.name, table.name, table.place, facts)
    for column in table.columns.values():
        yield Item("column", table.name, column.name, column.place, table.column_facts(column))
    for index in table.indexes.values():
        kind = "primary_key" if index.name == "PRIMARY" else "index"
        yield Item(kind, table.name, index.name, index.place, index.facts())
    for key in table.foreign_keys:
        name = key.name or f"({', '.join(key.columns)})"
        yield Item("foreign_key", table.name, name, key.place, key.facts())
    for check in table.checks:
        yield Item("check", table.name, check.name or f"({check.expression})", check.place, check.facts())
