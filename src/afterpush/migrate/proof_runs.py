"""The five runs of a proof, its negative controls and its crashes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from afterpush.ground.clock import Clock
from afterpush.ground.database import Connection, DatabaseFailure, StatementRejected
from afterpush.ground.errors import AfterpushError
from afterpush.migrate.differences import compare
from afterpush.migrate.evidence import Evidence
from afterpush.migrate.execution import Did, Done, Failed, Forbidden, Item, carry_out, place
from afterpush.migrate.fence import Refused
from afterpush.migrate.journal import Journal
from afterpush.migrate.mutations import control
from afterpush.migrate.proof_report import Crashes, Invalid, Mutations, Rows, Run
from afterpush.migrate.scratch import Scratch, without_schema
from afterpush.migrate.seeds import Planted, Sum, plant, sums, words_of
from afterpush.migrate.snapshot import Snapshot, take
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step

DATA_KINDS = frozenset(["INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE"])
QUERY_KINDS = frozenset(["SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"])


@dataclass
class _Tally:
    """What happened in one run, or in one pass of it."""

    executed: int = 0
    skipped: int = 0
    tolerated: int = 0
    rejected: list[str] = field(default_factory=list)
    again: int = 0

    def add(self, done: Done) -> None:
        self.executed += done.did is Did.EXECUTED
        self.skipped += done.did is Did.SKIPPED
        self.tolerated += done.did is Did.TOLERATED

    def add_second_pass(self, second: "_Tally", again: int) -> None:
        self.executed += second.executed
        self.skipped += second.skipped
        self.tolerated += second.tolerated
        self.again = again


class _Stopped(Exception):
    """A run could not go on; the evidence says why."""


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
        self._schemas = schemas
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
            self._evidence.crashes = self._crash_everywhere(settled, executed)
        except _Stopped:
            return

    def _run_a(self) -> Snapshot:
        with self._run("A", "old, boot") as (connection, schema, tally):
            self._evidence.invalid += self._all_of(connection, self._ways.base, _Tally())
            with _in_one_go(connection):
                self._evidence.invalid += self._all_of(connection, self._ways.old, tally)
            if self._evidence.invalid:
                raise _Stopped
            self._go("A", connection, self._ways.boot, tally)
            return take(connection, schema)

    def _run_b(self, reference: Snapshot) -> tuple[Snapshot, int]:
        with self._run("B", "new", reference) as (connection, schema, tally):
            self._go("B", connection, self._ways.base, _Tally())
            self._go("B", connection, self._ways.new, tally)
            settled = take(connection, schema)
        if self._evidence.runs["B"].equal:
            self._evidence.mutations = self._negative_controls()
        else:
            self._evidence.notes.append("no negative controls: the comparison is red already")
        return settled, tally.executed

    def _negative_controls(self) -> Mutations:
        self._progress("negative controls")
        with self._schema("m") as (connection, schema):
            self._go("B", connection, [*self._ways.base, *self._ways.new], _Tally())
            controls = control(connection, schema)
        return Mutations(controls.tried, controls.caught, controls.kinds, tuple(controls.missed))

    def _run_c(self, reference: Snapshot) -> None:
        with self._run("C", "old, rows, new", reference) as (connection, schema, tally):
            with _in_one_go(connection):
                self._go("C", connection, [*self._ways.base, *self._ways.old], _Tally())
            with self._rows_kept("C", connection, schema):
                self._go("C", connection, self._ways.new, tally)

    def _run_d(self, reference: Snapshot) -> None:
        with self._run("D", "new, rows, new", reference) as (connection, schema, tally):
            second = _Tally()
            self._go("D", connection, self._ways.base, _Tally())
            self._go("D", connection, self._ways.new, tally)
            with self._rows_kept("D", connection, schema):
                done = self._go("D", connection, self._ways.new, second)
            again = [one.item for one in done if isinstance(one.item, Step) and one.did is Did.EXECUTED]
            tally.add_second_pass(second, len(again))
            for item in again:
                self._evidence.fail("D", f"{place(item)} was executed again by the second pass")

    def _run_e(self, reference: Snapshot) -> None:
        with self._run("E", "old, new, rows, old", reference) as (connection, schema, tally):
            # Without what writes rows: run again, that would change them by right.
            again = [one for one in self._ways.old if one.kind not in DATA_KINDS | QUERY_KINDS]
            self._go("E", connection, [*self._ways.base, *again], _Tally())
            self._go("E", connection, self._ways.new, tally)
            with self._rows_kept("E", connection, schema):
                rejected = self._all_of(connection, again, _Tally(), tolerant=True)
            tally.rejected += [f"{one.file}:{one.line}: {one.message}" for one in rejected]

    # What the runs are made of

    @contextmanager
    def _schema(self, ending: str) -> Iterator[tuple[Connection, str]]:
        """A scratch schema and a connection into it; dropped afterwards."""
        schema = self._room.schema(ending)
        with self._room.connection(schema) as connection:
            yield connection, schema
        self._room.drop(schema)

    @contextmanager
    def _run(
        self, name: str, way: str, reference: Snapshot | None = None
    ) -> Iterator[tuple[Connection, str, _Tally]]:
        """One run, recorded and compared with `reference` (or with itself) when it is over."""
        self._progress(f"run {name}: {way}")
        began, tally = self._clock.monotonic(), _Tally()
        with self._schema(name.lower()) as (connection, schema):
            yield connection, schema, tally
            connection.execute("COMMIT")
            snapshot = take(connection, schema)
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

    def _go(self, run: str, connection: Connection, items: Sequence[Item], tally: _Tally) -> list[Done]:
        """Executes the items; a boot script's statements may meet what is there. Raises _Stopped."""
        finished: list[Done] = []
        try:
            for done in self._carried_out(connection, items):
                self._note(run, done)
                tally.add(done)
                finished.append(done)
        except Forbidden as error:
            self._forbidden(error)
        except AfterpushError as error:
            if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
                raise
            self._evidence.fail(run, without_schema(str(error)))
            raise _Stopped from error
        return finished

    def _carried_out(self, connection: Connection, items: Sequence[Item]) -> Iterator[Done]:
        journal = None
        if any(isinstance(item, Step) and item.kind == "data" for item in items):
            journal = Journal(connection)
            journal.prepare()
        return carry_out(connection, items, tolerant=True, schemas=self._schemas, journal=journal)

    def _all_of(
        self,
        connection: Connection,
        statements: Sequence[Statement],
        tally: _Tally,
        *,
        tolerant: bool = False,
    ) -> list[Invalid]:
        """Executes every statement, past those that the server rejects, and returns these."""
        rejected = []
        for statement in statements:
            try:
                for done in carry_out(connection, [statement], tolerant=tolerant, schemas=self._schemas):
                    self._note("", done)
                    tally.add(done)
            except Forbidden as error:
                self._forbidden(error)
            except Failed as error:
                rejected.append(Invalid(statement.file, statement.line, without_schema(error.said)))
        return rejected

    def _forbidden(self, error: Forbidden) -> NoReturn:
        self._evidence.refused.append(Refused(error.statement.file, error.statement.line, error.why))
        raise _Stopped from error

    def _note(self, run: str, done: Done) -> None:
        if done.definer:
            self._evidence.notes.append(
                f"{place(done.item)}: made without its DEFINER {done.definer}, which this user may not set; "
                "definers are not part of this proof"
            )
        if done.did is Did.TOLERATED and run in ("A", "B"):
            self._evidence.notes.append(
                f"{place(done.item)} met what is there already; the boot script must catch this: "
                f"{done.message}"
            )

    @contextmanager
    def _rows_kept(self, run: str, connection: Connection, schema: str) -> Iterator[None]:
        """Plants rows before the block, and looks afterwards whether all are there and the same."""
        planted = plant(connection, schema)
        watched = {
            table: columns for table, columns in planted.tables.items() if table.lower() not in self._written
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

    # Crashes

    def _crash_everywhere(self, settled: Snapshot, executed: int) -> Crashes:
        """A killed connection after each executed statement of the new way, and a second run each."""
        failed = []
        for point in range(1, executed + 1):
            self._progress(f"crash {point} of {executed}")
            why = self._crash(point, settled)
            failed += [f"after statement {point}: {why}"] if why else []
        return Crashes(executed, executed - len(failed), tuple(failed))

    def _crash(self, point: int, settled: Snapshot) -> str:
        """Why the schema is not as after an undisturbed run; empty when it is."""
        schema = self._room.schema(f"k{point}")
        with self._room.connection(schema) as victim:
            self._go("B", victim, self._ways.base, _Tally())
            self._execute_until(victim, point)
            self._room.keeper.execute(f"KILL {victim.thread_id()}")
        with self._room.connection(schema) as connection:
            try:
                for _ in self._carried_out(connection, self._ways.new):
                    pass
            except AfterpushError as error:
                if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
                    raise
                why = without_schema(str(error))
            else:
                comparison = compare("crash", settled, take(connection, schema))
                why = "; ".join(one.message for one in comparison.definitions[:3])
        self._room.drop(schema)
        return why

    def _execute_until(self, connection: Connection, point: int) -> None:
        executed = 0
        for done in self._carried_out(connection, self._ways.new):
            executed += done.did is Did.EXECUTED
            if executed == point:
                return


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
