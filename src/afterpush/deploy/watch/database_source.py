"""The `deployments` table as a source.

Its columns differ between installations (`createdAt` was dropped from some), so the table is looked at
before it is asked. A row is only as good as its writer: "pending" for ever is known to happen.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen
from afterpush.deploy.watch.sources import SourceFailure
from afterpush.digitalocean.deployment import Component, Deployment, Progress, Reason, Step
from afterpush.infra.database import Connection, DatabaseFailure

PHASES = {
    "pending": "PENDING_BUILD",
    "building": "BUILDING",
    "deploying": "DEPLOYING",
    "success": "ACTIVE",
    "failed": "ERROR",
}
_ORDERINGS = ("startedat", "started_at", "createdat", "created_at", "id")
_REFUSED = (1044, 1045, 1142, 1143, 1227, 1370, 1698)

Connect = Callable[[], AbstractContextManager[Connection]]


class DatabaseSource:
    """Asks the table for the newest row of the commit."""

    name = "database"
    is_authority = False

    def __init__(self, connect: Connect, table: str, sha: str) -> None:
        self._connect = connect
        self._table = table
        self._sha = sha
        self._columns: dict[str, str] | None = None

    def look(self) -> Fact:
        """One look. Raises SourceFailure."""
        try:
            with self._connect() as database:
                columns = self._columns = self._columns or self._read_columns(database)
                rows = database.query(self._query(columns), (self._sha,))
        except DatabaseFailure as failure:
            raise SourceFailure(str(failure), is_refused=failure.number in _REFUSED) from failure
        return self._fact(rows[0]) if rows else NotYet(self.name)

    def _read_columns(self, database: Connection) -> dict[str, str]:
        """The table's columns: their own spelling by lower-case name."""
        rows = database.query(f"SHOW COLUMNS FROM `{self._table}`")
        columns = {str(row["Field"]).lower(): str(row["Field"]) for row in rows}
        if "status" not in columns or not columns.keys() & {"commitsha", "commit_sha"}:
            raise SourceFailure(f"the table {self._table} has no columns commitSha and status")
        return columns

    def _query(self, columns: Mapping[str, str]) -> str:
        commit = columns.get("commitsha") or columns["commit_sha"]
        ordering = [f"`{columns[name]}` DESC" for name in _ORDERINGS if name in columns]
        order = f" ORDER BY {', '.join(ordering)}" if ordering else ""
        return f"SELECT * FROM `{self._table}` WHERE `{commit}` = %s{order} LIMIT 1"

    def _fact(self, row: Mapping[str, Any]) -> Fact:
        named = {name.lower().replace("_", ""): value for name, value in row.items()}
        status = str(named.get("status") or "").strip().lower()
        if status not in PHASES:
            return Inconclusive(self.name, f"the table says {status!r}, which is no known status")
        said = named.get("errormessage")
        failed = Step(name="deployment", status="ERROR", reason=Reason(message=str(said))) if said else None
        return Seen(
            self.name,
            Deployment(
                id=str(named.get("dodeploymentid") or f"row {named.get('id', '?')}"),
                phase=PHASES[status],
                services=(Component(source_commit_hash=self._sha),),
                progress=Progress(steps=(failed,)) if failed and status == "failed" else None,
            ),
        )
