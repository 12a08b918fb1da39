"""Running one statement, if it may be run."""

from afterpush.infra.database import Address, Connection, StatementRejected, connected
from afterpush.migrate.fence.refusal import refusal
from afterpush.migrate.replay.scope import QUERIES, ROWS
from afterpush.migrate.replay.server import Server
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import tokens

_MAY_NOT_SET_DEFINER = 1227
_ONLY_SUPER_MAY_CREATE = 1419


def why_not(statement: Statement, server: Server) -> str:
    """Why a statement is not executed on this server; empty when it may be."""
    if server.is_private:
        return ""
    return refusal(statement.sql) or ""


def execute(connection: Connection, statement: Statement) -> None:
    """Runs it, as `execute_sql` does."""
    execute_sql(connection, statement.sql, answers=statement.kind.split(" ")[0] in QUERIES | ROWS)


def execute_sql(connection: Connection, sql: str, *, answers: bool = False) -> None:
    """Runs it, without its DEFINER where the user may not set one: definers are in no state.

    `answers`: rows may come back. Raises StatementRejected with the server's words, DatabaseFailure when the
    server is lost.
    """
    run = connection.query if answers else connection.execute
    try:
        run(sql)
    except StatementRejected as error:
        plain = without_definer(sql)
        if error.number != _MAY_NOT_SET_DEFINER or plain == sql:
            raise
        run(plain)


def without_definer(sql: str) -> str:
    """The statement without its DEFINER clause."""
    found = list(tokens(sql))
    for number, token in enumerate(found[:40]):
        if token.upper == "DEFINER" and found[number + 1 : number + 2] and found[number + 1].text == "=":
            last = number + 2
            after = [part.text for part in found[last + 1 : last + 3]]
            if after == ["(", ")"] or after[:1] == ["@"]:
                last += 2
            elif last + 1 < len(found) and found[last + 1].kind == "variable":
                last += 1
            return sql[: token.start] + sql[found[last].end :]
    return sql


def create_program(runner: Connection, creator: Address, sql: str, error: StatementRejected) -> int:
    """Makes a program that the binary log lets the runner not make (1419: the server read it as one).

    The creator only makes it; what it does later, it does with the runner's rights. Raises StatementRejected.
    """
    if error.number != _ONLY_SUPER_MAY_CREATE:
        raise error
    row = runner.query("SELECT @@sql_mode AS mode, @@collation_connection AS collation")[0]
    plain = without_definer(sql)
    verbs = [token for token in list(tokens(plain))[:3] if token.upper in ("CREATE", "OR", "REPLACE")]
    place = verbs[-1].end if verbs else 0
    with connected(creator) as connection:
        connection.execute(
            "SET SESSION sql_mode = %s, collation_connection = %s", [row["mode"], row["collation"]]
        )
        return connection.execute(f"{plain[:place]} DEFINER=`{runner.address.user}`@`%` {plain[place:]}")
