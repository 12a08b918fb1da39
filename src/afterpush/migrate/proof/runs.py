"""The runs of a proof."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from afterpush.infra.clock import Clock
from afterpush.infra.database import Connection, DatabaseFailure, StatementRejected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.proof.compare import ANY, compare
from afterpush.migrate.proof.evidence import Evidence
from afterpush.migrate.proof.mutations import control
from afterpush.migrate.proof.report import Crashes, Invalid, Mutations, Rows, Run
from afterpush.migrate.proof.seeds import plant, sums
from afterpush.migrate.proof.stages import chosen_stages, rows_of, undecided
from afterpush.migrate.replay.look import look
from afterpush.migrate.replay.replay import execute
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scope import QUERIES, ROWS
from afterpush.migrate.replay.scratch import Scratch, without_schema
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import quoted
from afterpush.migrate.steps.decide import Journal, Situation, Verdict, decide
from afterpush.migrate.steps.execute import Drifted, bring_up, plan_for, situation
from afterpush.migrate.steps.journal import JOURNAL_TABLE
from afterpush.migrate.steps.step import SETTING, Step

# What a boot script's `try`/`catch` passes over: the thing is there already, or gone. MySQL and MariaDB
# manuals,
# "Server Error Message Reference"; 1005 stands for a foreign key's name only with errno 121.
_ALREADY_THERE = frozenset([1050, 1060, 1061, 1068, 1304, 1359, 1537, 1826, 3822])
_ALREADY_GONE = frozenset([1051, 1091, 1305, 1360, 1539, 4092])


class Stopped(Exception):
    """A run could not go on; the evidence says why."""


@dataclass
class Tally:
    """What happened in one run, or in one pass of it."""

    executed: int = 0
    skipped: int = 0
    tolerated: int = 0
    again: int = 0
    rejected: list[str] = field(default_factory=list)


@dataclass
class Proving:
    """One proof under way in a scratch room."""

    room: Scratch
    evidence: Evidence
    clock: Clock
    progress: Callable[[str], None]

    def run(self) -> None:
        """All of it, as far as it goes; whatever goes wrong is in the evidence."""
        self.ways, self.flavour = self.evidence.ways, self.room.server.flavour
        try:
            for stage, step in undecided(self.ways, self.flavour):
                self.evidence.fail("stages", f"after {stage}, {step} is decided otherwise than it should be")
            reference = self._run_a()
            settled = self._run_b(reference)
            self._run_c(reference)
            self._run_d(reference)
            if not self.ways.once:
                self._run_e(reference)
            self._run_stages(reference)
            self._crash_everywhere(settled)
        except Stopped:
            return

    # The runs

    def _run_a(self) -> State:
        with self._run("A", "old, boot") as (schema, tally):
            self._statements("A", schema, self.ways.base, Tally())
            self.evidence.invalid += self._statements("A", schema, self.ways.old, tally)
            if self.evidence.invalid:
                raise Stopped
            self._statements("A", schema, self.ways.boot_changes, tally, tolerant=True)
            return self._taken(schema)

    def _run_b(self, reference: State) -> State:
        with self._run("B", "new", reference) as (schema, tally):
            self._statements("B", schema, self.ways.base, Tally())
            self._new("B", schema, tally)
            settled = self._taken(schema)
        if self.evidence.runs["B"].equal:
            self._negative_controls()
        else:
            self.evidence.notes.append("no negative controls: the comparison is red already")
        return settled

    def _negative_controls(self) -> None:
        self.progress("negative controls")
        with self._schema("m") as schema:
            self._statements("B", schema, self.ways.base, Tally())
            self._new("B", schema, Tally())
            with self.room.looker(schema) as looker:
                controls = control(looker, lambda: self._look(looker, schema), self._is_done)
        self.evidence.mutations = Mutations(
            controls.tried, controls.caught, controls.kinds, tuple(controls.missed)
        )
        self.evidence.lacking += controls.lacking

    def _is_done(self, state: State) -> bool:
        done = frozenset(step.checksum for step in self.ways.steps)
        known = {key for step in self.ways.steps for key in step.change(self.flavour).keys}
        plan = decide(self.ways.steps, Situation(self.flavour, state, Journal(done, frozenset(), True)))
        others = {key for key in self._final if key not in known}
        is_same = {key: state.get(key) for key in others} == {key: self._final.get(key) for key in others}
        return is_same and all(one.verdict is Verdict.DONE for one in plan.decisions)

    def _run_c(self, reference: State) -> None:
        with self._run("C", "old, rows, new", reference) as (schema, tally):
            self._statements("C", schema, self.ways.base, Tally())
            self._statements("C", schema, self.ways.old, Tally())
            with self._rows_kept("C", schema):
                self._new("C", schema, tally)
            if tally.executed:
                self.evidence.fail(
                    "C", f"{tally.executed} steps were executed though the old way had done all of them"
                )

    def _run_d(self, reference: State) -> None:
        with self._run("D", "new, rows, new", reference) as (schema, tally):
            second = Tally()
            self._statements("D", schema, self.ways.base, Tally())
            self._new("D", schema, tally)
            with self._rows_kept("D", schema):
                self._new("D", schema, second)
            tally.again = second.executed
            if second.executed:
                self.evidence.fail("D", f"{second.executed} steps were executed again by the second pass")

    def _run_e(self, reference: State) -> None:
        again = [one for one in self.ways.old if one.kind.split(" ")[0] not in ROWS | QUERIES]
        with self._run("E", "old, new, rows, old", reference) as (schema, tally):
            self._statements("E", schema, self.ways.base, Tally())
            self._statements("E", schema, again, Tally())
            self._new("E", schema, tally)
            with self._rows_kept("E", schema):
                rejected = self._statements("E", schema, again, Tally(), tolerant=True)
            tally.rejected += [f"{one.file}:{one.line}: {one.message}" for one in rejected]
        if not self.evidence.runs["E"].equal:
            self.evidence.notes.append(
                "run E: where migrations run once only (a tool keeps note), say so: migrate.once: true"
            )

    def _run_stages(self, reference: State) -> None:
        """From a stage in between, with rows: the new way against the rest of the old one."""
        for file in chosen_stages(self.ways):
            self.progress(f"stage {file}")
            files = self.ways.files[: self.ways.files.index(file) + 1]
            before = [one for one in self.ways.old if one.file in files]
            after = [one for one in self.ways.old if one.file not in files]
            if not self.ways.with_data:
                after = [one for one in after if one.kind.split(" ")[0] not in ROWS]
            run = f"stage {file}"
            with self._schema("s") as old, self._schema("n") as new:
                for schema in (old, new):
                    self._statements(run, schema, [*self.ways.base, *before], Tally())
                    with self.room.runner(schema) as connection:
                        planted = plant(connection, schema)
                rest = self._statements(run, old, after, Tally())
                if rest:
                    self.evidence.notes.append(
                        f"{run}: without rows, for the old way itself fails with them: {rest[0].message}"
                    )
                    continue
                self._statements(run, old, self.ways.boot_changes, Tally(), tolerant=True)
                self._new(run, new, Tally())
                self._compare(run, self._taken(old), self._taken(new))
                self._compare_rows(run, old, new)
                self.evidence.stages.append(f"{file} ({len(planted.tables)} tables with rows)")
        if self.ways.earlier:
            self._run_from_earlier(reference)

    def _run_from_earlier(self, reference: State) -> None:
        """From what the version of the steps that was committed before brings up."""
        run = "stage earlier version"
        with self._schema("n") as schema:
            self._statements(run, schema, self.ways.base, Tally())
            with self.room.looker(schema) as looker:
                for _ in bring_up(
                    looker,
                    lambda: self.room.runner(schema),
                    schema,
                    self.flavour,
                    self.ways.earlier,
                    may_lose=True,
                ):
                    pass
            self._new(run, schema, Tally())
            self._compare(run, reference, self._taken(schema))
        self.evidence.stages.append("the version committed before")

    def _compare_rows(self, run: str, old: str, new: str) -> None:
        with self.room.runner(old) as first, self.room.runner(new) as second:
            watched = rows_of(first, old, self.ways)
            mine, theirs = sums(first, watched), sums(second, watched)
        for table in watched:
            if mine.get(table) != theirs.get(table):
                self.evidence.rows = Rows(
                    self.evidence.rows.tables, False,
                    (*self.evidence.rows.lost, f"{run}: {table} has other rows than after the old way"),
                    self.evidence.rows.refused, self.evidence.rows.unchecked,
                )  # fmt: skip

    def _crash_everywhere(self, settled: State) -> None:
        """One database, killed after each statement and taken up again, until it is as after an undisturbed
        run.
        """
        failed: list[str] = []
        points = self.evidence.runs["B"].executed - self._boot_executed
        with self._schema("k") as schema, self.room.outside() as outside:
            self._statements("crash", schema, self.ways.base, Tally())
            done, taken_up = 0, 0
            while taken_up <= points + 1:
                taken_up += 1
                step = self._until_killed(schema, outside)
                if step is None:
                    break
                done += 1
                self.progress(f"crash {done} of {points}")
            if done != points:
                failed.append(f"{done} statements were executed in all, not {points}")
            self._statements("crash", schema, self.ways.boot_changes, Tally(), tolerant=True)
            failed += [
                one.message
                for one in compare("crash", settled, self._taken(schema), copies_count=True).definitions[:3]
            ]
        self.evidence.crashes = Crashes(
            points, points if not failed else max(0, min(done, points) - len(failed)), tuple(failed)
        )

    def _until_killed(self, schema: str, outside: Connection) -> Step | None:
        """Executes one step and kills the connection that did; None when nothing is needed any more."""
        held: list[Connection] = []

        @contextmanager
        def opening() -> Iterator[Connection]:
            with self.room.runner(schema) as connection:
                held[:] = [connection]
                yield connection

        with self.room.looker(schema) as looker:
            try:
                steps = bring_up(looker, opening, schema, self.flavour, self.ways.steps, may_lose=True)
                for step in steps:
                    if step.kind != SETTING:
                        outside.execute(f"KILL {held[0].thread_id()}")
                        return step
            except Drifted as error:
                self.evidence.fail("crash", without_schema(str(error)))
                raise Stopped from error
        return None

    # What the runs are made of

    @contextmanager
    def _schema(self, ending: str) -> Iterator[str]:
        schema = self.room.schema(ending)
        yield schema
        self.room.drop(schema)

    def _new(self, run: str, schema: str, tally: Tally) -> None:
        """The steps, and then the boot script."""
        with self.room.looker(schema) as looker:
            now = situation(looker, schema, self.flavour, self.ways.steps, may_lose=True)
            needed = plan_for(self.ways.steps, now).to_run
            try:
                for step in bring_up(
                    looker,
                    lambda: self.room.runner(schema),
                    schema,
                    self.flavour,
                    self.ways.steps,
                    may_lose=True,
                ):
                    tally.executed += step.kind != SETTING
            except AfterpushError as error:
                if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
                    raise
                self.evidence.fail(run, without_schema(str(error)))
                raise Stopped from error
        tally.skipped += len(self.ways.steps) - len(needed)
        before = tally.executed
        self._statements(run, schema, self.ways.boot_changes, boot := Tally(), tolerant=True)
        tally.tolerated += boot.tolerated
        self._boot_executed = boot.executed
        tally.executed = before
        if run == "B":
            tally.executed += boot.executed

    def _statements(
        self, run: str, schema: str, statements: Sequence[Statement], tally: Tally, *, tolerant: bool = False
    ) -> list[Invalid]:
        """Executes every statement, past those that the server rejects, and returns these."""
        rejected: list[Invalid] = []
        with ExitStack() as stack:
            file, runner = "", None
            for statement in statements:
                if runner is None or statement.file != file:
                    stack.close()
                    file, runner = statement.file, stack.enter_context(self.room.runner(schema))
                try:
                    execute(runner, statement)
                    tally.executed += 1
                except StatementRejected as error:
                    if tolerant and is_met_already(error, statement.kind):
                        tally.tolerated += 1
                        self._note_tolerated(run, statement, error)
                        continue
                    rejected.append(Invalid(statement.file, statement.line, without_schema(error.said)))
        if rejected and tolerant and run != "E":
            self.evidence.fail(run, f"{rejected[0].file}:{rejected[0].line}: {rejected[0].message}")
            raise Stopped
        return rejected

    def _note_tolerated(self, run: str, statement: Statement, error: StatementRejected) -> None:
        if run in ("A", "B"):
            self.evidence.notes.append(
                f"{statement.file}:{statement.line} met what is there; the boot script must catch this: "
                f"{without_schema(error.said)}"
            )

    def _taken(self, schema: str) -> State:
        """The state; a counter says nothing where there are rows, and the journal is ours."""
        with self.room.looker(schema) as looker:
            found = self._look(looker, schema)
            for _, table, part in list(found):
                if part == "table" and looker.query(f"SELECT 1 FROM {quoted(table)} LIMIT 1"):
                    found["table", table, "counter"] = ANY
        return found

    def _look(self, looker: Connection, schema: str) -> State:
        """The state without the journal, which is ours."""
        found = look(looker, self.flavour, schema)
        return {key: text for key, text in found.items() if key[1] != JOURNAL_TABLE}

    @contextmanager
    def _run(self, name: str, way: str, reference: State | None = None) -> Iterator[tuple[str, Tally]]:
        """One run, recorded and compared with `reference` (or with itself) when it is over."""
        self.progress(f"run {name}: {way}")
        began, tally = self.clock.monotonic(), Tally()
        with self._schema(name.lower()) as schema:
            yield schema, tally
            state = self._taken(schema)
        self._final = state
        is_equal = self._compare(name, reference if reference is not None else state, state)
        self.evidence.runs[name] = Run(
            way,
            tally.executed,
            tally.skipped,
            tally.tolerated,
            tuple(tally.rejected),
            tally.again,
            hash_of(state),
            is_equal,
            round(self.clock.monotonic() - began, 3),
        )

    def _compare(self, run: str, reference: State, state: State) -> bool:
        comparison = compare(run, reference, state)
        self.evidence.comparisons.append(comparison)
        return not comparison.definitions

    @contextmanager
    def _rows_kept(self, run: str, schema: str) -> Iterator[None]:
        """Plants rows before the block, and looks afterwards whether all are there and the same."""
        with self.room.runner(schema) as connection:
            planted = plant(connection, schema)
            before = sums(connection, planted.tables)
            yield
            after = sums(connection, planted.tables)
        lost = [f"run {run}: {table}" for table, one in before.items() if after.get(table) != one]
        rows = self.evidence.rows
        self.evidence.rows = Rows(
            tables=max(rows.tables, len(before)),
            kept=rows.kept and not lost,
            lost=(*rows.lost, *lost),
            refused={**rows.refused, **planted.refused},
        )


def is_met_already(error: StatementRejected, kind: str) -> bool:
    """Whether the statement only failed because what it makes is there, or what it drops is gone."""
    if error.number in _ALREADY_GONE:
        return kind.startswith("DROP") or kind == "ALTER TABLE"
    duplicate_key_name = error.number == 1005 and "errno: 121" in error.said
    return duplicate_key_name or error.number in _ALREADY_THERE


def hash_of(state: State) -> str:
    """SHA-256 of a state."""
    import hashlib

    lines = sorted("\t".join((*key, text)) for key, text in state.items() if text != ANY)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
