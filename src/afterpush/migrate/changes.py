"""What a statement does to tables and programs, as a server does it: IF NOT EXISTS keeps the old."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from afterpush.migrate.model import Place, Program, Schema, Table

# A name, where it was made, and where it is described otherwise.
Hidden = tuple[str, Place, Place]


@dataclass
class Folding:
    """The schema so far, and what was noticed on the way.

    `impossible` are statements that fail where they stand; `hidden` are tables that a later CREATE TABLE
    IF NOT EXISTS describes otherwise, `lost` those of them where it asks for what is not there, with the
    table that it asks for.
    """

    schema: Schema = field(default_factory=Schema)
    impossible: list[tuple[Place, str]] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    lost: list[tuple[Hidden, Table | None]] = field(default_factory=list)

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
                    folding.lost.append(((table.name, standing.place, table.place), table))
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
            folding.lost.append(((program.name, standing.place, program.place), None))
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
