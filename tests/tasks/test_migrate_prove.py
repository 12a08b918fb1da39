"""`migrate.prove` as a user runs it: a repository like the plan's, its documents, kills in the middle."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from afterpush.infra.database import Address, connected
from afterpush.migrate.scratch import PREFIX
from afterpush.migrate.steps import render_sql
from tests.migrate.samples import BASE, OLD, steps
from tests.support.cli import AFTERPUSH, afterpush
from tests.support.database_servers import Server, url_of
from tests.support.repositories import Repository

BOOT = """
import { db } from "./db";
export async function autoMigrate() {
  const [rows] = await db.execute("SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_NAME = ?");
  try {
    await db.execute(`ALTER TABLE strains ADD COLUMN parent_id INT NULL`);
  } catch (error) {
    if (!String(error).includes("Duplicate column")) throw error;
  }
}
"""


@pytest.fixture
def app(repository: Repository) -> Repository:
    """A repository before its consolidation."""
    repository.write("config/afterpush.yaml", "migrate: {base: [schema/*.sql]}\n")
    repository.write("schema/drizzle.sql", BASE)
    repository.write("migrations/001_needs.sql", OLD)
    repository.write("server/autoMigrate.ts", BOOT)
    return repository


def consolidate(app: Repository) -> None:
    app.write("migrations/consolidated.sql", render_sql(steps(OLD)))


def scratch_schemas(server: Server) -> list[str]:
    with connected(server.full) as connection:
        rows = connection.query("SHOW DATABASES")
    return [row["Database"] for row in rows if row["Database"].startswith(PREFIX)]


def test_before_the_consolidation_the_proof_names_what_is_missing(app: Repository, proving: Address) -> None:
    done = afterpush("migrate.prove", "--json", cwd=app.path, env={"MYSQL_URL": url_of(proving)})
    assert done.code == 1, done.err
    document = done.json()
    assert document["proved"] is False
    missing = {(one["kind"], one["table"]) for one in document["differences"] if one["found"] is None}
    assert {("table", "client_needs"), ("table", "vendor_supply"), ("view", "active_needs")} <= missing
    assert document["runs"]["A"]["equal"] and not document["runs"]["B"]["equal"]


def test_after_it_everything_is_proved_and_every_key_of_the_contract_is_there(
    app: Repository, proving: Address
) -> None:
    consolidate(app)
    done = afterpush("migrate.prove", "--json", cwd=app.path, env={"MYSQL_URL": url_of(proving)})
    assert done.code == 0, done.out
    document = done.json()
    assert document["proved"] is True and document["differences"] == []
    assert document["server"]["flavor"] in ("MariaDB", "MySQL") and document["server"]["version"]
    assert "sql_mode" in document["server"]
    assert set(document["runs"]) == set("ABCDE")
    assert {run["hash"] for run in document["runs"].values()} == {document["runs"]["A"]["hash"]}
    assert document["mutations"]["tried"] == document["mutations"]["caught"] > 30
    assert document["crashes"]["points"] == document["crashes"]["recovered"] == len(steps(OLD))
    assert "run E" in done.err


def test_the_report_for_people_says_on_which_server_and_no_more(app: Repository, proving: Address) -> None:
    consolidate(app)
    done = afterpush("migrate.prove", cwd=app.path, env={"MYSQL_URL": url_of(proving)})
    assert done.code == 0
    assert done.out.startswith("PROVED: old way and new way give the same schema, on M")
    assert "mutations" in done.out and "sql_mode" in done.out


@pytest.mark.parametrize(
    ("file", "text", "key", "line"),
    [
        ("migrations/002.sql", "CREATE TABLE a (id INT);\nCREATE TABLE a (id INT);\n", "invalid", 2),
        ("migrations/002.sql", "\n\nCREATE TABL a (id INT);\n", "unaudited", 3),
        ("migrations/002.sql", "\nDROP DATABASE other;\n", "refused", 2),
        ("migrations/002.sql", "CALL somebody();\n", "unaudited", 1),
    ],
)
def test_what_cannot_be_proved_is_named_with_file_and_line(
    app: Repository, proving: Address, file: str, text: str, key: str, line: int
) -> None:
    consolidate(app)
    app.write(file, text)
    done = afterpush("migrate.prove", "--json", cwd=app.path, env={"MYSQL_URL": url_of(proving)})
    assert done.code == 1
    document = done.json()
    assert document["proved"] is False
    assert (file, line) in [(one["file"], one["line"]) for one in document[key]]


def test_without_a_server_the_variables_are_named(app: Repository) -> None:
    done = afterpush("migrate.prove", "--json", cwd=app.path)
    assert done.code == 2
    assert "MYSQL_URL" in done.json()["error"] and "DB_HOST" in done.json()["error"]


def test_without_sources_the_setting_is_named(repository: Repository, proving: Address) -> None:
    done = afterpush("migrate.prove", cwd=repository.path, env={"MYSQL_URL": url_of(proving)})
    assert done.code == 2 and "migrate.sources" in done.err


def test_without_the_rights_the_grant_is_named(app: Repository, mariadb: Server) -> None:
    done = afterpush("migrate.prove", cwd=app.path, env={"MYSQL_URL": url_of(mariadb.no_rights)})
    assert done.code == 2 and "GRANT ALL PRIVILEGES" in done.err


def test_a_server_that_is_not_there_is_an_outage_and_its_password_stays_secret(
    app: Repository, mariadb: Server
) -> None:
    address = replace(mariadb.full, port=1)
    done = afterpush("migrate.prove", cwd=app.path, env={"MYSQL_URL": url_of(address)})
    assert address.password is not None
    assert done.code == 6 and address.password.reveal() not in done.out + done.err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_a_killed_proof_leaves_behind_the_next_one_removes(
    app: Repository, mortal_server: Server, number: signal.Signals
) -> None:
    consolidate(app)
    victim = subprocess.Popen(
        [*AFTERPUSH, "migrate.prove", "--json"],
        cwd=app.path,
        env=dict(os.environ) | {"MYSQL_URL": url_of(mortal_server.proof_only)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert victim.stderr is not None
    for line in victim.stderr:
        if line.startswith("crash 2"):
            break
    deadline = time.monotonic() + 30
    while not scratch_schemas(mortal_server):
        assert time.monotonic() < deadline
    victim.send_signal(number)
    victim.communicate(timeout=300)
    if number is not signal.SIGKILL:
        assert victim.returncode == 130
        assert scratch_schemas(mortal_server) == []
    done = afterpush(
        "migrate.prove", "--json", cwd=app.path, env={"MYSQL_URL": url_of(mortal_server.proof_only)}
    )
    assert json.loads(done.out)["proved"] is True
    assert scratch_schemas(mortal_server) == []
