"""`migrate.lint`, `migrate.diff` and `migrate.baseline` as a user runs them."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from afterpush.infra.database import Address, connected
from tests.support.cli import Answer, afterpush
from tests.support.database_servers import Server, fresh_database
from tests.support.repositories import Repository

FIRST = "CREATE TABLE pets (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), born DATE);\n"
SECOND = "ALTER TABLE pets MODIFY name VARCHAR(10);\nALTER TABLE pets ADD COLUMN nick VARCHAR(20);\n"


@pytest.fixture
def app(repository: Repository) -> Repository:
    repository.write("migrations/001.sql", FIRST)
    repository.write("migrations/002.sql", SECOND)
    return repository


@pytest.fixture
def live(server: Server) -> Iterator[Address]:
    """The app's own database, brought up by the first file."""
    with fresh_database(server.full) as address:
        with connected(address) as connection:
            connection.execute(FIRST)
        yield address


def variables(address: Address) -> dict[str, str]:
    assert address.password is not None
    return {
        "DB_HOST": address.host, "DB_PORT": str(address.port), "DB_USER": address.user,
        "DB_PASS": address.password.reveal(), "DB_NAME": address.database or "",
    }  # fmt: skip


def lint(app: Repository, *words: str, **env: str) -> Answer:
    return afterpush("migrate.lint", "--json", *words, cwd=app.path, env=env)


def test_the_lint_tells_of_each_change_what_it_does_on_both_flavours(app: Repository) -> None:
    (app.path / "sizes.tsv").write_text("pets\t9000000\t40000000000\n")
    answer = lint(app, "--tables-from=sizes.tsv")
    assert answer.code == 0, answer.err
    narrow, wide = answer.json()["statements"]
    assert {
        "file",
        "line",
        "table",
        "algorithm",
        "lock",
        "rebuild",
        "loses",
        "breaks",
        "rewrite",
    } <= narrow.keys()
    assert (narrow["file"], narrow["line"], narrow["table"]) == ("migrations/002.sql", 1, "pets")
    assert (narrow["algorithm"], narrow["lock"], narrow["rebuild"]) == ("COPY", "SHARED", True)
    assert "longer than 10" in narrow["loses"][0] and narrow["bytes"] == 40_000_000_000
    assert (wide["algorithm"], wide["loses"], wide["breaks"], wide["rewrite"]) == ("INSTANT", [], [], None)
    assert {title.split()[0] for title in narrow["servers"]} == {"MySQL", "MariaDB"}
    assert lint(app, "--strict").code == 1


def test_the_lint_may_begin_at_a_file(app: Repository) -> None:
    app.write("migrations/003.sql", "DROP INDEX nope ON pets;\nALTER TABLE pets DROP COLUMN born;\n")
    answer = lint(app, "--since=003.sql", "--server=mariadb")
    assert answer.code == 1  # The server refuses the first one.
    assert [(each["line"], each["algorithm"]) for each in answer.json()["statements"]] == [
        (1, None),
        (2, "INSTANT"),
    ]
    assert lint(app, "--since=004.sql").code == 2


def test_the_lint_reads_sizes_from_the_apps_own_database_when_told_so(app: Repository, live: Address) -> None:
    answer = afterpush(
        "migrate.lint", "--json", "--tables-from=app", "--server=mariadb", cwd=app.path, env=variables(live)
    )
    assert answer.json()["statements"][0]["bytes"] > 0


def test_the_diff_names_what_is_missing_with_its_statement_and_changes_nothing(
    app: Repository, live: Address
) -> None:
    answer = afterpush("migrate.diff", "--json", cwd=app.path, env=variables(live))
    found = answer.json()
    assert answer.code == 1, answer.err
    assert [(each["object"], each["file"], each["line"]) for each in found["missing"]] == [
        ("column pets.nick", "migrations/002.sql", 2)
    ]
    (different,) = found["different"]
    assert (
        different["object"] == "column pets.name"
        and different["earlier"] == "as migrations/001.sql:1 made it"
    )
    assert "varchar(10)" in different["expected"] and "varchar(20)" in different["found"]
    with connected(live) as connection:
        for statement in SECOND.split(";\n")[:2]:
            connection.execute(statement)
        connection.execute("CREATE TABLE more (id INT PRIMARY KEY)")
    same = afterpush("migrate.diff", "--json", cwd=app.path, env=variables(live))
    assert (same.code, same.json()["missing"], same.json()["different"]) == (0, [], [])
    assert [each["object"] for each in same.json()["extra"]] == ["table more"]
    assert afterpush("migrate.diff", "--strict", cwd=app.path, env=variables(live)).code == 1


def test_the_diff_needs_no_more_than_select(app: Repository, server: Server, live: Address) -> None:
    reader = replace(live, user=f"reader_{secrets.token_hex(4)}")
    assert reader.password is not None
    with connected(server.full) as connection:
        connection.execute(
            f"CREATE USER {reader.user}@'127.0.0.1' IDENTIFIED BY '{reader.password.reveal()}'"
        )
        try:
            connection.execute(f"GRANT SELECT ON `{live.database}`.* TO {reader.user}@'127.0.0.1'")
            answer = afterpush("migrate.diff", "--json", cwd=app.path, env=variables(reader))
        finally:
            connection.execute(f"DROP USER {reader.user}@'127.0.0.1'")
    assert [each["object"] for each in answer.json()["missing"]] == ["column pets.nick"]


def test_a_baseline_is_written_and_is_the_apps_schema(repository: Repository, live: Address) -> None:
    dry = afterpush("migrate.baseline", "--json", "--dry-run", cwd=repository.path, env=variables(live))
    assert (dry.code, dry.json()["written"]) == (0, False)
    assert not (repository.path / "migrations").exists()
    answer = afterpush("migrate.baseline", "--json", cwd=repository.path, env=variables(live))
    assert (answer.code, answer.json()["file"], answer.json()["problems"]) == (
        0,
        "migrations/000_baseline.sql",
        [],
    )
    assert "CREATE TABLE `pets`" in (repository.path / "migrations/000_baseline.sql").read_text()
    diff = afterpush("migrate.diff", "--json", cwd=repository.path, env=variables(live))
    assert (diff.code, diff.json()["missing"], diff.json()["different"], diff.json()["extra"]) == (
        0,
        [],
        [],
        [],
    )
    again = afterpush("migrate.baseline", cwd=repository.path, env=variables(live))
    assert again.code == 2 and "there are migrations already (migrations/000_baseline.sql)" in again.err


def test_without_the_apps_database_the_variables_are_named(app: Repository) -> None:
    for task in ("migrate.diff", "migrate.baseline"):
        answer = afterpush(task, cwd=app.path)
        assert answer.code == 2
    assert "DB_HOST" in afterpush("migrate.diff", cwd=app.path).err


def test_an_address_in_a_file_of_the_repository_needs_a_yes(app: Repository) -> None:
    app.write("config/afterpush.yaml", "migrate: {server: 'mysql://ci:hunter2@db.internal:3306/'}\n")
    for task in ("migrate.lint", "migrate.audit"):
        answer = afterpush(task, cwd=app.path)
        assert answer.code == 2 and "env.trust" in answer.err, answer.err
        assert "hunter2" not in answer.err
