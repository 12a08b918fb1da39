"""A user for one run on somebody's server: everything in scratch schemas, and nothing outside of them.

A user with more rights would be stopped by nothing but the reading of each statement's text, and text can
hide what it names (quotes by sql_mode, PREPARE, bodies without BEGIN). So the server itself says no:

    root@db          looks at what came of the statements, and makes and drops the user
    afterpush_proof_3f2a... (random password, gone after the run)   executes the statements
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from afterpush.infra.database import Connection, DatabaseFailure, StatementRejected, connected
from afterpush.infra.secrets import Secret
from afterpush.migrate.replay.scratch import PREFIX, is_confined
from afterpush.migrate.replay.server import Server

_SCHEMAS = PREFIX.replace("_", "\\_") + "%"
_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{12}}")
_IDLE_SECONDS = 86400


@contextmanager
def as_run_user(server: Server, random_hex: Callable[[int], str]) -> Iterator[Server]:
    """The server with such a user as its runner.

    The server as it is where the user that was named has no more rights anyway, or may make no user, or where
    a grant on names with wildcards is worth nothing (partial_revokes); the fence then stands alone.
    """
    with connected(server.looker, read_timeout_seconds=None) as keeper:
        if is_confined(keeper) or _variable(keeper, "partial_revokes") == "ON":
            yield server
            return
        name = PREFIX + random_hex(6)
        keeper.execute(f"SET SESSION wait_timeout = {_IDLE_SECONDS}")
        keeper.query("SELECT GET_LOCK(%s, 0) AS held", [name])
        _drop_leftovers(keeper)
        runner = replace(server.runner, user=name, password=Secret(f"Aa1-{random_hex(16)}"))
        try:
            _make(keeper, name, runner.password, server.flavour)
            with connected(runner):
                pass
        except DatabaseFailure:
            _drop(keeper, name)
            yield server
            return
        try:
            yield replace(server, runner=runner)
        finally:
            _drop(keeper, name)


def _make(keeper: Connection, name: str, password: Secret | None, server_flavour: str) -> None:
    assert password is not None
    keeper.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", [name, password.reveal()])
    keeper.execute(f"GRANT ALL ON `{_SCHEMAS}`.* TO '{name}'@'%'")
    if server_flavour == "mysql":
        # For SET SESSION of what only some may set, as far as the user that was named may.
        with suppress(StatementRejected):
            keeper.execute(f"GRANT SESSION_VARIABLES_ADMIN ON *.* TO '{name}'@'%'")
    if _variable(keeper, "log_bin") == "ON" and _variable(keeper, "log_bin_trust_function_creators") == "OFF":
        # Else the server refuses it every trigger and function (1419). It opens no other schema.
        with suppress(StatementRejected):
            keeper.execute(f"GRANT SUPER ON *.* TO '{name}'@'%'")


def _variable(keeper: Connection, name: str) -> str:
    rows = keeper.query(f"SHOW GLOBAL VARIABLES LIKE '{name}'")
    return str(rows[0]["Value"]) if rows else ""


def _drop(keeper: Connection, name: str) -> None:
    with suppress(DatabaseFailure):
        keeper.execute(f"DROP USER IF EXISTS '{name}'@'%'")


def _drop_leftovers(keeper: Connection) -> None:
    """Users of runs that are dead: their lock is free."""
    try:
        rows = keeper.query(
            "SELECT User AS name, IS_FREE_LOCK(User) AS free FROM mysql.user WHERE LEFT(User, %s) = %s",
            [len(PREFIX), PREFIX],
        )
    except StatementRejected:
        return  # It may not see the users; the next one that may drops them.
    for row in rows:
        if row["free"] == 1 and _OURS.fullmatch(str(row["name"])):
            _drop(keeper, str(row["name"]))
