"""Scratch schemas: made under random names, dropped whatever happens, and nothing else is touched.

A run holds a lock of the server named like its schemas for as long as it lives. A run that was killed
leaves schemas whose lock is free: the next run drops those, and only those.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from afterpush.infra.database import (
    Address,
    Connection,
    DatabaseFailure,
    StatementRejected,
    connect,
    connected,
)
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.execute import create_program
from afterpush.migrate.replay.server import Server

PREFIX = "afterpush_proof_"
_GRANT = re.compile(r"^GRANT (?P<rights>.*?) ON (?P<scope>\S+?\.\S+|`(?:[^`]|``)+`\.\S+) TO ", re.IGNORECASE)
_OURS = re.compile(rf"({PREFIX}[0-9a-f]{{12}})_[a-z0-9]+")
_NO_RIGHT = (1044, 1045, 1227)
# A proof's connection must outlive the pauses in which other connections work.
_IDLE_SECONDS = 86400
_LOCK_WAIT_SECONDS = 30


def without_schema(text: str) -> str:
    """A server's message without the scratch schema's name, which means nothing to the reader."""
    return re.sub(rf"`?{_OURS.pattern}`?\.", "", text)


@dataclass
class Scratch:
    """The schemas of one run. `keeper` is a connection that holds the run's lock and works on no schema."""

    server: Server
    name: str
    keeper: Connection
    made: list[str]

    def schema(self, ending: str, by: Connection | None = None) -> str:
        """A new, empty schema, made by a connection (default: the keeper).

        Raises AfterpushError without the right to make one.
        """
        schema = f"{self.name}_{ending}"
        self.made.append(schema)
        if self.server.allow is not None:
            self.server.allow(schema)
        try:
            (by or self.keeper).execute(f"CREATE DATABASE `{schema}` {self.server.options}")
        except StatementRejected as error:
            if error.number not in _NO_RIGHT:
                raise
            user = self.server.runner.user
            raise AfterpushError(
                f"{user} may not make scratch schemas on {self.server.runner.host}: {error.said}; an "
                f"administrator can allow it: GRANT ALL PRIVILEGES ON `afterpush\\_proof\\_%`.* TO "
                f"'{user}'@'%' (with "
                "partial_revokes, grants on names with wildcards do not count: use a server without it)"
            ) from error
        return schema

    @contextmanager
    def runner(self, schema: str) -> Iterator[Connection]:
        """A connection of its own into a scratch schema, with the server's default settings."""
        with connected(replace(self.server.runner, database=schema), read_timeout_seconds=600) as connection:
            connection.execute(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT_SECONDS}")
            _freeze_time(connection)
            if self.server.creator is not None:
                creator = replace(self.server.creator, database=schema)
                connection.on_refusal = partial(create_program, connection, creator)
            yield connection

    @contextmanager
    def looker(self, schema: str) -> Iterator[Connection]:
        """A connection that only reads, with settings of its own."""
        with connected(replace(self.server.looker, database=schema), read_timeout_seconds=600) as connection:
            settle_looker(connection, self.server.flavour)
            yield connection

    @contextmanager
    def outside(self) -> Iterator[Connection]:
        """A connection that is in no schema, for work beside the keeper's."""
        with connected(self.server.looker, read_timeout_seconds=600) as connection:
            connection.execute(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT_SECONDS}")
            yield connection

    def drop(self, schema: str, by: Connection | None = None) -> None:
        """Drops one of the schemas now."""
        (by or self.keeper).execute(f"DROP DATABASE IF EXISTS `{schema}`")
        self.made.remove(schema)


def _freeze_time(connection: Connection) -> None:
    """NOW() is the same in every run, and far ahead: an event that is made now is not due while we look."""
    try:
        connection.execute("SET SESSION timestamp = 2130000000")
    except StatementRejected:
        return  # Without the right to, rows with the time in them differ from run to run.


def settle_looker(connection: Connection, flavour: str) -> None:
    """Names in back quotes, a counter that is not a day old, and no long wait."""
    connection.execute(f"SET SESSION sql_mode = '', lock_wait_timeout = {_LOCK_WAIT_SECONDS}")
    if flavour == "mysql":
        connection.execute("SET SESSION information_schema_stats_expiry = 0")


@contextmanager
def scratch(server: Server, random_hex: Callable[[int], str]) -> Iterator[Scratch]:
    """Room for scratch schemas on a server; `random_hex(n)` gives n random bytes in hex.

    Raises DatabaseFailure, and AfterpushError without the rights.
    """
    server.start()
    name = PREFIX + random_hex(6)
    keeper = connect(server.runner, read_timeout_seconds=600)
    made: list[str] = []
    try:
        keeper.execute(
            f"SET SESSION wait_timeout = {_IDLE_SECONDS}, lock_wait_timeout = {_LOCK_WAIT_SECONDS}"
        )
        _hold(keeper, name)
        if not server.is_private:
            with connected(server.looker) as looker:
                drop_leftovers(looker)
        yield Scratch(server, name, keeper, made)
    except BaseException:
        keeper.close()
        _drop_after_failure(server.runner, made)
        raise
    if not server.is_private:  # To drop two hundred tables takes MySQL half a second; that one is killed.
        _drop_all(keeper, made)
    keeper.close()


def is_confined(connection: Connection) -> bool:
    """Whether the user's rights end at scratch schemas: then no statement can do harm outside of them."""
    for row in connection.query("SHOW GRANTS"):
        grant = _GRANT.match(str(next(iter(row.values()))))
        if grant is None:
            return False
        schema = grant["scope"].rpartition(".")[0].strip("`").replace("\\", "")
        if grant["rights"].upper() != "USAGE" and not schema.startswith(PREFIX):
            return False
    return True


def _hold(keeper: Connection, name: str) -> None:
    rows = keeper.query("SELECT GET_LOCK(%s, 0) AS held", [name])
    if rows[0]["held"] != 1:
        raise AfterpushError(f"the server did not give the lock {name}; run it again")


def drop_leftovers(keeper: Connection) -> list[str]:
    """Drops the schemas of runs that are dead; returns their names. Those of living runs stay."""
    rows = keeper.query(
        "SELECT SCHEMA_NAME AS name, IS_FREE_LOCK(LEFT(SCHEMA_NAME, %s)) AS free "
        "FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, %s) = %s",
        [len(PREFIX) + 12, len(PREFIX), PREFIX],
    )
    dead = [row["name"] for row in rows if row["free"] == 1 and _OURS.fullmatch(row["name"])]
    _drop_all(keeper, dead)
    return dead


def _drop_all(connection: Connection, schemas: list[str]) -> None:
    for schema in schemas:
        connection.execute(f"DROP DATABASE IF EXISTS `{schema}`")


def _drop_after_failure(address: Address, schemas: list[str]) -> None:
    """On a new connection: an interrupt in the middle of an answer makes the old one useless."""
    try:
        with connected(address) as connection:
            connection.execute(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT_SECONDS}")
            _drop_all(connection, schemas)
    except DatabaseFailure:
        return  # The server is gone; the first error is the one to tell, and the next run cleans up.
