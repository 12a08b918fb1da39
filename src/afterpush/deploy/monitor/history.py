"""Every watched deployment, in a SQLite file that survives crashes and its own corruption."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afterpush.infra.errors import AfterpushError

# SQLite is loaded where it is used: 1 MB less for a monitor that has no history to read yet.
if TYPE_CHECKING:
    import sqlite3

SCHEMA_VERSION = 1
_BUSY_SECONDS = 5
_SCHEMA = """
CREATE TABLE deployments (
    number INTEGER PRIMARY KEY,
    sha TEXT NOT NULL,
    app TEXT,
    deployment_id TEXT,
    verdict TEXT NOT NULL,
    source TEXT,
    branch TEXT,
    author TEXT,
    category TEXT,
    message TEXT NOT NULL,
    committed_at REAL,
    started_at REAL NOT NULL,
    finished_at REAL NOT NULL,
    elapsed_seconds REAL NOT NULL,
    phases TEXT NOT NULL
);
CREATE INDEX by_time ON deployments (started_at);
CREATE INDEX by_app ON deployments (app, started_at);
"""


@dataclass(frozen=True)
class HistoryRecord:
    """One watched deployment. Times are epoch seconds, `phases` the seconds spent in each phase, in order."""

    sha: Annotated[str, "the full sha of the commit"]
    verdict: Annotated[str, "what its watch ended with"]
    message: Annotated[str, "one sentence for people"]
    started_at: float
    finished_at: float
    elapsed_seconds: Annotated[float, "seconds"]
    app: Annotated[str | None, "the app's id; null when none was asked"] = None
    deployment_id: Annotated[str | None, "null when there was none"] = None
    source: Annotated[str | None, "which source reported it; null when none did"] = None
    branch: Annotated[str | None, "null when it was not known"] = None
    author: Annotated[str | None, "the commit's author; null when the commit is not here"] = None
    category: Annotated[str | None, "the category of a failure; null otherwise"] = None
    committed_at: float | None = None
    phases: Annotated[dict[str, float], "seconds in each phase that was seen, in order"] = field(
        default_factory=dict
    )


_COLUMNS = [entry.name for entry in fields(HistoryRecord)]


class History:
    """The history file of one repository; several monitors may write at once.

    `warnings` tells what was found broken: a corrupt file is moved aside and a new one begun.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[str] = []

    def add(self, record: HistoryRecord) -> None:
        """Appends a record. Raises AfterpushError when the file cannot be written."""
        row = {name: getattr(record, name) for name in _COLUMNS} | {"phases": json.dumps(record.phases)}
        marks = ", ".join(f":{name}" for name in _COLUMNS)
        with self._opened() as database:
            database.execute(f"INSERT INTO deployments ({', '.join(_COLUMNS)}) VALUES ({marks})", row)

    def records(self, limit: int | None = None) -> list[HistoryRecord]:
        """The records, newest first. Raises AfterpushError when the file cannot be read."""
        if not self.path.exists():
            return []
        newest_first = "ORDER BY started_at DESC, number DESC LIMIT :limit"
        query = f"SELECT {', '.join(_COLUMNS)} FROM deployments {newest_first}"
        with self._opened() as database:
            rows = database.execute(query, {"limit": -1 if limit is None else limit}).fetchall()
        return [_record(row) for row in rows]

    @contextlib.contextmanager
    def _opened(self) -> "Iterator[sqlite3.Connection]":
        import sqlite3

        try:
            database = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise self._unusable(error) from error
            self._move_aside(error)
            database = self._connect()
        try:
            with database:
                yield database
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        finally:
            database.close()

    def _connect(self) -> "sqlite3.Connection":
        import sqlite3

        # The file exists before SQLite opens it, so that it is private from its first byte.
        with contextlib.suppress(OSError):
            self.path.touch(mode=0o600)
        database = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            self._migrate(database)
            database.execute("SELECT count(*), max(started_at) FROM deployments").fetchone()
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self, database: "sqlite3.Connection") -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise AfterpushError(
                f"{self.path} was written by a newer afterpush (schema {version}); upgrade, or move it away"
            )
        database.execute("BEGIN EXCLUSIVE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.commit()

    def _move_aside(self, error: Exception) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        try:
            self.path.rename(aside)
            for ending in ("-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        except FileNotFoundError:
            return  # Another process moved it aside first.
        except OSError as failure:
            raise self._unusable(failure) from failure
        self.warnings.append(
            f"the history was corrupt ({error}); it is kept as {aside.name} and a new one begun"
        )

    def _unusable(self, error: Exception) -> AfterpushError:
        return AfterpushError(
            f"cannot use the history {self.path}: {error}; make it writable or move it away"
        )


def _record(row: tuple[object, ...]) -> HistoryRecord:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["phases"] = json.loads(str(values["phases"]))
    return HistoryRecord(**values)  # type: ignore[arg-type]
