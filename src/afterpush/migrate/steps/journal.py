"""The journal table: which steps ran, so that rows are written once and an interrupted run is known."""

from afterpush.infra.database import Connection
from afterpush.migrate.steps.stage import Journal as Known
from afterpush.migrate.steps.step import Step

JOURNAL_TABLE = "afterpush_migrations"
JOURNAL_SQL = f"""\
CREATE TABLE IF NOT EXISTS {JOURNAL_TABLE} (
  step VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  checksum CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME(6) NOT NULL,
  finished_at DATETIME(6) NULL,
  PRIMARY KEY (checksum, step)
) ENGINE=InnoDB"""
STARTED, DONE = "started", "done"


def read_journal(connection: Connection) -> Known:
    """What the journal of the current database says; an empty one counts as none."""
    sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
    if not connection.query(sql, [JOURNAL_TABLE]):
        return Known()
    rows = connection.query(f"SELECT checksum, state FROM {JOURNAL_TABLE}")
    done = frozenset(row["checksum"] for row in rows if row["state"] != STARTED)
    begun = frozenset(row["checksum"] for row in rows) - done
    return Known(done, begun, bool(rows))


def prepare(connection: Connection) -> None:
    """Makes the table where there is none."""
    connection.execute(JOURNAL_SQL)


def note(connection: Connection, step: Step, state: str) -> None:
    """Writes or changes the step's row."""
    finished = "NULL" if state == STARTED else "UTC_TIMESTAMP(6)"
    connection.execute(
        f"INSERT INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at) "
        f"VALUES (%s, %s, %s, UTC_TIMESTAMP(6), {finished}) ON DUPLICATE KEY UPDATE "
        f"state = VALUES(state), finished_at = {finished}",
        [step.name[:190], step.checksum, state],
    )


def note_found(connection: Connection, steps: list[Step]) -> None:
    """Notes steps that were there before the journal, or are not wanted, so that they never run."""
    for first in range(0, len(steps), 200):
        part = steps[first : first + 200]
        rows = ", ".join(["(%s, %s, 'done', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"] * len(part))
        values = [value for step in part for value in (step.name[:190], step.checksum)]
        connection.execute(
            f"INSERT INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at) "
            f"VALUES {rows} ON DUPLICATE KEY UPDATE state = 'done', finished_at = UTC_TIMESTAMP(6)",
            values,
        )
