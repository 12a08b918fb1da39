"""The five runs of a proof, its negative controls and its crashes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from afterpush.infra.clock import Clock
from afterpush.infra.database import Connection
from afterpush.migrate.crashes import crash_everywhere
from afterpush.migrate.differences import compare
from afterpush.migrate.evidence import Evidence
from afterpush.migrate.execution import Did, Done, Item, place
from afterpush.migrate.mutations import control
from afterpush.migrate.passes import Passes, Stopped, Tally
from afterpush.migrate.proof_report import Mutations, Rows, Run
from afterpush.migrate.scratch import Scratch
from afterpush.migrate.seeds import Planted, Sum, plant, sums
from afterpush.migrate.snapshot import Snapshot, take
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step
from afterpush.migrate.tokens import words_of

DATA_KINDS = frozenset(["INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE"])
QUERY_KINDS = frozenset(["SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"])


class Proving:
    """One proof under way in a scratch room. `schemas`: see `carry_out`."""

    def __init__(
        self,
        room: Scratch,
        evidence: Evidence,
        clock: Clock,
        progress: Callable[[str], None],
        schemas: frozenset[str] | None,
    ) -> None:
        self._room = room
        self._evidence = evidence
        self._ways = evidence.ways
        self._clock = clock
        self._progress = progress
        self._passes = Passes(evidence, schemas)
        # Tables that the new way itself writes rows to: there, other rows are no loss.
        self._written = frozenset(
            word for item in self._ways.new if _writes_rows(item) for word in words_of(item.sql)
        )

    def run(self) -> None:
        """All of it, as far as it goes; whatever goes wrong is in the evidence."""
        try:
            reference = self._run_a()
            settled, executed = self._run_b(reference)
            self._run_c(reference)
            self._run_d(reference)
            self._run_e(reference)
            self._evidence.crashes = crash_everywhere(
                self._room, self._passes, self._ways, settled, executed, self._progress
            )
        except Stopped:
            return

    def _run_a(self) -> Snapshot:
        with self._run("A", "old, boot") as (schema, tally):
            with self._room.connection(schema) as connection:
                self._evidence.invalid += self._passes.all_of(connection, self._ways.base, Tally())
            with self._room.connection(schema) as connection, _in_one_go(connection):
                self._evidence.invalid += self._passes.all_of(connection, self._ways.old, tally)
            if self._evidence.invalid:
                raise Stopped
            self._pass("A", schema, self._ways.boot, tally)
            return self._taken(schema)

    def _run_b(self, reference: Snapshot) -> tuple[Snapshot, int]:
        with self._run("B", "new", reference) as (schema, tally):
            self._pass("B", schema, self._ways.base)
            self._pass("B", schema, self._ways.new, tally)
            settled = self._taken(schema)
        if self._evidence.runs["B"].equal:
            self._evidence.mutations = self._negative_controls()
        else:
            self._evidence.notes.append("no negative controls: the comparison is red already")
        return settled, tally.executed

    def _negative_controls(self) -> Mutations:
        self._progress("negative controls")
        with self._schema("m") as schema:
            self._pass("B", schema, self._ways.base)
            self._pass("B", schema, self._ways.new)
            with self._room.connection(schema) as connection:
                controls = control(connection, schema)
        return Mutations(controls.tried, controls.caught, controls.kinds, tuple(controls.missed))

    def _run_c(self, reference: Snapshot) -> None:
        with self._run("C", "old, rows, new", reference) as (schema, tally):
            self._pass("C", schema, self._ways.base)
            with self._room.connection(schema) as connection, _in_one_go(connection):
                self._passes.go("C", connection, self._ways.old, Tally())
            with self._rows_kept("C", schema):
                self._pass("C", schema, self._ways.new, tally)

    def _run_d(self, reference: Snapshot) -> None:
        with self._run("D", "new, rows, new", reference) as (schema, tally):
            second = Tally()
            self._pass("D", schema, self._ways.base)
            self._pass("D", schema, self._ways.new, tally)
            with self._rows_kept("D", schema):
                done = self._pass("D", schema, self._ways.new, second)
            again = [one.item for one in done if isinstance(one.item, Step) and one.did is Did.EXECUTED]
            tally.add_second_pass(second, len(again))
            for item in again:
                self._evidence.fail("D", f"{place(item)} was executed again by the second pass")

    def _run_e(self, reference: Snapshot) -> None:
        again = self._repeatable()
        with self._run("E", "old, new, rows, old", reference) as (schema, tally):
            self._pass("E", schema, self._ways.base)
            self._pass("E", schema, again)
            self._pass("E", schema, self._ways.new, tally)
            with self._rows_kept("E", schema), self._room.connection(schema) as connection:
                rejected = self._passes.all_of(connection, again, Tally(), tolerant=True)
            tally.rejected += [f"{one.file}:{one.line}: {one.message}" for one in rejected]
        lost = any(said.startswith("run E: ") for said in self._evidence.rows.lost)
        if lost or not self._evidence.runs["E"].equal:
            self._blame_the_old_way(again, reference)

    def _blame_the_old_way(self, again: Sequence[Statement], reference: Snapshot) -> None:
        """Says so where the old way spoils its own work when run twice: the new way is innocent then."""
        with self._schema("o") as schema:
            for items in (self._ways.base, again, self._ways.boot):
                self._pass("E", schema, items)
            with self._room.connection(schema) as connection:
                watched = plant(connection, schema).tables
                before = sums(connection, watched)
                self._passes.all_of(connection, again, Tally(), tolerant=True)
                is_kept = sums(connection, watched) == before
            is_equal = not compare("E", reference, self._taken(schema)).definitions
        if not (is_kept and is_equal):
            self._evidence.notes.append(
                "the old way cannot be run twice, not even without the new one: make its statements "
                "idempotent, or take it out of whatever runs it again"
            )

    def _repeatable(self) -> list[Statement]:
        """The old way without what writes rows: run again, that would change them by right."""
        return [one for one in self._ways.old if one.kind not in DATA_KINDS | QUERY_KINDS]

    # What the runs are made of

    @contextmanager
    def _schema(self, ending: str) -> Iterator[str]:
        """A scratch schema; dropped afterwards."""
        schema = self._room.schema(ending)
        yield schema
        self._room.drop(schema)

    def _pass(self, run: str, schema: str, items: Sequence[Item], tally: Tally | None = None) -> list[Done]:
        """One pass on a connection of its own: what it sets for its session ends with it."""
        with self._room.connection(schema) as connection:
            return self._passes.go(run, connection, items, tally or Tally())

    def _taken(self, schema: str) -> Snapshot:
        with self._room.connection(schema) as connection:
            return take(connection, schema)

    @contextmanager
    def _run(self, name: str, way: str, reference: Snapshot | None = None) -> Iterator[tuple[str, Tally]]:
        """One run, recorded and compared with `reference` (or with itself) when it is over."""
        self._progress(f"run {name}: {way}")
        began, tally = self._clock.monotonic(), Tally()
        with self._schema(name.lower()) as schema:
            yield schema, tally
            snapshot = self._taken(schema)
        comparison = compare(name, reference or snapshot, snapshot)
        self._evidence.comparisons.append(comparison)
        self._evidence.runs[name] = Run(
            way,
            tally.executed,
            tally.skipped,
            tally.tolerated,
            tuple(tally.rejected),
            tally.again,
            snapshot.hash,
            not comparison.definitions,
            round(self._clock.monotonic() - began, 3),
        )

    @contextmanager
    def _rows_kept(self, run: str, schema: str) -> Iterator[None]:
        """Plants rows before the block, and looks afterwards whether all are there and the same."""
        with self._room.connection(schema) as connection:
            planted = plant(connection, schema)
            watched = {
                table: columns
                for table, columns in planted.tables.items()
                if table.lower() not in self._written
            }
            before = sums(connection, watched)
            yield
            self._judge(run, planted, before, sums(connection, watched))

    def _judge(self, run: str, planted: Planted, before: Mapping[str, Sum], after: Mapping[str, Sum]) -> None:
        lost = [
            f"run {run}: {table} ({one.rows} rows before, {_counted(after.get(table))})"
            for table, one in before.items()
            if after.get(table) != one
        ]
        rows = self._evidence.rows
        self._evidence.rows = Rows(
            tables=max(rows.tables, len(before)),
            kept=rows.kept and not lost,
            lost=(*rows.lost, *lost),
            refused={**rows.refused, **planted.refused},
            unchecked=tuple(sorted({*rows.unchecked, *(planted.tables.keys() - before.keys())})),
        )


@contextmanager
def _in_one_go(connection: Connection) -> Iterator[None]:
    """One transaction for as many rows as there are between two schema statements: far faster."""
    connection.execute("SET SESSION autocommit = 0")
    yield
    connection.execute("COMMIT")
    connection.execute("SET SESSION autocommit = 1")


def _writes_rows(item: Item) -> bool:
    return item.kind == "data" if isinstance(item, Step) else item.kind in DATA_KINDS


def _counted(after: Sum | None) -> str:
    return "the table is gone" if after is None else f"{after.rows} after"
