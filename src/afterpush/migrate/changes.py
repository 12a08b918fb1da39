"""What a statement does to the schema, applied the way a server applies it: IF NOT EXISTS keeps the old."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from afterpush.migrate.model import Check, Column, ForeignKey, Index, Part, Place, Program, Schema, Table
from afterpush.migrate.parts import Written

# A name, where it was made, and where it is described otherwise.
Hidden = tuple[str, Place, Place]


@dataclass
class Folding:
    """The schema so far, and what was noticed on the way.

    `impossible` are statements that fail where they stand; `hidden` are tables that a later CREATE TABLE
    IF NOT EXISTS describes otherwise, `lost` those of them where it asks for what is not there.
    """

    schema: Schema = field(default_factory=Schema)
    impossible: list[tuple[Place, str]] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    lost: list[Hidden] = field(default_factory=list)

    def table(self, name: str, place: Place) -> Table:
        """The table, or what is known of it from now on: another repository may own its creation."""
        found = self.schema.table(name)
        if found is None:
            found = Table(name, place, created=False)
            self.schema.tables[name.lower()] = found
        return found


Change = Callable[[Folding], None]


def create_table(table: Table, *, if_not_exists: bool, replaces: bool) -> Change:
    def apply(folding: Folding) -> None:
        standing = folding.schema.table(table.name)
        if standing is not None and standing.created and not replaces:
            if standing.facts() != table.facts():
                folding.hidden.append((table.name, standing.place, table.place))
                if not _has_all_of(standing, table):
                    folding.lost.append((table.name, standing.place, table.place))
            if not if_not_exists:
                folding.impossible.append(
                    (table.place, f"table {table.name} was made at {standing.place} already")
                )
            return
        made = table.copy(table.name, table.place, with_foreign_keys=True)
        if standing is not None and not standing.created:
            _adopt(made, standing)
        folding.schema.tables[table.name.lower()] = made

    return apply


def _has_all_of(standing: Table, wanted: Table) -> bool:
    """Whether the standing table has every column and index of the other, defined alike."""
    columns = all(
        name in standing.columns and standing.column_facts(standing.columns[name]) == wanted.column_facts(own)
        for name, own in wanted.columns.items()
    )
    indexes = {index.facts() for index in standing.indexes.values()}
    return columns and all(index.facts() in indexes for index in wanted.indexes.values())


def _adopt(table: Table, partial: Table) -> None:
    """What was changed before the table's creation was read stays (boot scripts in any order)."""
    for name, column in partial.columns.items():
        table.columns.setdefault(name, column)
    for name, index in partial.indexes.items():
        table.indexes.setdefault(name, index)
    table.foreign_keys += partial.foreign_keys
    table.checks += partial.checks


def like_table(name: str, source: str, place: Place, *, if_not_exists: bool) -> Change:
    def apply(folding: Folding) -> None:
        model = folding.schema.table(source)
        if model is None or not model.created:
            folding.impossible.append((place, f"table {source} is unknown here; LIKE copies it"))
        else:
            copy = model.copy(name, place)
            create_table(copy, if_not_exists=if_not_exists, replaces=False)(folding)

    return apply


def drop_table(names: tuple[str, ...]) -> Change:
    def apply(folding: Folding) -> None:
        for name in names:
            folding.schema.tables.pop(name.lower(), None)
            for key, program in list(folding.schema.programs.items()):
                if program.kind == "trigger" and program.table.lower() == name.lower():
                    del folding.schema.programs[key]

    return apply


def rename_table(old: str, new: str, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.schema.tables.pop(old.lower(), None) or Table(new, place, created=False)
        table.name = new
        folding.schema.tables[new.lower()] = table
        for other in folding.schema.tables.values():
            other.foreign_keys = [
                replace(key, target=new) if key.target.lower() == old.lower() else key
                for key in other.foreign_keys
            ]

    return apply


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
        _rename_key(table, old, column)
        for index in written.indexes:
            add_to(table, replace(index, added=True))
        table.checks += written.checks

    return apply


def rename_column(table_name: str, old: str, new: str, place: Place) -> Change:
    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        before = table.columns.get(old.lower())
        if before is not None:
            _rename_key(table, old, replace(before, name=new, earlier=()))
        elif table.created:
            folding.impossible.append((place, f"column {table_name}.{old} is unknown here"))

    return apply


def _rename_key(table: Table, old: str, column: Column) -> None:
    if old.lower() not in table.columns:
        table.columns[column.name.lower()] = column
        return
    table.columns = {
        (column.name.lower() if name == old.lower() else name): (column if name == old.lower() else other)
        for name, other in table.columns.items()
    }
    if old.lower() != column.name.lower():
        _rename_in_keys(table, old, column.name)


def _rename_in_keys(table: Table, old: str, new: str) -> None:
    def renamed(name: str) -> str:
        return new if name.lower() == old.lower() else name

    table.indexes = {
        key: replace(index, parts=tuple(replace(part, column=renamed(part.column)) for part in index.parts))
        for key, index in table.indexes.items()
    }
    table.foreign_keys = [
        replace(key, columns=tuple(map(renamed, key.columns))) for key in table.foreign_keys
    ]


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
            table.foreign_keys = [key for key in table.foreign_keys if key.name.lower() != name.lower()]
        if "check" in kinds:
            table.checks = [check for check in table.checks if check.name.lower() != name.lower()]
        if "index" in kinds:
            table.indexes.pop(name.lower(), None)

    return apply


def set_options(table_name: str, options: dict[str, str], place: Place) -> Change:
    def apply(folding: Folding) -> None:
        folding.table(table_name, place).options.update(options)

    return apply


def convert_charset(table_name: str, charset: str, collation: str, place: Place) -> Change:
    """CONVERT TO CHARACTER SET: the default, and every text column."""

    def apply(folding: Folding) -> None:
        table = folding.table(table_name, place)
        table.options.pop("collate", None)
        table.options["charset"] = charset
        if collation:
            table.options["collate"] = collation
        for name, column in table.columns.items():
            if column.is_text:
                earlier = (*column.earlier, replace(table.effective(column), earlier=()))
                table.columns[name] = replace(column, charset="", collation="", earlier=earlier)

    return apply


def create_program(program: Program, *, if_not_exists: bool, replaces: bool) -> Change:
    def apply(folding: Folding) -> None:
        key = (program.kind, program.name.lower())
        standing = folding.schema.programs.get(key)
        if standing is not None and if_not_exists and standing.facts() != program.facts():
            folding.hidden.append((program.name, standing.place, program.place))
            folding.lost.append((program.name, standing.place, program.place))
        if standing is None or replaces:
            folding.schema.programs[key] = program
        elif not if_not_exists:
            said = f"{program.kind} {program.name} was made at {standing.place} already"
            folding.impossible.append((program.place, said))

    return apply


def drop_program(kind: str, names: tuple[str, ...]) -> Change:
    def apply(folding: Folding) -> None:
        for name in names:
            folding.schema.programs.pop((kind, name.lower()), None)

    return apply
