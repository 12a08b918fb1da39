"""Carrying a plan out: the steps that are needed, in their order, on a connection for each source file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from afterpush.infra.database import Connection, StatementRejected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.replay.execute import execute_sql
from afterpush.migrate.replay.look import look, with_rows
from afterpush.migrate.replay.parts import UNREADABLE
from afterpush.migrate.replay.schema import Key, part_name
from afterpush.migrate.statements.tokens import quoted, tokens, unquoted
from afterpush.migrate.steps import journal
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.plan import Decision, Plan, Situation, Verdict
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Step, flavours_of, known_keys

# A table that is not there; MariaDB tells a foreign key's only as errno 150.
_NO_TABLE = (1146, 1824)
Opening = Callable[[], AbstractContextManager[Connection]]


class Failed(AfterpushError):
    """The server rejected a step."""

    def __init__(self, step: Step, error: StatementRejected) -> None:
        super().__init__(f"{step.place}: {error.said} ({error.number}){hint(error)}", error.exit_code)
        self.number = error.number


class Drifted(AfterpushError):
    """Something is in no state of the history; nothing was executed."""

    def __init__(self, plan: Plan) -> None:
        drifted = plan.of(Verdict.DRIFTED)
        said = [f"{one.step.place}: {one.why}" for one in drifted]
        more = f"; and {len(said) - 5} more (--dry-run lists all)" if len(said) > 5 else ""
        what, cure = (
            "the database has what no state of the migrations has",
            "Bring either in line with the other",
        )
        if all(one.step.kind == DATA for one in drifted):
            what, cure = "the rows of the migrations cannot be brought up to date as they are", "Do so"
        super().__init__(
            f"{what}; nothing was executed. {'; '.join(said[:5])}{more}. {cure}, then run again",
            ExitCode.BAD_ANSWER,
        )


def hint(error: StatementRejected) -> str:
    """What may help against a rejection."""
    if error.number in _NO_TABLE or (error.number == 1005 and "errno: 150" in error.said):
        return "; a table that others make belongs to migrate.base"
    return ""


def situation(
    connection: Connection,
    schema: str,
    flavour: str,
    steps: Sequence[Step],
    *,
    may_lose: bool,
    ran_until: str = "",
) -> Situation:
    """What the steps find in this schema. Raises AfterpushError where the user cannot see enough of it."""
    live = look(connection, flavour, schema)
    known = known_keys(steps, flavour)
    hidden = [key for key in live if key in known and UNREADABLE in live[key]]
    if hidden:
        raise AfterpushError(
            f"{connection.address.user} may not read the text of {hidden[0][0]} {hidden[0][1]}; "
            "grant it SHOW_ROUTINE (MySQL) or SELECT on mysql.proc (MariaDB), or make it the definer"
        )
    noted = journal.read_journal(connection)
    tables = {name for _, name, part in live if part == "table" and name != journal.JOURNAL_TABLE}
    if noted.is_there or not any(step.kind == DATA and not step.is_left_out for step in steps):
        losing = [step for step in steps if step.loses]
        tables = {name for name in tables if any(_concerns(step, name, flavour) for step in losing)}
    return Situation(flavour, live, noted, with_rows(connection, tables), may_lose, ran_until)


def _concerns(step: Step, table: str, flavour: str) -> bool:
    return table.lower() in step.words or ("table", table) in step.objects(flavour)


def plan_for(steps: Sequence[Step], now: Situation) -> Plan:
    """The decisions. A server of a flavour that the steps do not know takes them only where it has none of
    it.
    """
    known = flavours_of(steps)
    if now.flavour in known or not known:
        return decide(steps, now)
    names = {
        (kind, name) for flavour in known for kind, name, _ in known_keys(steps, flavour) if kind != "schema"
    }
    if names & {(kind, name) for kind, name, _ in now.live}:
        raise AfterpushError(
            f"the steps were made on {' and '.join(known)}, and this server is {now.flavour}, which spells "
            f"definitions otherwise: consolidate with a {now.flavour} server (migrate.server, or MYSQL_URL)",
            ExitCode.BAD_ANSWER,
        )
    return Plan(tuple(Decision(step, Verdict.DONE if step.is_left_out else Verdict.NEEDED) for step in steps))


def carry_out(plan: Plan, opening: Opening) -> Iterator[Step]:
    """Executes what is needed, yielding each step when it is over: who stops asking stops the run.

    Raises Failed, or DatabaseFailure when the connection is lost.
    """
    with ExitStack() as stack:
        file, runner = "", None
        for step in plan.to_run:
            if runner is None or step.file != file:
                stack.close()
                file, runner = step.file, stack.enter_context(opening())
            yield execute_step(runner, _with_live_names(step, plan))


def bring_up(
    looker: Connection, opening: Opening, schema: str, flavour: str, steps: Sequence[Step], *, may_lose: bool
) -> Iterator[Step]:
    """All that is needed in a schema, decided once: what `migrate.apply` does, without its lock.

    Raises Drifted before anything is executed, Failed, or DatabaseFailure.
    """
    plan = plan_for(steps, situation(looker, schema, flavour, steps, may_lose=may_lose))
    if plan.of(Verdict.DRIFTED):
        raise Drifted(plan)
    note_what_is_there(looker, plan)
    yield from carry_out(plan, opening)


def note_what_is_there(connection: Connection, plan: Plan) -> None:
    """Makes the journal, and writes into it what needs no run: it will not be taken for new later.

    Nor will a run that ends right behind its first statement be: the journal begins before it.
    """
    journal.prepare(connection)
    known = journal.read_journal(connection)
    there = [one.step for one in plan.of(Verdict.DONE) if one.step.kind != SETTING]
    first = next((step for step in plan.to_run if step.kind == SCHEMA), None)
    connection.execute("START TRANSACTION")
    journal.note_found(connection, [step for step in there if step.checksum not in known.done])
    if first and not known.is_there:
        journal.note(connection, first, journal.STARTED)
    connection.execute("COMMIT")


def execute_step(connection: Connection, step: Step) -> Step:
    """Executes one step; the journal knows afterwards. Raises Failed."""
    try:
        if step.kind == DATA:
            _write_rows(connection, step)
        else:
            execute_sql(connection, step.sql)
            if step.kind != SETTING:
                journal.note(connection, step, journal.DONE)
    except StatementRejected as error:
        raise Failed(step, error) from error
    return step


def _write_rows(connection: Connection, step: Step) -> None:
    """Rows and the journal's line in one transaction; what may commit by itself is noted before and after."""
    if step.sql[:8].upper().startswith(("INSERT", "REPLACE", "UPDATE", "DELETE")):
        connection.execute("START TRANSACTION")
        try:
            journal.note(connection, step, journal.DONE)
            connection.execute(step.sql)
            connection.execute("COMMIT")
        except StatementRejected:
            connection.execute("ROLLBACK")
            raise
        return
    journal.note(connection, step, journal.STARTED)
    connection.execute(step.sql)
    journal.note(connection, step, journal.DONE)


def _with_live_names(step: Step, plan: Plan) -> Step:
    """`DROP FOREIGN KEY t_ibfk_1` where the server called this key t_ibfk_2 on this database."""
    keys: set[Key] = {key for change in step.changes.values() for key in change.before if key in plan.names}
    if not keys:
        return step
    names = {part_name(key): plan.names[key] for key in keys}
    sql = step.sql
    for token in reversed(list(tokens(sql))):
        if token.kind in ("word", "name") and unquoted(token) in names:
            sql = sql[: token.start] + quoted(names[unquoted(token)]) + sql[token.end :]
    return replace(step, sql=sql)
