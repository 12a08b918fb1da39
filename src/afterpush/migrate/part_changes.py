"""What a statement does to a table's columns, indexes, keys and checks."""

from dataclasses import replace

from afterpush.migrate.changes import Change, Folding
from afterpush.migrate.columns import Written
from afterpush.migrate.model import Check, Column, ForeignKey, Index, Part, Place, Table
from afterpush.migrate.renaming import rename_in_keys, rename_in_references


def add_column(
    table_name: str, written: Written, place: Place, *, if_not_exists: bool, after: str | None
) -> Change:
    """`after` is a column's name, the empty string for FIRST, None for the end."""

    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        column = replace(written.column, added=True)
        key = column.name.lower()
        if key in table.columns:
            if not if_not_exists:
                folding.impossible.append(
                    (place, _twice("column", table_name, column.name, table.columns[key].place))
                )
            return
        _place(table, column, after)
        for index in written.indexes:
            add_to(table, replace(index, added=True))
        table.checks += written.checks

    return apply


def _twice(kind: str, table: str, name: str, place: Place) -> str:
    return f"{kind} {table}.{name} was made at {place} already"


def _place(table: Table, column: Column, after: str | None) -> None:
    table.columns[column.name.lower()] = column
    if after is None:
        return
    order = [name for name in table.columns if name != column.name.lower()]
    at = order.index(after.lower()) + 1 if after.lower() in order else 0 if after == "" else len(order)
    order.insert(at, column.name.lower())
    table.columns = {name: table.columns[name] for name in order}


def change_column(table_name: str, old: str, written: Written, place: Place) -> Change:
    """MODIFY and CHANGE: the whole definition anew, under the old name or another."""

    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        before = table.columns.get(old.lower())
        if before is None and table.created:
            folding.impossible.append((place, f"column {table_name}.{old} is unknown here"))
            return
        earlier = () if before is None else (*before.earlier, replace(before, earlier=()))
        column = replace(written.column, earlier=earlier, added=before is None or before.added)
        _rename_key(folding, table, old, column)
        for index in written.indexes:
            add_to(table, replace(index, added=True))
        table.checks += written.checks

    return apply


def rename_column(table_name: str, old: str, new: str, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        before = table.columns.get(old.lower())
        if before is not None:
            _rename_key(folding, table, old, replace(before, name=new, earlier=()))
        elif table.created:
            folding.impossible.append((place, f"column {table_name}.{old} is unknown here"))

    return apply


def _rename_key(folding: Folding, table: Table, old: str, column: Column) -> None:
    if old.lower() not in table.columns:
        table.columns[column.name.lower()] = column
        return
    table.columns = {
        (column.name.lower() if name == old.lower() else name): (column if name == old.lower() else other)
        for name, other in table.columns.items()
    }
    if old.lower() != column.name.lower():
        rename_in_keys(table, old, column.name)
        for other in folding.schema.tables.values():
            rename_in_references(other, table.name, old, column.name)


def set_default(table_name: str, name: str, default: str | None, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        before = table.columns.get(name.lower())
        if before is not None:
            earlier = (*before.earlier, replace(before, earlier=()))
            table.columns[name.lower()] = replace(before, default=default, place=place, earlier=earlier)

    return apply


def drop_column(table_name: str, name: str, place: Place) -> Change:
    """The column leaves its indexes too; an index without columns is gone (as on both servers)."""

    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        table.columns.pop(name.lower(), None)
        kept: dict[str, Index] = {}
        for key, index in table.indexes.items():
            parts = tuple(part for part in index.parts if part.column.lower() != name.lower())
            if parts:
                kept[key] = replace(index, parts=parts)
        table.indexes = kept

    return apply


def add_index(table_name: str, index: Index, place: Place, *, if_not_exists: bool = False) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        standing = table.indexes.get(index.name.lower())
        if standing is None:
            add_to(table, replace(index, added=True))
        elif not if_not_exists:
            folding.impossible.append((place, _twice("index", table_name, index.name, standing.place)))

    return apply


def add_to(table: Table, index: Index) -> None:
    """Adds an index under its name, or under the one that the server would give it."""
    name = index.name or _free_name(table, index.parts[0])
    table.indexes[name.lower()] = replace(index, name=name)


def _free_name(table: Table, part: Part) -> str:
    base = "functional_index" if part.expression else part.column
    name, number = base, 2
    while name.lower() in table.indexes or name.lower() == "primary":
        name, number = f"{base}_{number}", number + 1
    return name


def drop_index(table_name: str, name: str, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        folding.table(table_name, place).indexes.pop(name.lower(), None)

    return apply


def rename_index(table_name: str, old: str, new: str, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        index = table.indexes.pop(old.lower(), None)
        if index is not None:
            table.indexes[new.lower()] = replace(index, name=new, place=place)

    return apply


def add_foreign_key(table_name: str, key: ForeignKey, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        if key.name and any(other.name.lower() == key.name.lower() for other in table.foreign_keys):
            folding.impossible.append((place, f"foreign key {table_name}.{key.name} was made before"))
        else:
            table.foreign_keys.append(key)

    return apply


def add_check(table_name: str, check: Check, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        folding.table(table_name, place).checks.append(replace(check, added=True))

    return apply


def drop_constraint(table_name: str, name: str, place: Place, *, kinds: str) -> Change:
    """`kinds` are the words of those that may carry the name: foreign, check, index."""

    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        if "foreign" in kinds:
            dropped = [key for key in table.foreign_keys if key.name.lower() == name.lower()]
            table.foreign_keys = [key for key in table.foreign_keys if key not in dropped]
            for key in dropped:
                _leave_index(table, key)
        if "check" in kinds:
            table.checks = [check for check in table.checks if check.name.lower() != name.lower()]
        if "index" in kinds:
            table.indexes.pop(name.lower(), None)

    return apply


def _leave_index(table: Table, key: ForeignKey) -> None:
    """The index that the server made for a foreign key stays when the key is dropped."""
    columns = [column.lower() for column in key.columns]
    indexed = [
        [part.column.lower() for part in index.parts if not (part.length or part.expression)]
        for index in table.indexes.values()
        if index.family == "btree"
    ]
    indexed += [[column.lower() for column in other.columns] for other in table.foreign_keys]
    if not any(own[: len(columns)] == columns for own in indexed):
        parts = tuple(Part(column) for column in key.columns)
        add_to(table, Index(key.name, key.place, parts, added=True))
