"""What the runs of a proof are made of: schemas, passes over statements and steps, rows, comparisons."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

from afterpush.infra.clock import Clock
from afterpush.infra.database import Connection, DatabaseFailure, StatementRejected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.proof.compare import ANY, compare
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.report import Invalid, Proof, Run
from afterpush.migrate.proof.seeds import plant, sums
from afterpush.migrate.replay.execute import execute
from afterpush.migrate.replay.look import look, with_rows
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scratch import Scratch, without_schema
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.steps.execute import bring_up
from afterpush.migrate.steps.journal import JOURNAL_TABLE
from afterpush.migrate.steps.step import SETTING, Step

# What a boot script's `try`/`catch` passes over: the thing is there already, or gone. MySQL and MariaDB
# manuals,
# "Server Error Message Reference"; 1005 stands for a foreign key's name only with errno 121.
_ALREADY_THERE = frozenset([1050, 1060, 1061, 1068, 1304, 1359, 1537, 1826, 3822])
_ALREADY_GONE = frozenset([1051, 1091, 1305, 1360, 1539, 4092])


class Stopped(Exception):
    """A run could not go on; the proof says why."""


@dataclass
class Making:
    """Schemas of one proof, and what is done in them."""

    room: Scratch
    ways: Ways
    proof: Proof
    clock: Clock
    progress: Callable[[str], None]

    def __post_init__(self) -> None:
        self.flavour = self.room.server.flavour
        self._final: State = {}
        self._boot_executed = 0

    @contextmanager
    def _schema(self, ending: str) -> Iterator[str]:
        schema = self.room.schema(ending)
        yield schema
        self.room.drop(schema)

    def _new(self, run: str, schema: str, tally: Run) -> None:
        """The steps, and then the boot script."""
        ran = 0
        try:
            for step in self._brought_up(schema, self.ways.steps):
                ran += 1
                tally.executed += step.kind != SETTING
        except AfterpushError as error:
            if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
                raise
            self.proof.fail(run, without_schema(str(error)))
            raise Stopped from error
        tally.skipped += len(self.ways.steps) - ran
        self._statements(run, schema, self.ways.boot_changes, boot := Run(), tolerant=True)
        tally.tolerated += boot.tolerated
        self._boot_executed = boot.executed
        if run == "B":
            tally.executed += boot.executed

    def _brought_up(self, schema: str, steps: Sequence[Step]) -> Iterator[Step]:
        with self.room.looker(schema) as looker:
            opening = partial(self.room.runner, schema)
            yield from bring_up(looker, opening, schema, self.flavour, steps, may_lose=True)

    def _statements(
        self, run: str, schema: str, statements: Sequence[Statement], tally: Run, *, tolerant: bool = False
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
            self.proof.fail(run, f"{rejected[0].file}:{rejected[0].line}: {rejected[0].message}")
            raise Stopped
        return rejected

    def _note_tolerated(self, run: str, statement: Statement, error: StatementRejected) -> None:
        if run in ("A", "B"):
            self.proof.note(
                f"{statement.file}:{statement.line} met what is there; the boot script must catch this: "
                f"{without_schema(error.said)}"
            )

    def _taken(self, schema: str) -> State:
        """The state; a counter says nothing where there are rows, and the journal is ours."""
        with self.room.looker(schema) as looker:
            found = self._look(looker, schema)
            tables = [name for _, name, part in found if part == "table"]
            found |= dict.fromkeys((("table", name, "counter") for name in with_rows(looker, tables)), ANY)
        return found

    def _look(self, looker: Connection, schema: str) -> State:
        """The state without the journal, which is ours."""
        found = look(looker, self.flavour, schema)
        return {key: text for key, text in found.items() if key[1] != JOURNAL_TABLE}

    @contextmanager
    def _run(
        self, name: str, way: str, reference: State | None = None, schema: str | None = None
    ) -> Iterator[tuple[str, Run]]:
        """One run, recorded and compared with `reference` (or with itself) when it is over.

        In a schema of its own, or in one that others go on with.
        """
        self.progress(f"run {name}: {way}")
        began, run = self.clock.monotonic(), Run(way)
        with nullcontext(schema) if schema else self._schema(name.lower()) as schema:
            yield schema, run
            state = self._taken(schema)
        self._final = state
        run.hash, run.equal = (
            hash_of(state),
            self._compare(name, reference if reference is not None else state, state),
        )
        run.seconds = round(self.clock.monotonic() - began, 3)
        self.proof.runs[name] = run

    def _compare(self, run: str, reference: State, state: State) -> bool:
        comparison = compare(run, reference, state)
        self.proof.differences += comparison.definitions
        self.proof.names += comparison.names
        self.proof.positions += comparison.positions
        return not comparison.definitions

    @contextmanager
    def _rows_kept(self, run: str, schema: str) -> Iterator[None]:
        """Plants rows before the block, and looks afterwards whether all are there and the same."""
        with self.room.runner(schema) as connection:
            planted = plant(connection, schema)
            before = sums(connection, planted.tables)
            yield
            after = sums(connection, planted.tables)
        rows = self.proof.rows
        rows.tables = max(rows.tables, len(before))
        rows.lose([f"run {run}: {table}" for table, one in before.items() if after.get(table) != one])
        rows.refused |= planted.refused


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
