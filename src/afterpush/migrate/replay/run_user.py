"""A user for one run on somebody's server: everything in scratch schemas, and nothing outside of them.

A user with more rights would be stopped by nothing but the reading of each statement's text, and text can
hide what it names (quotes by sql_mode, PREPARE, bodies without BEGIN). So the server itself says no:

    root@db          looks at what came of the statements, and makes and drops the user
    afterpush_proof_3f2a... (random password, gone after the run)   executes the statements
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from afterpush.infra.database import Address, Connection, DatabaseFailure, StatementRejected, connected
from afterpush.infra.secrets import Secret
from afterpush.migrate.replay.scratch import PREFIX, is_confined
from afterpush.migrate.replay.server import Server

_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{12}}(_c)?")
_IDLE_SECONDS = 86400


@contextmanager
def as_run_user(server: Server, random_hex: Callable[[int], str]) -> Iterator[Server]:
    """The server with such a user as its runner.

    The server as it is where the user that was named has no more rights anyway, or may make no user; the
    fence is then alone.
    """
    with connected(server.looker, read_timeout_seconds=None) as keeper:
        if is_confined(keeper):
            yield server
            return
        name = PREFIX + random_hex(6)
        keeper.execute(f"SET SESSION wait_timeout = {_IDLE_SECONDS}")
        keeper.query("SELECT GET_LOCK(%s, 0) AS held", [name])
        _drop_leftovers(keeper)
        runner, creator = (
            replace(server.runner, user=user, password=Secret(f"Aa1-{random_hex(16)}"))
            for user in (name, f"{name}_c")
        )
        try:
            try:
                _make(keeper, runner)
                with connected(runner):
                    pass
            except DatabaseFailure:
                yield server
                return
            found = [runner, *([creator] if _made_creator(keeper, creator) else [])]
            allow = partial(_allow, keeper, [one.user for one in found])
            yield replace(server, runner=runner, allow=allow, creator=found[1] if found[1:] else None)
        finally:
            _drop(keeper, runner.user)
            _drop(keeper, creator.user)


def _make(keeper: Connection, one: Address) -> None:
    assert one.password is not None
    keeper.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", [one.user, one.password.reveal()])
    # For SET SESSION of what only some may set (MySQL), if the named user may: it could grant it in any case.
    with suppress(StatementRejected):
        keeper.execute("SET SESSION sql_require_primary_key = @@SESSION.sql_require_primary_key")
        keeper.execute(f"GRANT SESSION_VARIABLES_ADMIN ON *.* TO '{one.user}'@'%'")


def _made_creator(keeper: Connection, creator: Address) -> bool:
    """With the binary log only who has SUPER may make triggers and functions (1419)."""
    if _variable(keeper, "log_bin") != "ON" or _variable(keeper, "log_bin_trust_function_creators") != "OFF":
        return False
    try:
        _make(keeper, creator)
        keeper.execute(f"GRANT SUPER ON *.* TO '{creator.user}'@'%'")
    except StatementRejected:
        return False  # Who was named may make none either.
    return True


def _allow(keeper: Connection, users: Sequence[str], schema: str) -> None:
    """All rights in this schema. No pattern: with partial_revokes a grant on one is worth nothing."""
    for user in users:
        keeper.execute(f"GRANT ALL ON `{schema}`.* TO '{user}'@'%'")


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
            "SELECT User AS name, IS_FREE_LOCK(LEFT(User, %s)) AS free FROM mysql.user "
            "WHERE LEFT(User, %s) = %s",
            [len(PREFIX) + 12, len(PREFIX), PREFIX],
        )
    except StatementRejected:
        return  # It may not see the users; the next one that may drops them.
    for row in rows:
        if row["free"] == 1 and _OURS.fullmatch(str(row["name"])):
            _drop(keeper, str(row["name"]))
