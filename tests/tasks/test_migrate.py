# ruff: noqa: E501 (SQL in lines of its own)
"""`inv migrate.audit`, `consolidate` and `prove`, as a user runs them."""

from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.database import connected
from afterpush.migrate.replay.scratch import drop_leftovers
from tests.migrate.repositories import PLAN, START, calls, write
from tests.support.cli import afterpush
from tests.support.database_servers import Server, url_of
from tests.support.repositories import Repository


@pytest.fixture
def app(repository: Repository) -> Path:
    """An app repository like the plan's."""
    return write(repository.path, PLAN)


@pytest.fixture
def env(mariadb: Server) -> dict[str, str]:
    """The server that reads the migrations."""
    return {"MYSQL_URL": url_of(mariadb.proof_only)}


def test_the_audit_lists_everything_and_is_bad(app: Path, env: dict[str, str]) -> None:
    answer = afterpush("migrate.audit", "--json", cwd=app, env=env)
    found = answer.json()
    assert answer.code == 1, answer.err
    assert found["statements"] == 5
    (column,) = [one for one in found["objects"] if one["name"] == "parentStrainId"]
    assert column == {
        "kind": "column", "table": "strains", "name": "parentStrainId", "file": "migrations/002_strains.sql",
        "line": 1, "covered": True, "where": "server/autoMigrate.ts:12", "known_as": None,
    }  # fmt: skip
    tables = {entry["name"] for entry in found["missing"] if entry["kind"] == "table"}
    assert tables == {"client_needs", "vendor_supply", "match_records"}
    assert [(one["kind"], one["table"], one["names"], one["places"]) for one in found["duplicates"]] == [
        ("index", "strains", ["idx_strains_parent_id", "idx_strains_parent"],
         ["migrations/002_strains.sql:2", "server/autoMigrate.ts:19"])
    ]  # fmt: skip
    assert found["boot_script"]["called"] is True
    assert found["start_script"]["old_steps"][0]["line"] == 3
    for key in ("unaudited", "invalid", "redefined", "destructive", "queries", "data"):
        assert found[key] == []
    told = afterpush("migrate.audit", cwd=app, env=env)
    assert "migrations/001_needs.sql:2: table client_needs with 8 parts" in told.out
    assert "scripts/start.sh:3: node scripts/migrate.js" in told.out


def test_the_audit_knows_what_the_server_refuses_and_what_hides_what(
    repository: Repository, env: dict[str, str]
) -> None:
    sources = {
        "migrations/1.sql": "CREATE TABLE a (id INT PRIMARY KEY);\nBOGUS;\nALTER TABLE nowhere ADD b INT;\n",
        "migrations/2.sql": "CREATE TABLE IF NOT EXISTS a (id INT PRIMARY KEY, more INT);\nDROP TABLE a;\nDELETE FROM b;\n",
    }
    write(repository.path, sources)
    answer = afterpush("migrate.audit", "--json", cwd=repository.path, env=env)
    found = answer.json()
    assert answer.code == 1
    assert [(one["file"], one["line"]) for one in found["invalid"]] == [
        ("migrations/1.sql", 2), ("migrations/1.sql", 3), ("migrations/2.sql", 3),
    ]  # fmt: skip
    assert [one["places"] for one in found["redefined"]] == [["migrations/1.sql:1", "migrations/2.sql:1"]]
    assert [(one["line"], one["message"]) for one in found["destructive"]] == [(2, "table a goes")]


def test_what_a_boot_script_runs_on_one_server_only_is_told(
    repository: Repository, env: dict[str, str]
) -> None:
    boot = calls("ALTER TABLE a ADD COLUMN IF NOT EXISTS b INT")
    sources = {"migrations/1.sql": "CREATE TABLE a (id INT PRIMARY KEY);\n", "server/autoMigrate.ts": boot}
    write(repository.path, sources)
    found = afterpush("migrate.audit", "--json", cwd=repository.path, env=env).json()
    told = [(one["file"], one["line"], one["rejected_by"]) for one in found["portability"]]
    assert told == [("server/autoMigrate.ts", 3, "MySQL 8")]


@pytest.mark.parametrize("task", ["migrate.audit", "migrate.consolidate", "migrate.prove"])
def test_no_source_at_all_is_a_usage_error(repository: Repository, task: str) -> None:
    answer = afterpush(task, cwd=repository.path, env={"MYSQL_URL": "mysql://nobody@127.0.0.1:1/"})
    assert answer.code == 2
    assert "migrate.sources" in answer.err and "Traceback" not in answer.err


def test_an_unknown_target_is_a_usage_error(app: Path, env: dict[str, str]) -> None:
    answer = afterpush("migrate.consolidate", "--target=python", cwd=app, env=env)
    assert answer.code == 2 and "expected sql or typescript" in answer.err


def test_an_edited_consolidated_file_is_refused(app: Path, env: dict[str, str]) -> None:
    assert afterpush("migrate.consolidate", "--target=sql", cwd=app, env=env).code == 0
    path = app / "migrations/consolidated.sql"
    path.write_text(path.read_text().replace("VARCHAR(100)", "VARCHAR(99)"))
    answer = afterpush("migrate.audit", cwd=app, env=env)
    assert answer.code == 2 and "was edited by hand" in answer.err


def test_one_command_goes_from_missing_to_proved(app: Path, mariadb: Server, env: dict[str, str]) -> None:
    answer = afterpush("migrate.consolidate", "--json", cwd=app, env=env, timeout_seconds=240)
    found = answer.json()
    assert (answer.code, found["proved"], found["open"]) == (0, True, []), answer.err
    assert found["files"] == ["server/autoMigrate.steps.ts", "server/autoMigrate.ts", "scripts/start.sh"]
    assert [step["line"] for step in found["removed_steps"]] == [3]
    assert [(step["kind"], step["table"], step["name"]) for step in found["added"]] == [
        ("table", "client_needs", "client_needs"),
        ("table", "vendor_supply", "vendor_supply"),
        ("table", "match_records", "match_records"),
        ("column", "strains", "parentStrainId"),
        ("index", "strains", "idx_strains_parent_id"),
    ]
    assert found["proof"]["server"]["flavor"] == "MariaDB"
    assert found["proof"]["mutations"]["tried"] == found["proof"]["mutations"]["caught"] > 30
    assert found["proof"]["crashes"] == {"points": 5, "recovered": 5, "failed": []}
    assert "node scripts" not in (app / "scripts/start.sh").read_text()
    assert afterpush("migrate.audit", cwd=app, env=env).code == 0
    again = afterpush("migrate.consolidate", "--json", cwd=app, env=env, timeout_seconds=240).json()
    assert (again["files"], again["added"], again["proved"]) == ([], [], True)
    with connected(mariadb.full) as connection:
        assert drop_leftovers(connection) == [], "runs of other tests may have schemas there; a dead one none"


def test_a_dry_run_shows_the_diff_and_touches_nothing(app: Path, env: dict[str, str]) -> None:
    before = {
        path: path.read_bytes() for path in app.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    answer = afterpush("migrate.consolidate", "--target=sql", "--dry-run", cwd=app, env=env)
    assert answer.code == 0 and "+++ b/migrations/consolidated.sql" in answer.out
    after = {
        path: path.read_bytes() for path in app.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    assert before == after


def test_a_red_proof_leaves_the_old_step(app: Path, env: dict[str, str]) -> None:
    write(app, {"migrations/003.sql": "BOGUS;\n"})
    answer = afterpush("migrate.consolidate", cwd=app, env=env)
    assert answer.code == 1 and "migrations/003.sql:1" in answer.out
    assert (app / "scripts/start.sh").read_text() == START


def test_a_server_that_is_not_there_is_an_outage_and_its_password_stays_secret(
    app: Path, mariadb: Server
) -> None:
    address = replace(mariadb.full, port=1)
    answer = afterpush("migrate.prove", cwd=app, env={"MYSQL_URL": url_of(address)})
    assert address.password is not None
    assert answer.code == 6 and address.password.reveal() not in answer.out + answer.err


def test_without_the_rights_the_grant_is_named(app: Path, mariadb: Server) -> None:
    answer = afterpush("migrate.prove", cwd=app, env={"MYSQL_URL": url_of(mariadb.no_rights)})
    assert answer.code == 2 and "GRANT ALL PRIVILEGES" in answer.err
