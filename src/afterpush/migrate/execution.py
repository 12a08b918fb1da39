"""Executing statements and steps on one connection, one after the other, told as it goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from afterpush.infra.database import Connection, StatementRejected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.fence import refusal
from afterpush.migrate.journal import Journal
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step
from afterpush.migrate.tokens import Token, string_value, tokens

Item = Statement | Step

# What a boot script's `try`/`catch` passes over: the thing is there already. MySQL and MariaDB manuals,
# "Server Error Message Reference"; 1005 stands for a foreign key's name only with errno 121.
_ALREADY_THERE = frozenset([1050, 1060, 1061, 1068, 1304, 1359, 1537, 1826, 3822])
_ALREADY_GONE = frozenset([1051, 1091, 1305, 1360, 1539, 4092])
_MAY_NOT_SET_DEFINER = 1227


class Did(StrEnum):
    """What became of an item."""

    EXECUTED = "executed"
    SKIPPED = "skipped"
    TOLERATED = "tolerated"


@dataclass(frozen=True)
class Done:
    """One item that is over. `message` is the server's, where it said something; `definer` was left out."""

    item: Item
    did: Did
    message: str = ""
    definer: str = ""


class Drifted(AfterpushError):
    """Something is there already, and is defined otherwise."""

    def __init__(self, step: Step) -> None:
        wanted = " ".join(step.sql.split())
        wanted = wanted if len(wanted) <= 200 else wanted[:197] + "..."
        super().__init__(
            f"{step.name} is there already with another definition; wanted: {wanted}. "
            "Nothing of this step was executed: bring either in line with the other, then run again",
            ExitCode.BAD_ANSWER,
        )
        self.step = step


class Forbidden(AfterpushError):
    """Text that was put together on the server and reaches beyond the schema; it was not executed."""

    def __init__(self, statement: Statement, why: str) -> None:
        super().__init__(f"{place(statement)}: refused, it was not executed: {why}", ExitCode.BAD_ANSWER)
        self.statement = statement
        self.why = why


class Failed(AfterpushError):
    """The server rejected an item."""

    def __init__(self, item: Item, error: StatementRejected) -> None:
        said = f"{error.said} ({error.number}){_hint(error)}"
        super().__init__(f"{place(item)}: {said}", error.exit_code)
        self.item = item
        self.said = said
        self.number = error.number


# A table that is not there; MariaDB tells a foreign key's only as errno 150.
_NO_TABLE = (1146, 1824)


def _hint(error: StatementRejected) -> str:
    if error.number in _NO_TABLE or (error.number == 1005 and "errno: 150" in error.said):
        return "; a table that others make belongs to migrate.base"
    return ""


def place(item: Item) -> str:
    """Where an item comes from, for messages."""
    return f"step {item.name}" if isinstance(item, Step) else f"{item.file}:{item.line}"


def state_of(connection: Connection, step: Step) -> str:
    """What the step's probe says: needed, done or drifted. Raises DatabaseFailure."""
    rows = connection.query(step.probe)
    state = str(next(iter(rows[0].values()))) if rows else ""
    if state not in ("needed", "done", "drifted"):
        raise AfterpushError(f"the probe of step {step.name} answered {state!r}; consolidate again")
    return state


def carry_out(
    connection: Connection,
    items: Sequence[Item],
    *,
    tolerant: bool,
    schemas: frozenset[str] | None = frozenset(),
    journal: Journal | None = None,
) -> Iterator[Done]:
    """Executes the items in order, yielding each when it is over: whoever stops asking stops the run.

    With `tolerant`, statements (not steps) may meet what is there already, as in a boot script that
    catches it. `schemas` are the server's databases, for the texts that are prepared at run time; None
    admits any. Raises Failed, Drifted, Forbidden, or DatabaseFailure when the connection is lost.
    """
    for item in items:
        if isinstance(item, Step):
            yield _step(connection, item, journal)
        else:
            yield _statement(connection, item, tolerant, schemas)


def _statement(
    connection: Connection, statement: Statement, tolerant: bool, schemas: frozenset[str] | None
) -> Done:
    if schemas is not None:
        _look_at_prepared_text(connection, statement, schemas)
    try:
        definer = _execute(connection, statement.sql)
    except StatementRejected as error:
        if not (tolerant and is_met_already(error, statement.kind)):
            raise Failed(statement, error) from error
        return Done(statement, Did.TOLERATED, error.said)
    return Done(statement, Did.EXECUTED, definer=definer)


def is_met_already(error: StatementRejected, kind: str) -> bool:
    """Whether the statement only failed because what it makes is there, or what it drops is gone."""
    if error.number in _ALREADY_GONE:
        return kind.startswith("DROP") or kind == "ALTER TABLE"
    duplicate_key_name = error.number == 1005 and "errno: 121" in error.said
    return duplicate_key_name or error.number in _ALREADY_THERE


def _look_at_prepared_text(connection: Connection, statement: Statement, schemas: frozenset[str]) -> None:
    """Text in a variable is seen by nobody until PREPARE: the fence looks at it just before."""
    if statement.kind != "PREPARE":
        return
    text = _prepared_text(connection, list(tokens(statement.sql))[-1])
    why = refusal(text, schemas)
    if why:
        raise Forbidden(statement, why)


def _prepared_text(connection: Connection, source: Token) -> str:
    if source.kind == "string":
        return string_value(source.text)
    if source.kind != "variable":
        return ""
    value = next(iter(connection.query(f"SELECT {source.text}")[0].values()))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _execute(connection: Connection, sql: str) -> str:
    """Executes it; without the DEFINER (which is returned) where the user may not set one."""
    try:
        connection.execute(sql)
    except StatementRejected as error:
        plain, definer = without_definer(sql)
        if error.number != _MAY_NOT_SET_DEFINER or not definer:
            raise
        connection.execute(plain)
        return definer
    return ""


def without_definer(sql: str) -> tuple[str, str]:
    """The statement without its DEFINER clause, and the definer (empty when it has none)."""
    found = list(tokens(sql))
    for number, token in enumerate(found[:40]):
        if token.upper == "DEFINER" and found[number + 1 : number + 2] and found[number + 1].text == "=":
            last = number + 2
            after = [part.text for part in found[last + 1 : last + 3]]
            if after == ["(", ")"] or after[:1] == ["@"]:
                last += 2
            elif last + 1 < len(found) and found[last + 1].kind == "variable":
                last += 1
            end = found[last].end
            return sql[: token.start] + sql[end:], sql[found[number + 2].start : end]
    return sql, ""


def _step(connection: Connection, step: Step, journal: Journal | None) -> Done:
    if step.kind == "data":
        return _data(connection, step, journal)
    state = state_of(connection, step)
    if state == "drifted":
        raise Drifted(step)
    if state == "done":
        if journal:
            journal.found(step)
        return Done(step, Did.SKIPPED)
    if journal:
        journal.started(step)
    try:
        definer = _execute(connection, step.sql)
    except StatementRejected as error:
        # Somebody else may have been faster; then the probe sees it.
        if state_of(connection, step) != "done":
            raise Failed(step, error) from error
        return Done(step, Did.SKIPPED, error.said)
    if journal:
        journal.done(step)
    return Done(step, Did.EXECUTED, definer=definer)


def _data(connection: Connection, step: Step, journal: Journal | None) -> Done:
    """Rows are written once: together with the journal's row, or not at all."""
    if journal is None:
        raise AfterpushError(f"step {step.name} writes rows and needs the journal table to run only once")
    connection.execute("START TRANSACTION")
    try:
        if not journal.claims(step):
            connection.execute("ROLLBACK")
            return Done(step, Did.SKIPPED)
        connection.execute(step.sql)
        connection.execute("COMMIT")
    except StatementRejected as error:
        connection.execute("ROLLBACK")
        raise Failed(step, error) from error
    return Done(step, Did.EXECUTED)
