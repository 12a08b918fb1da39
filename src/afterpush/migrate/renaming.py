"""What follows a column's new name: keys, checks, generated columns, and foreign keys of other tables."""

from dataclasses import replace

from afterpush.migrate.model import Table
from afterpush.migrate.tokens import with_other_name


def rename_in_references(table: Table, target: str, old: str, new: str) -> None:
    """Foreign keys of this table follow a column's new name in the table that they point to."""
    table.foreign_keys = [
        replace(
            key,
            target_columns=tuple(new if own.lower() == old.lower() else own for own in key.target_columns),
        )
        if key.target.lower() == target.lower()
        else key
        for key in table.foreign_keys
    ]


def rename_in_keys(table: Table, old: str, new: str) -> None:
    """Indexes, keys, checks and generated columns follow their column's new name."""

    def renamed(name: str) -> str:
        return new if name.lower() == old.lower() else name

    table.checks = [
        replace(
            check,
            expression=with_other_name(check.expression, old, new),
            column=renamed(check.column),
        )
        for check in table.checks
    ]
    table.columns = {
        name: replace(column, generated=with_other_name(column.generated, old, new))
        if column.generated
        else column
        for name, column in table.columns.items()
    }

    table.indexes = {
        key: replace(index, parts=tuple(replace(part, column=renamed(part.column)) for part in index.parts))
        for key, index in table.indexes.items()
    }
    table.foreign_keys = [
        replace(key, columns=tuple(map(renamed, key.columns))) for key in table.foreign_keys
    ]
