"""Boot scripts in the styles that teams write: what is added is reached, awaited, and run in that order."""

from pathlib import Path

import pytest

from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError
from afterpush.infra.settings import Migrate
from afterpush.migrate.boot import read_boot
from afterpush.migrate.consolidating import Outcome, consolidate
from afterpush.migrate.differences import compare
from afterpush.migrate.repository import read_repository
from afterpush.migrate.snapshot import take
from afterpush.migrate.statements import split
from tests.migrate.booting import run_boot
from tests.migrate.repositories import write
from tests.support.database_servers import fresh_database

SOURCE = """
CREATE TABLE needs (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE records (id INT PRIMARY KEY, need_id INT,
  CONSTRAINT fk_need FOREIGN KEY (need_id) REFERENCES needs (id) ON DELETE CASCADE);
"""
MODULE = """
import mysql from "mysql2/promise";
export const open = () => mysql.createConnection(OPTIONS);
"""
CLOSES = """\
import { open } from "./db";
export async function runAutoMigrations() {
  const connection = await open();
  try {
    await connection.query("ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL");
  } catch (error: any) {
    if (error.code !== "ER_DUP_FIELDNAME") throw error;
  } finally {
    await connection.end();
  }
}
"""
RETURNS = """\
import { open } from "./db";
export async function runAutoMigrations() {
  const db = await open();
  if (!db) return { ok: false };
  try {
    await db.query("ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL");
    return { ok: true };
  } catch (error) {
    return { ok: false };
  }
}
"""
LISTED = """\
import { open } from "./db";

const CHANGES = [
  "ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL",
  "CREATE INDEX idx_note ON needs (note)",
];

export async function runAutoMigrations() {
  console.log(`${CHANGES.length} changes`);
  const db = await open();
  for (const change of CHANGES) {
    await db.query(change).catch(() => null);
  }
}
"""
HELPED = """\
import { open } from "./db";
const NOTE = `ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL`;
async function once(db: any, text: string) {
  try { await db.query(text); } catch {}
}
const index = async (db: any) => {
  await once(db, "CREATE INDEX idx_note ON needs (note)");
};
export async function runAutoMigrations() {
  const db = await open();
  await once(db, NOTE);
  await index(db);
  await db.query("SELECT 1");
}
"""
NAMED_LIKE_OURS = """\
import { open } from "./db";
const steps = [{ table: "needs", column: "note", type: "VARCHAR(50) NULL" }];
export async function runAutoMigrations() {
  const db = await open();
  for (const step of steps) {
    await db.query(`ALTER TABLE ${step.table} ADD COLUMN ${step.column} ${step.type}`).catch(() => null);
  }
}
"""
TYPED = """\
import { open } from "./db";
class Boot {
  static async run() {
    const db: any = await open();
    const apply = async (text: string) => {
      try { await db!.query(text); } catch {}
    };
    await apply("ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL");
    await db!.end();
  }
}
export const runAutoMigrations = () => Boot.run();
"""
FILLED_IN = """\
import { open } from "./db";
const COLUMNS = [{ column: "note", type: "VARCHAR(50) NULL" }] as const;
async function addColumnIfMissing(db: any, table: string, column: string, definition: string) {
  const [rows] = await db.query(
    `SELECT COUNT(*) AS n FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
      AND TABLE_NAME = '${table}' AND COLUMN_NAME = '${column}'`,
  );
  if (rows[0].n === 0) await db.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
}
export async function runAutoMigrations() {
  const db = await open();
  for (const { column, type } of COLUMNS) {
    await addColumnIfMissing(db, "needs", column, type);
  }
  await addColumnIfMissing(db, "records", "extra", "INT NULL");
}
"""


def consolidated(root: Path) -> Outcome:
    return consolidate(read_repository(root, Migrate()), "typescript", prove=None)


@pytest.mark.parametrize(
    "boot",
    [CLOSES, RETURNS, LISTED, HELPED, FILLED_IN, TYPED, NAMED_LIKE_OURS],
    ids=["closes", "returns", "listed", "helped", "filled in", "typed", "named like ours"],
)
def test_every_step_is_reached_wherever_the_database_comes_from(
    tmp_path: Path, proving: Address, boot: str
) -> None:
    write(tmp_path, {"migrations/1.sql": SOURCE, "server/autoMigrate.ts": boot})
    outcome = consolidated(tmp_path)
    assert len(outcome.added) == 3 and outcome.open == ()
    script = read_repository(tmp_path, Migrate()).inputs.boot
    assert script is not None
    own = [entry.sql for entry in read_boot(boot.encode(), "a.ts").program]
    # The old way came before the boot script; so do the steps, also for the proof that reads the script.
    assert [entry.sql for entry in script.program][3:] == own
    with fresh_database(proving) as empty, fresh_database(proving) as full:
        with connected(empty) as new, connected(full) as old:
            for statement in split(SOURCE + "ALTER TABLE needs ADD COLUMN note VARCHAR(50) NULL", "a.sql"):
                old.execute(statement.sql)
            # What is there already must not keep the rest from being made.
            old.execute("DROP TABLE records")
            for _ in range(2):
                run_boot(tmp_path, empty, MODULE)
                run_boot(tmp_path, full, MODULE)
            first, second = take(new, empty.database or ""), take(old, full.database or "")
            assert {thing.table for thing in first.of("table")} == {"needs", "records"}
            assert [one.message for one in compare("B", first, second).definitions] == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "const c = require('./db');\nc.query('DROP TABLE IF EXISTS x', (error) => {\n  c.end();\n});\n",
            "callbacks",
        ),
        ("const c = require('./db');\nc.query('DROP TABLE IF EXISTS x');\n", "top of a CommonJS file"),
        ("export function run(db) {\n  db.query('DROP TABLE IF EXISTS x');\n}\n", "line 1 is not async"),
        ("export async function run(db) { await db.query('DROP TABLE IF EXISTS x'); }\n", "line of its own"),
    ],
)
def test_where_nothing_can_be_awaited_the_script_is_refused(tmp_path: Path, script: str, said: str) -> None:
    write(tmp_path, {"migrations/1.sql": SOURCE, "server/autoMigrate.ts": script})
    with pytest.raises(AfterpushError, match=said):
        consolidated(tmp_path)
    assert (tmp_path / "server/autoMigrate.ts").read_text() == script


NEEDS_THE_SCRIPT = (
    SOURCE + "ALTER TABLE needs ADD COLUMN note VARCHAR(50);\nCREATE INDEX i ON needs (note);\n"
)


@pytest.mark.parametrize(
    ("boot", "said"), [(CLOSES, "connection is closed"), (RETURNS, "line 7 may return before them")]
)
def test_what_must_follow_the_script_is_not_put_where_it_never_runs(
    tmp_path: Path, boot: str, said: str
) -> None:
    write(tmp_path, {"migrations/1.sql": NEEDS_THE_SCRIPT, "server/autoMigrate.ts": boot})
    with pytest.raises(AfterpushError, match=f"index needs.i must stand after .* but {said}"):
        consolidated(tmp_path)


def test_what_must_follow_stands_inside_of_a_try_whose_end_closes(tmp_path: Path) -> None:
    boot = CLOSES[: CLOSES.index("  } catch")] + CLOSES[CLOSES.index("  } finally") :]
    write(tmp_path, {"migrations/1.sql": NEEDS_THE_SCRIPT, "server/autoMigrate.ts": boot})
    consolidated(tmp_path)
    text = (tmp_path / "server/autoMigrate.ts").read_text()
    assert text.count("// <afterpush>") == 2
    assert text.rindex("// </afterpush>") < text.index("  } finally")
