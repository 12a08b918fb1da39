"""The journal table: one row for each step, written before and after it.

The probes decide what is needed; the journal tells what happened, and keeps steps that write rows from
running twice.
"""

from afterpush.infra.database import Connection
from afterpush.migrate.steps import JOURNAL_SQL, JOURNAL_TABLE, Step

STARTED, DONE, FOUND = "started", "done", "found"


class Journal:
    """The journal of the connection's current database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        """Makes the table where there is none. Raises DatabaseFailure."""
        self._connection.execute(JOURNAL_SQL)

    def exists(self) -> bool:
        """Whether the table is there."""
        sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
        return bool(self._connection.query(sql, [JOURNAL_TABLE]))

    def states(self) -> dict[tuple[str, str], str]:
        """The state of every step that was ever run, by name and checksum."""
        if not self.exists():
            return {}
        rows = self._connection.query(f"SELECT step, checksum, state FROM {JOURNAL_TABLE}")
        return {(row["step"], row["checksum"]): row["state"] for row in rows}

    def started(self, step: Step) -> None:
        """Before the step's statement: after a crash, this row says where it stopped."""
        self._connection.execute(
            f"INSERT INTO {JOURNAL_TABLE} (step, checksum, state, started_at) "
            f"VALUES (%s, %s, '{STARTED}', UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE "
            f"state = '{STARTED}', started_at = UTC_TIMESTAMP(6), finished_at = NULL",
            [step.name, step.checksum],
        )

    def done(self, step: Step) -> None:
        """After it."""
        self._connection.execute(
            f"UPDATE {JOURNAL_TABLE} SET state = '{DONE}', finished_at = UTC_TIMESTAMP(6) "
            "WHERE step = %s AND checksum = %s",
            [step.name, step.checksum],
        )

    def found(self, step: Step) -> None:
        """The step's thing is there: made by somebody else, or by a run that died before it could say so."""
        self._connection.execute(
            f"INSERT INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at) "
            f"VALUES (%s, %s, '{FOUND}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE "
            f"finished_at = IF(state = '{STARTED}', UTC_TIMESTAMP(6), finished_at), "
            f"state = IF(state = '{STARTED}', '{DONE}', state)",
            [step.name, step.checksum],
        )

    def claims(self, step: Step) -> bool:
        """Writes the row of a step that runs once, inside its transaction; False when it ran before."""
        return (
            self._connection.execute(
                f"INSERT IGNORE INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at) "
                f"VALUES (%s, %s, '{DONE}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
                [step.name, step.checksum],
            )
            == 1
        )
