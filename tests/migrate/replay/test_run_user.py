"""On somebody's server the statements run as a user that can do nothing outside of scratch schemas."""

import secrets
from contextlib import ExitStack
from pathlib import Path

import pytest

from afterpush.infra.database import DatabaseFailure, StatementRejected, connected
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.replay.run_user import as_run_user
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import split
from tests.support.database_servers import BOTH, Server, own_server

REACHING = [
    'SET sql_mode = \'ANSI_QUOTES\'; DELETE FROM "{0}"."kept"',
    "SET @q = CONCAT('DROP TABLE ', '{0}', '.kept'); PREPARE s FROM @q; EXECUTE s",
    "CREATE PROCEDURE p() DELETE FROM {0}.kept; CALL p()",
    "UPDATE own JOIN ({0}.kept) SET kept.id = 2",
    "CREATE TABLE u (id INT KEY) ENGINE=MERGE UNION=({0}.kept)",
    "CREATE USER more; GRANT ALL ON *.* TO more",
]


@pytest.mark.parametrize("number", range(len(REACHING)))
def test_nothing_outside_changes_whatever_the_text_hides(server: Server, number: int) -> None:
    with connected(server.full) as connection:
        outside = f"outside_{secrets.token_hex(4)}"
        connection.execute(f"CREATE DATABASE {outside}")
        try:
            connection.execute(f"CREATE TABLE {outside}.kept (id INT PRIMARY KEY)")
            connection.execute(f"INSERT INTO {outside}.kept VALUES (1)")
            sql = "CREATE TABLE own (id INT PRIMARY KEY);" + REACHING[number].format(outside)
            with as_run_user(server_at(server.full), secrets.token_hex) as confined:
                assert confined.runner.user.startswith("afterpush_proof_") and confined.looker.user == "full"
                history = replay(confined, split(sql, "001.sql"), random_hex=secrets.token_hex)
            assert history.rejected
            assert connection.query(f"SELECT id FROM {outside}.kept") == [{"id": 1}]
        finally:
            connection.execute(f"DROP DATABASE {outside}")


def test_the_user_is_gone_afterwards_and_so_are_those_of_dead_runs(tmp_path: Path) -> None:
    for kind in BOTH:
        (tmp_path / kind).mkdir()
        with own_server(kind, tmp_path / kind) as server, connected(server.full) as connection:
            dead = "afterpush_proof_00000000dead"
            connection.execute(f"CREATE USER {dead}@'%' IDENTIFIED BY 'Aa1-of-a-dead-run'")
            with ExitStack() as stack:
                living = stack.enter_context(as_run_user(server_at(server.full), secrets.token_hex))
                other = stack.enter_context(as_run_user(server_at(server.full), secrets.token_hex))
                with connected(living.runner) as one, connected(other.runner) as two:
                    assert one.query("SELECT 1 AS a") == two.query("SELECT 1 AS a")
            rows = connection.query("SELECT User AS name FROM mysql.user WHERE User LIKE 'afterpush%'")
            assert rows == []
            with pytest.raises(DatabaseFailure):
                with connected(living.runner):
                    pass


def test_a_user_with_no_more_rights_is_taken_as_it_is(server: Server) -> None:
    with as_run_user(server_at(server.proof_only), secrets.token_hex) as taken:
        assert taken.runner.user == "proof_only"


def test_on_a_managed_server_too_though_grants_on_patterns_count_nothing_there(digitalocean: Server) -> None:
    with as_run_user(server_at(digitalocean.full), secrets.token_hex) as managed:
        assert managed.runner.user.startswith("afterpush_proof_")
        sql = "CREATE TABLE t (id INT PRIMARY KEY); CREATE DATABASE afterpush_proof_more"
        history = replay(managed, split(sql, "1.sql"), random_hex=secrets.token_hex)
        assert [bool(one.rejected) for one in history.effects] == [False, True]


def test_it_may_set_what_the_named_user_may_set_for_a_session(mysql: Server, digitalocean: Server) -> None:
    sql = "SET SESSION sql_require_primary_key = 0; CREATE TABLE t (id INT)"
    for server, refused in ((mysql, []), (digitalocean, [1227, 3750])):
        with as_run_user(server_at(server.full), secrets.token_hex) as confined:
            history = replay(confined, split(sql, "1.sql"), random_hex=secrets.token_hex)
            assert [one.number for one in history.rejected] == refused


def test_triggers_and_functions_are_not_refused_to_it(server: Server) -> None:
    sql = (
        "CREATE TABLE t (id INT PRIMARY KEY); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1;"
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;"
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1"
    )
    with as_run_user(server_at(server.full), secrets.token_hex) as confined:
        assert not replay(confined, split(sql, "1.sql"), random_hex=secrets.token_hex).rejected
        with connected(confined.runner) as connection, pytest.raises(StatementRejected):
            connection.query("SELECT * FROM mysql.user")


def test_with_a_binary_log_its_programs_are_made_for_it_and_run_with_its_rights(tmp_path: Path) -> None:
    sql = (
        "CREATE TABLE t (id INT PRIMARY KEY);"
        "CREATE DEFINER=`somebody`@`else` TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1;"
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;"
        "SET @reaching = 'SET GLOBAL max_connections = 77'; PREPARE s FROM @reaching; EXECUTE s"
    )
    with own_server("mysql", tmp_path) as server:
        with connected(server.full) as connection:
            connection.execute("SET GLOBAL log_bin_trust_function_creators = 0")
        with as_run_user(server_at(server.full), secrets.token_hex) as confined:
            history = replay(confined, split(sql, "1.sql"), random_hex=secrets.token_hex)
        assert [bool(one.rejected) for one in history.effects] == [False, False, False, False, False, True]
        assert {key[1] for key in history.final if key[0] in ("trigger", "function")} == {"g", "f"}
        with connected(server.full) as connection:
            assert not connection.query("SELECT User FROM mysql.user WHERE User LIKE 'afterpush%'")
            assert connection.query("SELECT @@GLOBAL.max_connections = 77 AS reached") == [{"reached": 0}]
