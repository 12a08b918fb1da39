"""Histories of a few files, replayed, as steps, and brought to a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from secrets import token_hex

from afterpush.infra.clock import SystemClock
from afterpush.infra.database import Address, Connection, connected
from afterpush.migrate.apply.apply import Applied, apply
from afterpush.migrate.replay.history import History
from afterpush.migrate.replay.look import look
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.replay.schema import TIMES, State
from afterpush.migrate.replay.server import Server as Replaying
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import Statement, split
from afterpush.migrate.steps.journal import JOURNAL_TABLE
from afterpush.migrate.steps.step import Step, steps_of
from tests.support.database_servers import Server, fresh_database


def statements(*files: str) -> list[Statement]:
    """The statements of files named 001.sql, 002.sql, ..."""
    return [one for number, text in enumerate(files, 1) for one in split(text, f"{number:03}.sql")]


def replaying(server: Server) -> Replaying:
    """With the least rights; the managed MySQL's wildcards give none (partial_revokes), as its own user."""
    return server_at(server.full if server.kind == "digitalocean" else server.proof_only)


@cache
def history(server: Server, *files: str, base: str = "") -> History:
    """What the server says of the files: the same each time."""
    return replay(replaying(server), statements(*files), base=split(base, "base.sql"), random_hex=token_hex)


def steps(server: Server, *files: str, with_data: bool = False) -> list[Step]:
    return steps_of({server.flavour: history(server, *files)}, with_data=with_data)


@contextmanager
def database(server: Server, *files: str) -> Iterator[Address]:
    """A database to which these files were brought the old way."""
    with fresh_database(server.full) as address:
        run(address, *files)
        yield address


def run(address: Address, *files: str) -> None:
    """The files by the old way: each on a connection of its own."""
    for text in files:
        with connected(address) as connection:
            for statement in split(text, ""):
                connection.execute(statement.sql)


def state(server: Server, address: Address) -> State:
    """What is there, without the journal."""
    with connected(address) as connection:
        settle(connection, server)
        found = look(connection, server.flavour, str(address.database))
    return {
        key: text
        for key, text in found.items()
        if key[1] != JOURNAL_TABLE and key[2] not in ("counter", *TIMES)
    }


def settle(connection: Connection, server: Server) -> None:
    if server.flavour == "mysql":
        connection.execute("SET SESSION information_schema_stats_expiry = 0")


def rows(address: Address, sql: str) -> list[tuple[object, ...]]:
    with connected(address) as connection:
        return [tuple(row.values()) for row in connection.query(sql)]


def applied(address: Address, steps: list[Step], *, may_lose: bool = False, ran_until: str = "") -> Applied:
    return apply(address, steps, clock=SystemClock(), wait_seconds=5, may_lose=may_lose, ran_until=ran_until)
