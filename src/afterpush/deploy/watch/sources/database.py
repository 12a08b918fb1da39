"""The `deployments` table as a source.

Its columns differ between installations (`createdAt` was dropped from some), so the table is looked at
before it is asked. A row is only as good as its writer: "pending" for ever is known to happen.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from afterpush.deploy.watch.facts import Fact, Inconclusive, NotYet, Seen, Serving
from afterpush.deploy.watch.sources.ranked import SourceFailure
from afterpush.digitalocean.deployed_commits import Kin, Kinship
from afterpush.digitalocean.deployment import Component, Deployment
from afterpush.digitalocean.steps import Phase, Progress, Step, StepReason
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

_AGE = "afterpush_age_seconds"
_MOST_ZONES_APART_SECONDS = 14 * 3600.0
_COMMIT = re.compile(r"[0-9a-f]{7,40}")

Connect = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Columns:
    """The table's columns in their own spelling; `time` is the one to tell a row's age by, and its type."""

    commit: str
    status: str
    ordering: list[str]
    time: tuple[str, str] | None


class DatabaseSource:
    """Asks the table for the newest row of the commit, and for the newest that went live.

    `push_age` tells how many seconds ago the push of the commit began, where that is known: older rows are of
    an earlier one.
    """

    name = "database"
    is_authority = False

    def __init__(
        self, connect: Connect, table: str, sha: str, kin: Kin, push_age: Callable[[], float | None]
    ) -> None:
        self._connect = connect
        self._table = table
        self._sha = sha
        self._kin = kin
        self._push_age = push_age
        self._columns: Columns | None = None

    def look(self) -> Fact:
        """One look. Raises SourceFailure."""
        try:
            with self._connect() as database:
                columns = self._columns = self._columns or self._read_columns(database)
                own = database.few(self._newest(columns, f"`{columns.commit}` = %s"), (self._sha,))
                fact = self._fact(own[0]) if own and not self._is_older_than_push(own[0]) else None
                if isinstance(fact, Seen) and fact.deployment.phase == Phase.ACTIVE:
                    return fact
                live = database.few(self._newest(columns, f"LOWER(`{columns.status}`) = %s"), ("success",))
        except DatabaseFailure as failure:
            raise SourceFailure(str(failure), is_refused=failure.number in _REFUSED) from failure
        return self._containing(columns, live) or fact or NotYet(self.name)

    def _containing(self, columns: Columns, live: Sequence[Mapping[str, Any]]) -> Serving | None:
        """Whether what went live last contains ours."""
        commit = str(live[0].get(columns.commit) or "").lower() if live else ""
        if not _COMMIT.fullmatch(commit) or self._kin.kinship(commit) is not Kinship.CONTAINS:
            return None
        return Serving(self.name, contained_in=self._kin.full(commit))

    def _read_columns(self, database: Connection) -> Columns:
        rows = database.few(f"SHOW COLUMNS FROM `{self._table}`")
        named = {str(row["Field"]).lower(): (str(row["Field"]), str(row["Type"]).lower()) for row in rows}
        commit = named.get("commitsha") or named.get("commit_sha")
        if "status" not in named or not commit:
            raise SourceFailure(f"the table {self._table} has no columns commitSha and status")
        ordering = [named[name] for name in _ORDERINGS if name in named]
        times = [(name, kind) for name, kind in ordering if kind.startswith(("timestamp", "datetime"))]
        return Columns(commit[0], named["status"][0], [name for name, _ in ordering], next(iter(times), None))

    def _newest(self, columns: Columns, condition: str) -> str:
        age = f", TIMESTAMPDIFF(SECOND, `{columns.time[0]}`, NOW()) AS {_AGE}" if columns.time else ""
        order = ", ".join(f"`{name}` DESC" for name in columns.ordering)
        ordered = f" ORDER BY {order}" if order else ""
        return f"SELECT *{age} FROM `{self._table}` WHERE {condition}{ordered} LIMIT 1"

    def _is_older_than_push(self, row: Mapping[str, Any]) -> bool:
        """A DATETIME may be of any zone: then only what is older in every zone is."""
        push_age, age = self._push_age(), row.get(_AGE)
        if push_age is None or not isinstance(age, int) or not (self._columns and self._columns.time):
            return False
        slack = 0.0 if self._columns.time[1].startswith("timestamp") else _MOST_ZONES_APART_SECONDS
        return age > push_age + slack

    def _fact(self, row: Mapping[str, Any]) -> Fact:
        named = {name.lower().replace("_", ""): value for name, value in row.items()}
        status = str(named.get("status") or "").strip().lower()
        if status not in PHASES:
            return Inconclusive(self.name, f"the table says {status!r}, which is no known status")
        said = named.get("errormessage")
        failed = (
            Step(name="deployment", status="ERROR", reason=StepReason(message=str(said))) if said else None
        )
        return Seen(
            self.name,
            Deployment(
                id=str(named.get("dodeploymentid") or f"row {named.get('id', '?')}"),
                phase=PHASES[status],
                services=(Component(source_commit_hash=self._sha),),
                progress=Progress(steps=(failed,)) if failed and status == "failed" else None,
            ),
        )
