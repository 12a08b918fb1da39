"""Which steps bring a schema to what the sources define, and in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterpush.migrate import key_probes, probes, program_probes, rendering
from afterpush.migrate.coverage import Object
from afterpush.migrate.model import Column, ForeignKey, Index, Program, Schema, Table
from afterpush.migrate.rendering import name
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step


@dataclass(frozen=True)
class Lacking:
    """What of the sources nothing covers yet, by table and kind."""

    objects: Sequence[Object]

    def of(self, kind: str, table: str = "") -> set[str]:
        """Lower-case names of the missing objects of a kind (in a table)."""
        return {
            entry.item.name.lower()
            for entry in self.objects
            if entry.item.kind == kind and (not table or entry.item.table.lower() == table.lower())
        }


def schema_steps(
    sources: Schema, objects: Sequence[Object], elsewhere: frozenset[tuple[str, str]] = frozenset()
) -> list[Step]:
    """Steps for every object that is not covered, in an order in which each finds what it needs.

    `elsewhere` are columns (table, name) that something else adds, perhaps later: none is put after them.

    Tables first, then columns, keys and checks, then foreign keys, then views and programs in the order
    of what they read.
    """
    lacking = Lacking([entry for entry in objects if not entry.covered])
    tables = [table for table in sources.tables.values() if _is_touched(table, lacking)]
    steps: list[Step] = []
    for table in tables:
        if table.name.lower() in lacking.of("table"):
            steps.append(_table_step(table))
    for table in tables:
        steps += _column_steps(table, lacking, elsewhere)
    for table in tables:
        steps += _key_steps(table, lacking)
    for table in tables:
        steps += [_foreign_key_step(table, key) for key in _lacking_foreign_keys(table, lacking)]
    return steps + _program_steps(sources, lacking)


def _is_touched(table: Table, lacking: Lacking) -> bool:
    return any(entry.item.table.lower() == table.name.lower() for entry in lacking.objects)


def _table_step(table: Table) -> Step:
    """CREATE TABLE as the sources leave it; what they added or changed later has steps of its own."""
    columns = [own for own in table.columns.values() if not (own.added or own.earlier)]
    indexes = [own for own in table.indexes.values() if not own.added]
    checks = [own for own in table.checks if not own.added]
    probe = probes.table_probe(table, columns, indexes, checks)
    return Step(f"table {table.name}", "table", table.name, probe, rendering.create_table(table))


def _column_steps(table: Table, lacking: Lacking, elsewhere: frozenset[tuple[str, str]]) -> list[Step]:
    steps: list[Step] = []
    is_new = table.name.lower() in lacking.of("table")
    missing = lacking.of("column", table.name)
    key = table.indexes.get("primary")
    for column in table.columns.values():
        if column.name.lower() not in missing:
            continue
        if column.added or not is_new:
            own_key = _own_key(column, key, lacking, table)
            steps.append(_add_column(table, column, own_key, _position(table, column, elsewhere)))
        if column.earlier:
            steps.append(_modify_column(table, column))
    return steps


def _own_key(column: Column, key: Index | None, lacking: Lacking, table: Table) -> str:
    """AUTO_INCREMENT asks for a key in the same statement."""
    if not column.auto_increment:
        return ""
    if key and [part.column.lower() for part in key.parts] == [column.name.lower()]:
        return " PRIMARY KEY" if "primary" in lacking.of("primary_key", table.name) else ""
    return ""


def _add_column(table: Table, column: Column, own_key: str, position: str) -> Step:
    clause = f"ADD COLUMN {rendering.column(column, table.checks)}{own_key}{position}"
    sql = f"ALTER TABLE {name(table.name)} {clause}"
    probe = probes.column_probe(table, column, changes=False)
    return Step(f"column {table.name}.{column.name}", "column", table.name, probe, sql)


def _position(table: Table, column: Column, elsewhere: frozenset[tuple[str, str]]) -> str:
    """Where the column stands in the sources' table, when that is not the end."""
    order = list(table.columns)
    at = order.index(column.name.lower())
    if not table.created or at == len(order) - 1:
        return ""
    if at and (table.name.lower(), order[at - 1]) in elsewhere:
        return ""
    return f" AFTER {name(table.columns[order[at - 1]].name)}" if at else " FIRST"


def _modify_column(table: Table, column: Column) -> Step:
    own = table.effective(column)
    sql = f"ALTER TABLE {name(table.name)} MODIFY COLUMN {rendering.column(own)}"
    probe = probes.column_probe(table, column, changes=True)
    return Step(f"column {table.name}.{column.name} changed", "column", table.name, probe, sql)


def _key_steps(table: Table, lacking: Lacking) -> list[Step]:
    is_new = table.name.lower() in lacking.of("table")
    steps: list[Step] = []
    for index in table.indexes.values():
        kind = "primary_key" if index.name == "PRIMARY" else "index"
        if index.name.lower() not in lacking.of(kind, table.name) or (is_new and not index.added):
            continue
        steps.append(_index_step(table, index))
    for check in table.checks:
        label = check.name or f"({check.expression})"
        if label.lower() in lacking.of("check", table.name) and (check.added or not is_new):
            sql = f"ALTER TABLE {name(table.name)} ADD {rendering.check(check)}"
            probe = key_probes.check_probe(table.name, check)
            steps.append(Step(f"check {table.name}.{label}", "check", table.name, probe, sql))
    return steps


def _index_step(table: Table, index: Index) -> Step:
    sql = f"ALTER TABLE {name(table.name)} ADD {rendering.index(index)}"
    if index.name == "PRIMARY":
        probe = key_probes.primary_key_probe(table.name, index)
        return Step(f"primary key {table.name}.PRIMARY", "primary_key", table.name, probe, sql)
    probe = key_probes.index_probe(table.name, index)
    return Step(f"index {table.name}.{index.name}", "index", table.name, probe, sql)


def _lacking_foreign_keys(table: Table, lacking: Lacking) -> list[ForeignKey]:
    missing = lacking.of("foreign_key", table.name)
    return [
        key for key in table.foreign_keys if (key.name or f"({', '.join(key.columns)})").lower() in missing
    ]


def _foreign_key_step(table: Table, key: ForeignKey) -> Step:
    label = key.name or f"({', '.join(key.columns)})"
    sql = f"ALTER TABLE {name(table.name)} ADD {rendering.foreign_key(key)}"
    probe = key_probes.foreign_key_probe(table.name, key)
    return Step(f"foreign key {table.name}.{label}", "foreign_key", table.name, probe, sql)


def _program_steps(sources: Schema, lacking: Lacking) -> list[Step]:
    missing = [
        program
        for program in sources.programs.values()
        if program.name.lower() in lacking.of(program.kind, program.table)
    ]
    # Views may call functions, and programs may read views: functions first, what fires by itself last.
    ranks = {"function": 0, "view": 1, "procedure": 2, "event": 3, "trigger": 4}
    ordered = sorted(missing, key=lambda program: ranks[program.kind])
    steps: list[Step] = []
    for program in _by_reading(ordered):
        steps += _program(program)
    return steps


def _by_reading(programs: Iterable[Program]) -> list[Program]:
    """A stable order in which each view comes after those that it reads."""
    waiting = list(programs)
    ordered: list[Program] = []
    while waiting:
        pending = {program.name.lower() for program in waiting if program.kind == "view"}
        ready = next(
            (
                program
                for program in waiting
                if program.kind != "view" or not (program.reads & pending - {program.name.lower()})
            ),
            waiting[0],
        )
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def _program(program: Program) -> list[Step]:
    if program.kind == "view":
        sql = rendering.create_view(program)
        return [Step(f"view {program.name}", "view", "", program_probes.view_probe(program), sql)]
    label = f"{program.table}.{program.name}" if program.table else program.name
    drop = f"DROP {program.kind.upper()} IF EXISTS {name(program.name)}"
    return [
        Step(
            f"drop {program.kind} {label}",
            "drop",
            program.table,
            program_probes.program_probe(program, drops=True),
            drop,
        ),
        Step(
            f"{program.kind} {label}",
            program.kind,
            program.table,
            program_probes.program_probe(program, drops=False),
            rendering.create_program(program),
        ),
    ]


def data_steps(statements: Iterable[Statement]) -> list[Step]:
    """Steps that run once each: rows that the sources insert, change or delete."""
    steps: list[Step] = []
    seen: dict[str, int] = {}
    for statement in statements:
        label = f"data {statement.file}:{statement.line}"
        seen[label] = seen.get(label, 0) + 1
        name_ = label if seen[label] == 1 else f"{label} ({seen[label]})"
        steps.append(Step(name_, "data", "", "", statement.sql))
    return steps
