"""Running the steps on a database: what is needed and nothing else, or nothing at all.

Everything is decided before the first statement. A second run executes nothing, and one after a crash goes
on where the first one ended. The lock is the server's (`GET_LOCK`): it is freed with its connection, on any
death of this process.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from afterpush.infra.clock import Clock
from afterpush.infra.database import Address, Connection, StatementRejected, connected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.apply.lock import Lock, Progress, Tell, locked
from afterpush.migrate.replay.scratch import settle_looker
from afterpush.migrate.replay.server import flavour_of
from afterpush.migrate.steps.execute import (
    Drifted,
    Failed,
    carry_out,
    note_what_is_there,
    plan_for,
    situation,
)
from afterpush.migrate.steps.plan import Decision, Plan, Verdict
from afterpush.migrate.steps.step import SETTING, Step, flavours_of

# How long a statement waits for a table that somebody else uses, and how often it is tried: a waiting DDL
# statement blocks everybody who comes after it, so many short waits are better than a long one.
LOCK_WAIT_SECONDS = 10
ATTEMPTS = 3
_BUSY = (1205, 1213)


@dataclass(frozen=True)
class StepState:
    """One step and what became of it, or in a dry run would: executed, needed, skipped, drifted or waits."""

    name: str
    kind: Annotated[str, "`schema` or `data`"]
    state: Annotated[str, "`executed`, `needed` (dry run), `skipped`, `drifted` or `waits`"]
    why: Annotated[str, "why it is drifted or waits; empty otherwise"] = ""


@dataclass(frozen=True)
class Waiting:
    """A step that would lose rows or values, or follows on one: it waits for permission."""

    file: str
    line: int
    message: Annotated[str, "what would be lost, or what it waits for"]


@dataclass(frozen=True)
class Applied:
    """What a run did. In a dry run `executed` counts what would be."""

    executed: Annotated[int, "steps that were executed, or in a dry run would be"]
    skipped: int
    lock_waited_seconds: float
    dry_run: bool
    database: str
    steps: tuple[StepState, ...]
    waiting: Annotated[tuple[Waiting, ...], "steps that wait for permission"] = ()

    @property
    def drifted(self) -> list[str]:
        """The steps that find what no state of the history has (only a dry run lists them)."""
        return [one.name for one in self.steps if one.state == Verdict.DRIFTED]


def apply(
    address: Address,
    steps: Sequence[Step],
    *,
    clock: Clock,
    wait_seconds: float,
    may_lose: bool = False,
    ran_until: str = "",
    progress: Tell = lambda told: None,
) -> Applied:
    """Runs the steps that are needed, under the lock; `ran_until` as in `Situation`.

    Waits for another run for at most `wait_seconds`. Raises Drifted before anything is executed when
    something is in no state of the history; Failed; AfterpushError (timeout) when the lock is not to be
    had; DatabaseFailure when the server is lost: then the next run goes on from there.
    """
    with _connection(address) as keeper, locked(keeper, clock, wait_seconds, progress) as lock:
        schema, flavour = _here(keeper)
        now = situation(keeper, schema, flavour, steps, may_lose=may_lose, ran_until=ran_until)
        plan = plan_for(steps, now)
        if plan.of(Verdict.DRIFTED):
            raise Drifted(plan)
        note_what_is_there(keeper, plan)
        _run(address, plan, lock, progress)
        if flavour in flavours_of(steps):
            _check(plan_for(steps, situation(keeper, schema, flavour, steps, may_lose=may_lose)))
        return _applied(schema, plan, lock.waited_seconds, dry_run=False)


def preview(
    address: Address, steps: Sequence[Step], *, may_lose: bool = False, ran_until: str = ""
) -> Applied:
    """What `apply` would do, asked of the live schema; nothing is changed and no lock is taken."""
    with _connection(address) as connection:
        schema, flavour = _here(connection)
        now = situation(connection, schema, flavour, steps, may_lose=may_lose, ran_until=ran_until)
        plan = plan_for(steps, now)
    return _applied(schema, plan, 0.0, dry_run=True)


def _here(connection: Connection) -> tuple[str, str]:
    row = connection.query("SELECT DATABASE() AS name, VERSION() AS version")[0]
    flavour = flavour_of(str(row["version"]))
    settle_looker(connection, flavour)
    connection.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}, wait_timeout = 604800")
    return str(row["name"]), flavour


def _run(address: Address, plan: Plan, lock: Lock, progress: Tell) -> None:
    """The needed steps; what was busy is tried again, from the step that was."""
    todo = plan.to_run
    total = len(todo)
    number, attempts = 0, 1
    while number < total:
        rest = Plan(tuple(_from(plan, number)), plan.names)
        progress(Progress(number, total, todo[number].name))
        try:
            for step in carry_out(rest, lambda: _connection(address)):
                if step.kind == SETTING and step.checksum != todo[number].checksum:
                    continue  # Said once more after an interruption, for what follows it.
                number, attempts = number + 1, 1
                lock.check()
                if number < total:
                    progress(Progress(number, total, todo[number].name))
        except Failed as error:
            if error.number not in _BUSY:
                raise
            name = todo[number].name
            if attempts == ATTEMPTS:
                raise _busy(lock.connection, name) from error
            attempts += 1
            progress(Progress(number, total, f"{name}: the table is busy; trying again"))
    progress(Progress(total, total, "done"))


def _from(plan: Plan, number: int) -> Iterator[Decision]:
    """What is still to run, with the settings of the file in the middle of which it stopped."""
    waiting = [one for one in plan.decisions if one.verdict is Verdict.NEEDED]
    file = waiting[number].step.file
    for at, one in enumerate(waiting):
        if at >= number or (one.step.kind == SETTING and one.step.file == file):
            yield one


def _check(plan: Plan) -> None:
    left = [
        one
        for one in plan.decisions
        if one.verdict in (Verdict.NEEDED, Verdict.DRIFTED) and one.step.kind != SETTING
    ]
    if left:
        raise AfterpushError(
            f"all steps ran, but {left[0].step.place} is not as the replay had it here {left[0].why}; "
            "run `inv migrate.apply --dry-run` for what differs",
            ExitCode.BAD_ANSWER,
        )


def _applied(database: str, plan: Plan, waited: float, *, dry_run: bool) -> Applied:
    states = []
    for one in plan.decisions:
        if one.step.kind == SETTING:
            continue
        state = {Verdict.NEEDED: "needed" if dry_run else "executed", Verdict.DONE: "skipped"}.get(
            one.verdict, str(one.verdict)
        )
        states.append(StepState(one.step.name, one.step.kind, state, one.why))
    return Applied(
        executed=sum(one.state in ("executed", "needed") for one in states),
        skipped=sum(one.state == "skipped" for one in states),
        lock_waited_seconds=round(waited, 3),
        dry_run=dry_run,
        database=database,
        steps=tuple(states),
        waiting=tuple(Waiting(one.step.file, one.step.line, one.why) for one in plan.of(Verdict.WAITS)),
    )


@contextmanager
def _connection(address: Address) -> Iterator[Connection]:
    if not address.database:
        raise AfterpushError("no database is named: set DB_NAME, or write it into MYSQL_URL after the host")
    # No read limit: a step on a big table may take hours. TCP keep-alive notices a dead server.
    with connected(address, read_timeout_seconds=None) as connection:
        connection.execute(
            f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}, "
            f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, foreign_key_checks = 1"
        )
        yield connection


def _busy(connection: Connection, name: str) -> AfterpushError:
    try:
        rows = connection.query(
            "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() "
            "AND ID <> CONNECTION_ID() ORDER BY TIME DESC LIMIT 3"
        )
        others = ", ".join(str(row["id"]) for row in rows)
    except StatementRejected:
        others = ""
    return AfterpushError(
        f"{name}: the table was busy for {ATTEMPTS} times {LOCK_WAIT_SECONDS} s"
        f"{f' (connections in this database: {others})' if others else ''}; "
        "end the transaction that uses it, then run this again",
        ExitCode.TIMEOUT,
    )
