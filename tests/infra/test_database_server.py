"""A private server: up with the settings that were asked for, confined, and gone with its process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database import DatabaseFailure, StatementRejected, connected
from afterpush.infra.database_server.choice import Choice, as_settings, available, choose
from afterpush.infra.database_server.private import private_server
from afterpush.infra.database_server.programs import Flavour, Program, program_at, programs
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes.identity import identity_of, is_running
from tests.support.database_servers import BOTH, CACHE, program_of
from tests.support.shared import ROOT
from tests.support.waiting import wait_until

SCHEMAS = "afterpush\\_proof\\_%"


@pytest.fixture(params=BOTH)
def program(request: pytest.FixtureRequest) -> Program:
    return program_of(request.param)


def test_it_answers_as_two_users_and_knows_the_settings(program: Program) -> None:
    settings = {"sql_mode": "ANSI_QUOTES", "lower_case_table_names": "1", "no_such_variable": "7"}
    with private_server(program, cache=CACHE / "data", schemas=SCHEMAS, settings=settings) as server:
        with connected(server.administrator) as connection:
            (row,) = connection.query(
                "SELECT VERSION() AS version, @@sql_mode AS mode, @@lower_case_table_names AS lower, "
                "@@event_scheduler AS events, @@log_bin AS log, @@skip_networking AS closed"
            )
            assert str(row["version"]).startswith(program.version)
            assert (row["mode"], row["lower"], row["events"]) == ("ANSI_QUOTES", 1, "OFF")
            assert (row["log"], row["closed"]) == (1, 1)
            assert connection.query("SHOW BINARY LOGS")
        assert oct(server.folder.stat().st_mode)[-3:] == "700"
    assert not server.folder.exists()


def test_the_confined_user_stays_in_its_schemas(program: Program) -> None:
    with private_server(program, cache=CACHE / "data", schemas=SCHEMAS) as server:
        with connected(server.confined) as connection:
            connection.execute("CREATE DATABASE afterpush_proof_1")
            connection.execute("CREATE DEFINER=someone@elsewhere VIEW afterpush_proof_1.v AS SELECT 1")
            for statement in (
                "CREATE DATABASE other",
                "CREATE USER more",
                "SET GLOBAL event_scheduler = ON",
                "INSTALL PLUGIN x SONAME 'x.so'",
                "SELECT 1 INTO OUTFILE '/tmp/afterpush-never'",
                "CREATE TABLE mysql.t (id INT)",
            ):
                with pytest.raises(StatementRejected):
                    connection.execute(statement)


def test_no_program_of_root_can_be_made(program: Program) -> None:
    with private_server(program, cache=CACHE / "data", schemas=SCHEMAS) as server:
        with connected(server.confined) as connection:
            connection.execute("CREATE DATABASE afterpush_proof_1")
            connection.execute("CREATE DEFINER=root@localhost PROCEDURE afterpush_proof_1.p() CREATE USER x")
            with pytest.raises(StatementRejected):
                connection.execute("CALL afterpush_proof_1.p()")


def test_it_ends_with_the_process_that_started_it(program: Program) -> None:
    text = (
        "import sys\nfrom pathlib import Path\n"
        "from afterpush.infra.database_server.private import private_server\n"
        "from afterpush.infra.database_server.programs import Program\n"
        f"with private_server(Program(Path({str(program.path)!r}), {program.flavour!r}, {program.version!r}, "
        f"{'None' if program.root is None else f'Path({str(program.root)!r})'}), "
        f"cache=Path({str(CACHE / 'data')!r}), schemas='x%') as server:\n"
        "    print((server.folder / 'pid').read_text().strip(), server.folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None and owner.stdin is not None
    pid, folder = owner.stdout.readline().split()
    identity = identity_of(int(pid))
    assert identity is not None
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    wait_until(
        lambda: not (is_running(identity) or Path(folder).exists()),
        f"{pid} and {folder} end with their owner",
    )
    owner.stdin.close()
    owner.stdout.close()


def test_a_server_that_does_not_come_up_is_told_in_its_own_words(program: Program) -> None:
    settings = {"character_set_server": "klingon"}
    with pytest.raises(AfterpushError, match="klingon") as caught:
        with private_server(program, cache=CACHE / "data", schemas=SCHEMAS, settings=settings):
            pass
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_a_server_that_dies_is_an_outage_and_its_folder_goes(program: Program) -> None:
    with private_server(program, cache=CACHE / "data", schemas=SCHEMAS) as server:
        os.kill(int((server.folder / "pid").read_text()), signal.SIGKILL)
        with pytest.raises(DatabaseFailure) as caught, connected(server.confined) as connection:
            connection.query("SELECT SLEEP(30)")
        assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert not server.folder.exists()


def test_the_version_tells_the_flavour_and_never_the_name(program: Program, tmp_path: Path) -> None:
    if program.root is None:
        (tmp_path / "mysqld").symlink_to(program.path)
        assert program_at(tmp_path / "mysqld") == Program(
            tmp_path / "mysqld", program.flavour, program.version
        )
    assert program_at(Path(sys.executable)) is None


def test_without_programs_there_are_none(tmp_path: Path) -> None:
    assert programs(str(tmp_path), tmp_path, places=()) == []


ENVIRONMENT = {"MYSQL_URL": "mysql://ci:hunter2@db.internal:3307/shop", "DB_HOST": "prod", "PATH": "/bin"}


def chosen(word: str, **variables: str) -> Choice:
    return choose(word, read_environment(None, ENVIRONMENT | variables | {"AFTERPUSH_CACHE": str(CACHE)}))


@pytest.mark.parametrize("word", ["auto", "url"])
def test_a_named_server_is_the_one(word: str) -> None:
    choice = chosen(word)
    assert choice.address is not None and choice.address.host == "db.internal"
    assert choice.said == "db.internal:3307 (MYSQL_URL)"


@pytest.mark.parametrize("flavour", BOTH)
def test_a_flavour_means_a_private_server_whatever_the_url_says(flavour: Flavour) -> None:
    program_of(flavour)
    choice = chosen(flavour)
    assert choice.program is not None and choice.program.flavour == flavour
    assert choice.said.startswith("a private M")


def test_the_apps_own_database_is_chosen_by_its_word_only() -> None:
    assert chosen("app").said == "prod:25060 (the app's own, --server=app)"
    auto = choose("auto", read_environment(None, {"DB_HOST": "prod", "AFTERPUSH_CACHE": str(CACHE)}))
    assert auto.address is None and auto.program is not None


@pytest.mark.parametrize(
    ("word", "variables", "said"),
    [
        ("oracle", {}, "write auto, mysql, mariadb, url"),
        ("url", {"MYSQL_URL": ""}, "MYSQL_URL is not set"),
        ("app", {"DB_HOST": ""}, "DB_HOST is not set"),
    ],
)
def test_a_choice_that_cannot_be_made_says_what_to_do(
    word: str, variables: dict[str, str], said: str
) -> None:
    with pytest.raises(AfterpushError, match=said) as caught:
        chosen(word, **variables)
    assert caught.value.exit_code is ExitCode.USAGE


def test_variables_become_settings() -> None:
    assert as_settings({"sql_mode": "", "sql_require_primary_key": True, "time_zone": None}) == {
        "sql_mode": "",
        "sql_require_primary_key": "ON",
    }


def test_both_flavours_are_here() -> None:
    assert [program.flavour for program in available(read_environment(None))] == list(BOTH)
