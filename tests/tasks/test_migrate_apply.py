"""`migrate.apply` as a user runs it: documents, exit codes, two at once, and processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from afterpush.infra.database import Address, Connection, connected
from afterpush.migrate.apply.lock import lock_name
from afterpush.migrate.steps.journal import JOURNAL_TABLE
from afterpush.migrate.steps.sql_file import render_sql
from afterpush.migrate.steps.step import Step
from tests.migrate.histories import steps
from tests.migrate.repositories import BASE, NEEDS, STRAINS
from tests.support.cli import afterpush
from tests.support.database_servers import Server, fresh_database, url_of
from tests.support.repositories import Repository
from tests.support.waiting import wait_until

FILE = "migrations/consolidated.sql"
COUNT = 7
LAST = "003.sql:2 CREATE INDEX strains"


@pytest.fixture(scope="session")
def planned(mariadb: Server) -> list[Step]:
    found = steps(mariadb, BASE, NEEDS, STRAINS)
    assert (len(found), found[-1].name) == (COUNT, LAST)
    return found


@pytest.fixture
def app(repository: Repository, planned: list[Step]) -> Repository:
    """An app repository with a consolidated file."""
    repository.write(FILE, render_sql(planned, may_lose=False))
    return repository


def variables(address: Address) -> dict[str, str]:
    assert address.password is not None
    return {
        "DB_HOST": address.host,
        "DB_PORT": str(address.port),
        "DB_USER": address.user,
        "DB_PASS": address.password.reveal(),
        "DB_NAME": str(address.database),
        "DB_SSL_MODE": address.ssl_mode,
    }


@pytest.fixture
def started(app: Repository) -> Iterator[Callable[[Address], "subprocess.Popen[bytes]"]]:
    """Starts `migrate.apply --json` without waiting for it; whatever still runs is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start(address: Address) -> "subprocess.Popen[bytes]":
        program = "from afterpush.__main__ import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "migrate.apply", "--json"],
            cwd=app.path,
            env=dict(os.environ) | {"MYSQL_URL": url_of(address)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def lock_strains(connection: Connection) -> None:
    """The step that adds a column to this table then waits in the middle of its statement."""
    for sql in BASE.split(";")[:2]:
        connection.execute(sql)
    connection.execute("LOCK TABLES strains WRITE")


def states(address: Address) -> dict[str, str]:
    with connected(address) as connection:
        if not connection.query(f"SHOW TABLES LIKE '{JOURNAL_TABLE}'"):
            return {}
        rows = connection.query(f"SELECT step, state FROM {JOURNAL_TABLE}")
    return {row["step"]: row["state"] for row in rows}


def test_apply_says_what_it_did_and_then_finds_nothing_to_do(app: Repository, database: Address) -> None:
    first = afterpush("migrate.apply", "--json", cwd=app.path, env=variables(database))
    assert first.code == 0, first.err
    document = first.json()
    assert (document["executed"], document["skipped"]) == (COUNT, 0)
    assert document["lock_waited_seconds"] == 0
    assert f"[{COUNT}/{COUNT}] {LAST}" in first.err
    second = afterpush("migrate.apply", cwd=app.path, env=variables(database))
    assert second.code == 0
    assert f"executed 0, {COUNT} there already" in second.out


def test_a_dry_run_lists_what_would_be_done_and_changes_nothing(app: Repository, database: Address) -> None:
    for _ in range(2):
        shown = afterpush("migrate.apply", "--dry-run", "--json", cwd=app.path, env=variables(database))
        assert (shown.code, shown.json()["executed"], shown.json()["dry_run"]) == (0, COUNT, True)
    told = afterpush("migrate.apply", "--dry-run", cwd=app.path, env=variables(database)).out
    assert "+ 002.sql:2 CREATE TABLE client_needs" in told and f"would execute {COUNT}" in told


def test_another_definition_stops_with_a_clear_line_and_exit_1(app: Repository, database: Address) -> None:
    with connected(database) as connection:
        connection.execute("CREATE TABLE strains (id INT PRIMARY KEY, name VARCHAR(9))")
    done = afterpush("migrate.apply", "--json", cwd=app.path, env=variables(database))
    assert done.code == 1
    assert (
        "001.sql:2: column strains.id: here int(11) NOT NULL; expected int(11) NOT NULL auto_increment"
        in done.json()["error"]
    )
    shown = afterpush("migrate.apply", "--dry-run", cwd=app.path, env=variables(database))
    assert shown.code == 1 and "! 001.sql:2 CREATE TABLE strains" in shown.out


def test_two_at_once_one_works_and_the_other_waits_and_finds_nothing(
    database: Address, started: Callable[[Address], "subprocess.Popen[bytes]"]
) -> None:
    import json

    with connected(database) as connection:
        lock_strains(connection)
        first = started(database)
        wait_until(lambda: _waits_for_table(database), "the first run to stand before the locked table")
        second = started(database)
        wait_until(lambda: _waits_for_lock(database), "the second run to wait for the first")
        connection.execute("UNLOCK TABLES")
    documents = [json.loads(process.communicate(timeout=300)[0]) for process in (first, second)]
    assert [one["executed"] for one in documents] == [COUNT - 2, 0]
    assert documents[1]["skipped"] == COUNT
    assert documents[1]["lock_waited_seconds"] > 0


def _processes(address: Address) -> list[str]:
    """What the connections into this database do: other tests use the server at the same time."""
    with connected(address) as connection:
        rows = connection.query(
            "SELECT STATE AS s FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE <> ''"
        )
    return [str(row["s"]) for row in rows]


def _waits_for_table(address: Address) -> bool:
    return any("metadata lock" in state for state in _processes(address))


def _waits_for_lock(address: Address) -> bool:
    return any("User lock" in state for state in _processes(address))


def test_a_process_that_is_killed_in_a_statement_is_resumed(
    app: Repository, database: Address, started: Callable[[Address], "subprocess.Popen[bytes]"]
) -> None:
    with connected(database) as connection:
        lock_strains(connection)
        victim = started(database)
        wait_until(lambda: _waits_for_table(database), "the run to stand in a statement")
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        before = states(database)
        connection.execute("UNLOCK TABLES")
    assert len(before) < COUNT
    done = afterpush("migrate.apply", "--json", cwd=app.path, env=variables(database))
    assert done.code == 0, done.err
    assert done.json()["executed"] + done.json()["skipped"] == COUNT
    assert list(states(database).values()) == ["done"] * COUNT
    again = afterpush("migrate.apply", "--json", cwd=app.path, env=variables(database))
    assert again.json()["executed"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_frees_the_lock(
    app: Repository,
    database: Address,
    started: Callable[[Address], "subprocess.Popen[bytes]"],
    number: signal.Signals,
) -> None:
    with connected(database) as connection:
        lock_strains(connection)
        victim = started(database)
        wait_until(lambda: _waits_for_table(database), "the run to stand in a statement")
        victim.send_signal(number)
        err = victim.communicate(timeout=300)[1]
        connection.execute("UNLOCK TABLES")
    assert victim.returncode == 130, err
    assert b"Traceback" not in err
    assert afterpush("migrate.apply", "--wait=30", cwd=app.path, env=variables(database)).code == 0


def test_a_server_that_dies_in_a_statement_is_an_outage_and_loses_nothing(
    mortal_server: Server, started: Callable[[Address], "subprocess.Popen[bytes]"]
) -> None:
    with connected(mortal_server.full) as connection:
        connection.execute("CREATE DATABASE afterpush_proof_test_dies DEFAULT CHARACTER SET utf8mb4")
    address = replace(mortal_server.full, database="afterpush_proof_test_dies")
    with connected(address) as holder:
        lock_strains(holder)
        victim = started(address)
        wait_until(lambda: _waits_for_table(address), "the run to stand in a statement")
        mortal_server.kill()
        out, err = victim.communicate(timeout=300)
    assert victim.returncode == 6
    assert err.count(b"afterpush: ") == 1 and b"Traceback" not in err
    assert address.password is not None and address.password.reveal().encode() not in out + err


def test_a_busy_lock_ends_with_the_exit_code_of_a_timeout(app: Repository, database: Address) -> None:
    with connected(database) as other:
        other.query("SELECT GET_LOCK(%s, 0)", [lock_name(str(database.database))])
        done = afterpush("migrate.apply", "--wait=0.1", cwd=app.path, env=variables(database))
    assert done.code == 4
    assert "another run (connection" in done.err


def test_a_failed_certificate_check_is_told_and_nothing_runs(app: Repository, mariadb: Server) -> None:
    with fresh_database(mariadb.full) as address:
        env = variables(address) | {"DB_SSL_CA": str(mariadb.other_ca)}
        done = afterpush("migrate.apply", "--json", cwd=app.path, env=env)
        assert done.code == 6
        assert "certificate verify failed" in done.json()["error"]
        right = afterpush("migrate.apply", cwd=app.path, env=env | {"DB_SSL_CA": str(mariadb.ca)})
        assert right.code == 0, right.err


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"DB_HOST": ""}, 2, "set DB_HOST, DB_USER, DB_PASS and DB_NAME, or MYSQL_URL"),
        ({"DB_PASS": "wrong-password"}, 6, "check user and password"),
        ({"DB_PORT": "1"}, 6, "check host and port"),
        ({"DB_PORT": "many"}, 2, "DB_PORT is 'many'"),
        ({"DB_NAME": "nowhere"}, 6, "nowhere"),
    ],
)
def test_what_is_configured_wrongly_is_named(
    app: Repository, database: Address, change: dict[str, str], code: int, said: str
) -> None:
    done = afterpush("migrate.apply", cwd=app.path, env=variables(database) | change)
    assert (done.code, done.err.count("\n")) == (code, 1), done.err
    assert said in done.err and "wrong-password" not in done.err


def test_a_user_who_may_only_read_learns_what_to_do(app: Repository, mariadb: Server) -> None:
    with fresh_database(mariadb.full) as address, connected(mariadb.full) as connection:
        user = mariadb.no_rights.user
        connection.execute(f"GRANT SELECT ON `{address.database}`.* TO {user}@'127.0.0.1'")
        reader = replace(mariadb.no_rights, database=address.database)
        done = afterpush("migrate.apply", cwd=app.path, env=variables(reader))
        connection.execute(f"REVOKE SELECT ON `{address.database}`.* FROM {user}@'127.0.0.1'")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "CREATE command denied" in done.err and "have this right granted" in done.err


def test_without_a_consolidated_file_the_task_that_writes_it_is_named(
    repository: Repository, database: Address
) -> None:
    done = afterpush("migrate.apply", cwd=repository.path, env=variables(database))
    assert done.code == 2 and "`afterpush migrate.consolidate --target=sql` writes them" in done.err


def test_a_consolidated_file_that_was_edited_is_not_run(app: Repository, database: Address) -> None:
    path = Path(app.path / FILE)
    path.write_text(path.read_text().replace("VARCHAR(100)", "VARCHAR(101)"))
    done = afterpush("migrate.apply", cwd=app.path, env=variables(database))
    assert done.code == 2 and "edited by hand" in done.err
    assert states(database) == {}
