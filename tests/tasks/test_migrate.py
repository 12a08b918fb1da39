"""`inv migrate.audit` and `inv migrate.consolidate`, as a user runs them."""

import re
from pathlib import Path

import pytest

from afterpush.infra.database import connected
from tests.migrate.repositories import PLAN, START, write
from tests.support.cli import afterpush
from tests.support.database_servers import Server, url_of
from tests.support.repositories import Repository


@pytest.fixture
def app(repository: Repository) -> Path:
    """An app repository like the plan's."""
    return write(repository.path, PLAN)


def test_the_audit_lists_everything_and_is_bad(app: Path) -> None:
    answer = afterpush("migrate.audit", "--json", cwd=app)
    found = answer.json()
    assert answer.code == 1
    assert found["statements"] == 5
    assert found["objects"][0] == {
        "kind": "column", "table": "strains", "name": "parentStrainId", "file": "migrations/002_strains.sql",
        "line": 1, "covered": True, "where": "server/autoMigrate.ts:12", "known_as": None,
    }  # fmt: skip
    tables = {entry["name"] for entry in found["missing"] if entry["kind"] == "table"}
    assert tables == {"client_needs", "vendor_supply", "match_records"}
    assert found["duplicates"] == [
        {
            "kind": "index", "table": "strains", "definition": "(parentstrainid)",
            "names": ["idx_strains_parent_id", "idx_strains_parent"],
            "places": ["migrations/002_strains.sql:2", "server/autoMigrate.ts:19"],
        }
    ]  # fmt: skip
    assert found["boot_script"]["called"] is True
    assert found["start_script"]["old_steps"][0]["line"] == 3
    for key in ("unaudited", "invalid", "redefined", "portability", "destructive", "queries", "data"):
        assert found[key] == []


def test_the_audit_for_people_names_what_is_missing(app: Path) -> None:
    answer = afterpush("migrate.audit", cwd=app)
    assert answer.code == 1
    assert "migrations/001_needs.sql:2: table client_needs with 8 parts" in answer.out
    assert "scripts/start.sh:3: node scripts/migrate.js" in answer.out


def test_strict_makes_warnings_bad(repository: Repository) -> None:
    sources = {"migrations/1.sql": "CREATE TABLE a (id INT);\nCREATE INDEX IF NOT EXISTS i ON a (id);\n"}
    write(repository.path, sources | {"migrations/consolidated.sql": ""})
    assert afterpush("migrate.consolidate", cwd=repository.path).code == 0
    assert afterpush("migrate.audit", cwd=repository.path).code == 0
    assert afterpush("migrate.audit", "--strict", cwd=repository.path).code == 1


@pytest.mark.parametrize("task", ["migrate.audit", "migrate.consolidate", "migrate.prove"])
def test_no_source_at_all_is_a_usage_error(repository: Repository, task: str) -> None:
    env = {"MYSQL_URL": "mysql://nobody@127.0.0.1:1/"} if task == "migrate.prove" else {}
    answer = afterpush(task, cwd=repository.path, env=env)
    assert answer.code == 2
    assert "migrate.sources" in answer.err and "Traceback" not in answer.err


def test_an_unknown_target_is_a_usage_error(app: Path) -> None:
    answer = afterpush("migrate.consolidate", "--target=python", cwd=app)
    assert answer.code == 2 and "expected sql or typescript" in answer.err


def test_an_edited_consolidated_file_is_refused(app: Path) -> None:
    assert afterpush("migrate.consolidate", "--target=sql", cwd=app).code == 0
    path = app / "migrations/consolidated.sql"
    path.write_text(path.read_text().replace("VARCHAR(100)", "VARCHAR(99)"))
    answer = afterpush("migrate.audit", cwd=app)
    assert answer.code == 2 and "was edited by hand" in answer.err


def test_one_command_goes_from_missing_to_proved(app: Path, mariadb: Server) -> None:
    env = {"MYSQL_URL": url_of(mariadb.proof_only)}
    answer = afterpush("migrate.consolidate", "--json", cwd=app, env=env, timeout_seconds=240)
    found = answer.json()
    assert (answer.code, found["proved"], found["open"]) == (0, True, [])
    assert found["files"] == ["server/autoMigrate.ts", "scripts/start.sh"]
    assert [step["line"] for step in found["removed_steps"]] == [3]
    assert {(step["kind"], step["table"], step["name"]) for step in found["added"]} == {
        ("table", "client_needs", "client_needs"),
        ("table", "vendor_supply", "vendor_supply"),
        ("table", "match_records", "match_records"),
        ("foreign_key", "client_needs", "fk_need_client"),
        ("foreign_key", "match_records", "fk_match_need"),
    }
    assert found["proof"]["server"]["flavor"] == "MariaDB"
    assert found["proof"]["mutations"]["tried"] == found["proof"]["mutations"]["caught"] > 0
    assert "node scripts" not in (app / "scripts/start.sh").read_text()
    assert afterpush("migrate.audit", cwd=app, env=env).code == 0
    with connected(mariadb.full) as connection:
        schemas = [row["Database"] for row in connection.query("SHOW DATABASES")]
        assert [name for name in schemas if re.fullmatch(r"afterpush_proof_[0-9a-f]{12}_\w+", name)] == []


def test_with_a_server_the_audit_knows_what_no_server_accepts(app: Path, mariadb: Server) -> None:
    text = "CREATE TABLE a (id INTT);\nALTER TABLE nowhere ADD COLUMN b INT;\nCREATE TABLE c (id INT);\n"
    write(app, {"migrations/003.sql": text})
    answer = afterpush("migrate.audit", "--json", cwd=app, env={"MYSQL_URL": url_of(mariadb.proof_only)})
    found = {(entry["line"], entry["message"].split(" ")[0]) for entry in answer.json()["invalid"]}
    assert answer.code == 1
    assert {line for line, _ in found} == {1, 2}


def test_a_server_that_is_not_there_leaves_the_audit_by_rule(app: Path) -> None:
    answer = afterpush(
        "migrate.audit", "--json", cwd=app, env={"MYSQL_URL": "mysql://u:secret99@127.0.0.1:1/x"}
    )
    assert answer.code == 1 and answer.json()["statements"] == 5
    assert "by rule only" in answer.err and "secret99" not in answer.err


def test_without_a_server_the_old_step_stays(app: Path) -> None:
    answer = afterpush("migrate.consolidate", cwd=app)
    assert answer.code == 0
    assert "scripts/start.sh:3 stays: nothing is proved without a server" in answer.out
    assert (app / "scripts/start.sh").read_text() == START


def test_a_linked_worktree_is_consolidated_itself_and_the_main_one_left_alone(
    repository: Repository,
) -> None:
    main = write(repository.path, PLAN)
    repository.commit("Plan")
    linked = repository.path.parent / "a linked ö"
    repository.git("worktree", "add", "--quiet", "-b", "topic", str(linked))
    write(linked, {"migrations/009.sql": "CREATE TABLE later (id INT);\n"})
    answer = afterpush("migrate.consolidate", "--json", cwd=linked / "server")
    assert "table later" in [step["step"] for step in answer.json()["added"]]
    assert "<afterpush>" in (linked / "server/autoMigrate.ts").read_text()
    assert "<afterpush>" not in (main / "server/autoMigrate.ts").read_text()
