# ruff: noqa: E501 (SQL in lines of its own)
"""The module of steps, run by node on a real database: rows are written once, or the app does not start."""

from pathlib import Path

from afterpush.infra.database import Address
from afterpush.migrate.steps.module import steps_module
from tests.migrate.boot_script.test_run import database_module
from tests.migrate.histories import database, rows, steps
from tests.support.database_servers import Server
from tests.support.node import run_node

FILES = (
    "CREATE TABLE roles (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9)); INSERT INTO roles (name) VALUES ('a');",
    "INSERT INTO roles (name) VALUES ('b');",
    "ALTER TABLE roles ADD COLUMN note INT NULL;",
)
OPEN = "import mysql from 'mysql2/promise'; const db = await mysql.createConnection(OPTIONS);"
START = """
const { migrate } = await import(process.cwd() + "/steps.mjs");
const run = async (text) => {
  const answer = await db.query(text);
  if (DIES && text.startsWith("CREATE TABLE roles")) process.exit(9);
  return answer;
};
try { await migrate(run); } catch (error) { console.log(error.message); process.exit(1); }
process.exit(0);
"""


def start(folder: Path, address: Address, *, dies: bool = False) -> tuple[int, str]:
    script = database_module(OPEN, address) + START.replace("DIES", str(dies).lower())
    done = run_node(script, folder)
    return done.returncode, done.stdout


def write_module(server: Server, folder: Path) -> None:
    planned = steps(server, *FILES, with_data=True)
    text = steps_module(planned, is_typed=False, is_esm=True, may_lose=False)
    (folder / "steps.mjs").write_text(text.replace("tries === 10", "true"))


def test_a_file_that_holds_only_rows_runs_once_or_the_app_does_not_start(
    server: Server, tmp_path: Path
) -> None:
    write_module(server, tmp_path)
    for stage in (0, 3):
        with database(server, *FILES[:stage]) as live:
            assert [start(tmp_path, live), start(tmp_path, live)] == [(0, ""), (0, "")]
            assert rows(live, "SELECT name, note FROM roles ORDER BY id") == [("a", None), ("b", None)]
    with database(server, *FILES[:2]) as live:
        code, said = start(tmp_path, live)
        assert code == 1 and "002.sql:1: nothing shows whether this file ran here" in said
        assert rows(live, "SELECT * FROM roles ORDER BY id") == [(1, "a"), (2, "b")]


def test_an_app_that_ends_behind_its_first_statement_writes_the_rows_of_that_file_later(
    server: Server, tmp_path: Path
) -> None:
    write_module(server, tmp_path)
    with database(server) as live:
        assert start(tmp_path, live, dies=True)[0] == 9
        assert start(tmp_path, live) == (0, "")
        assert rows(live, "SELECT name FROM roles ORDER BY id") == [("a",), ("b",)]
