"""One run at a time: the server's lock, which is freed with its connection, on any death of this process."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from afterpush.infra.clock import Clock
from afterpush.infra.database import Connection
from afterpush.infra.errors import AfterpushError, ExitCode

# One GET_LOCK call; short, so that waiting can be reported and interrupted.
_POLL_SECONDS = 2


@dataclass(frozen=True)
class Progress:
    """What a run tells while it goes: of `total` steps, `number` are over; `text` says the rest."""

    number: int
    total: int
    text: str


Tell = Callable[[Progress], None]


class Lock:
    def __init__(self, connection: Connection, name: str, waited_seconds: float) -> None:
        self.connection = connection
        self._name = name
        self.waited_seconds = waited_seconds

    def check(self) -> None:
        """A lock that was lost (a failover, a proxy that changed the connection) must stop the run."""
        held = self.connection.query("SELECT IS_USED_LOCK(%s) = CONNECTION_ID() AS held", [self._name])
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
def locked(connection: Connection, clock: Clock, wait_seconds: float, progress: Tell) -> Iterator[Lock]:
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
    yield Lock(connection, name, waited)
    connection.query("SELECT RELEASE_LOCK(%s) AS freed", [name])


def _got(connection: Connection, name: str, seconds: float) -> bool:
    rows = connection.query("SELECT GET_LOCK(%s, %s) AS got", [name, max(0.0, seconds)])
    return bool(rows[0]["got"] == 1)
