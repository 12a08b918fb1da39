"""Running the consolidated steps on the configured database: one connection, one lock, one journal.

The steps' own probes decide what is needed, so a second run executes nothing and a run after a crash goes
on where the first one ended. The lock is the server's (`GET_LOCK`): it is freed with the connection, on
any death of this process.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from afterpush.infra.clock import Clock
from afterpush.infra.database import Address, Connection, StatementRejected, connected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.execution import Did, Done, Drifted, Failed, carry_out, state_of
from afterpush.migrate.fence import refusal
from afterpush.migrate.journal import DONE, Journal
from afterpush.migrate.steps import BASELINE, Step, is_unprepared

# How long a statement waits for a table that somebody else uses, and how often it is tried: a waiting DDL
# statement blocks everybody who comes after it, so many short waits are better than a long one.
LOCK_WAIT_SECONDS = 10
ATTEMPTS = 3
_BUSY = (1205, 1213)
# One GET_LOCK call; short, so that waiting can be told and interrupted.
_POLL_SECONDS = 2

State = Literal["executed", "skipped", "needed", "drifted"]


@dataclass(frozen=True)
class Applied:
    """What a run did. In a dry run `executed` counts what would be."""

    executed: int
    skipped: int
    lock_waited_seconds: float
    dry_run: bool
    database: str
    steps: tuple["StepState", ...]

    @property
    def drifted(self) -> list[str]:
        """The steps whose thing is there with another definition (only a dry run lists them)."""
        return [one.name for one in self.steps if one.state == "drifted"]


@dataclass(frozen=True)
class StepState:
    """One step and what became of it, or in a dry run would."""

    name: str
    kind: str
    state: State


@dataclass(frozen=True)
class Progress:
    """What a run tells while it goes: of `total` steps, `number` are over; `text` says the rest."""

    number: int
    total: int
    text: str


def apply(
    address: Address,
    steps: Sequence[Step],
    *,
    clock: Clock,
    wait_seconds: float,
    progress: Callable[[Progress], None] = lambda told: None,
) -> Applied:
    """Runs the steps that are needed, under the lock.

    Waits for another run for at most `wait_seconds`. Raises Drifted before anything is executed when
    something is there with another definition; Failed; AfterpushError (timeout) when the lock is not to be
    had; DatabaseFailure when the server is lost: then the next run goes on from there.
    """
    _refuse(steps)
    with _connection(address) as connection, _lock(connection, clock, wait_seconds, progress) as lock:
        _stop_at_drift(connection, steps)
        journal = Journal(connection)
        journal.prepare()
        states = []
        for number, step in enumerate(steps, 1):
            progress(Progress(number - 1, len(steps), step.name))
            lock.check()
            done = _patiently(connection, step, journal, progress, number, len(steps))
            states.append(StepState(step.name, step.kind, _STATES[done.did]))
        progress(Progress(len(steps), len(steps), "done"))
    return _applied(address, states, lock.waited_seconds, dry_run=False)


_STATES: dict[Did, State] = {Did.EXECUTED: "executed", Did.SKIPPED: "skipped", Did.TOLERATED: "skipped"}


def preview(address: Address, steps: Sequence[Step]) -> Applied:
    """What `apply` would do, asked of the live schema; nothing is changed and no lock is taken."""
    _refuse(steps)
    with _connection(address) as connection:
        known = Journal(connection).states()
        states = [StepState(step.name, step.kind, _predicted(connection, step, known)) for step in steps]
    return _applied(address, states, 0.0, dry_run=True)


def _predicted(connection: Connection, step: Step, known: dict[tuple[str, str], str]) -> State:
    if step.kind == BASELINE:
        return "skipped" if any(name == BASELINE for name, _ in known) else "needed"
    if step.kind == "data":
        return "skipped" if known.get((step.name, step.checksum)) == DONE else "needed"
    state = state_of(connection, step)
    if state == "drifted":
        # A program that is defined otherwise is dropped by the step before it, and then needed.
        return "needed" if is_unprepared(step) else "drifted"
    return "skipped" if state == "done" else "needed"


def _applied(address: Address, states: list[StepState], waited: float, *, dry_run: bool) -> Applied:
    skipped = sum(one.state == "skipped" for one in states)
    executed = sum(one.state in ("executed", "needed") for one in states)
    return Applied(executed, skipped, round(waited, 3), dry_run, address.database or "", tuple(states))


def _refuse(steps: Sequence[Step]) -> None:
    for step in steps:
        why = refusal(step.sql)
        if why:
            raise AfterpushError(f"step {step.name} is refused, and nothing was executed: {why}")


@contextmanager
def _connection(address: Address) -> Iterator[Connection]:
    if not address.database:
        raise AfterpushError("no database is named: set DB_NAME, or write it into MYSQL_URL after the host")
    # No read limit: a step on a big table may take hours. TCP keep-alive notices a dead server.
    with connected(replace(address), read_timeout_seconds=None) as connection:
        connection.execute(
            f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}, "
            f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, foreign_key_checks = 1"
        )
        yield connection


class _Lock:
    def __init__(self, connection: Connection, name: str, waited_seconds: float) -> None:
        self._connection = connection
        self._name = name
        self.waited_seconds = waited_seconds

    def check(self) -> None:
        """A lock that was lost (a failover, a proxy that changed the connection) must stop the run."""
        held = self._connection.query("SELECT IS_USED_LOCK(%s) = CONNECTION_ID() AS held", [self._name])
        if held[0]["held"] != 1:
            raise AfterpushError(
                "the lock that guards the migrations was lost; nothing more was executed: run it again, "
                "on a direct connection (not through a pooling proxy)",
                ExitCode.BAD_ANSWER,
            )


def lock_name(database: str) -> str:
    """Locks are the server's, not the database's, and their names have at most 64 characters."""
    return "afterpush_migrations_" + hashlib.sha256(database.encode()).hexdigest()[:32]


@contextmanager
def _lock(
    connection: Connection, clock: Clock, wait_seconds: float, progress: Callable[[Progress], None]
) -> Iterator[_Lock]:
    database = str(connection.query("SELECT DATABASE() AS name")[0]["name"])
    name = lock_name(database)
    waited = 0.0
    if not _got(connection, name, 0):
        holder = connection.query("SELECT IS_USED_LOCK(%s) AS id", [name])[0]["id"]
        progress(Progress(0, 0, f"another run (connection {holder}) is at work; waiting for it"))
        began = clock.monotonic()
        while not _got(connection, name, min(_POLL_SECONDS, wait_seconds - waited)):
            waited = clock.monotonic() - began
            if waited >= wait_seconds:
                raise AfterpushError(
                    f"another run (connection {holder}) held the lock on {database} for {wait_seconds:g} s; "
                    "wait for it to end, then run this again",
                    ExitCode.TIMEOUT,
                )
        waited = clock.monotonic() - began
    yield _Lock(connection, name, waited)
    connection.query("SELECT RELEASE_LOCK(%s) AS freed", [name])


def _got(connection: Connection, name: str, seconds: float) -> bool:
    rows = connection.query("SELECT GET_LOCK(%s, %s) AS got", [name, max(0.0, seconds)])
    return bool(rows[0]["got"] == 1)


def _stop_at_drift(connection: Connection, steps: Sequence[Step]) -> None:
    """All steps are asked before the first one is executed; programs are redefined on purpose."""
    for step in steps:
        if step.kind in ("data", BASELINE) or is_unprepared(step):
            continue
        if state_of(connection, step) == "drifted":
            raise Drifted(step)


def _patiently(
    connection: Connection,
    step: Step,
    journal: Journal,
    progress: Callable[[Progress], None],
    number: int,
    total: int,
) -> Done:
    """The step; once more when a table was busy."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return next(carry_out(connection, [step], tolerant=False, journal=journal))
        except Failed as error:
            if error.number not in _BUSY:
                raise
            if attempt == ATTEMPTS:
                raise _busy(connection, step) from error
            progress(Progress(number - 1, total, f"{step.name}: the table is busy; trying again"))
    raise AssertionError("unreachable")


def _busy(connection: Connection, step: Step) -> AfterpushError:
    try:
        rows = connection.query(
            "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() "
            "AND ID <> CONNECTION_ID() ORDER BY TIME DESC LIMIT 3"
        )
        others = ", ".join(str(row["id"]) for row in rows)
    except StatementRejected:
        others = ""
    return AfterpushError(
        f"step {step.name}: the table was busy for {ATTEMPTS} times {LOCK_WAIT_SECONDS} s"
        f"{f' (connections in this database: {others})' if others else ''}; "
        "end the transaction that uses it, then run this again",
        ExitCode.TIMEOUT,
    )
