# ruff: noqa: E501 (SQL in lines of its own)
"""What comes after the adoption: every kind of later migration reaches a database in use, or is refused."""

from secrets import token_hex

import pytest

from afterpush.infra.database import StatementRejected, connected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.steps.execute import Drifted, note_what_is_there, plan_for, situation
from afterpush.migrate.steps.sql_file import render_sql
from afterpush.migrate.steps.step import steps_of
from tests.migrate.histories import applied, database, replaying, rows, run, settle, state, statements, steps
from tests.support.database_servers import Server, fresh_database

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(20) NULL, KEY ka (a));"
ROWS = "INSERT INTO t VALUES (1, 5, 'x'), (2, 6, NULL);"
KINDS = {
    "column added": "ALTER TABLE t ADD COLUMN c INT NULL AFTER id;",
    "column renamed, under a view": "CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t RENAME COLUMN a TO z; CREATE OR REPLACE VIEW v AS SELECT z FROM t;",
    "type": "ALTER TABLE t MODIFY a BIGINT NOT NULL;",
    "default": "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'y';",
    "comment": "ALTER TABLE t COMMENT 'new', MODIFY a INT NOT NULL COMMENT 'c';",
    "collation": "ALTER TABLE t MODIFY b VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;",
    "charset": "ALTER TABLE t CONVERT TO CHARACTER SET latin1;",
    "order": "ALTER TABLE t MODIFY b VARCHAR(20) NULL AFTER id;",
    "primary key": "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, a);",
    "index to unique": "ALTER TABLE t DROP KEY ka, ADD UNIQUE KEY ka (a);",
    "index direction": "ALTER TABLE t DROP KEY ka, ADD KEY ka (a DESC);",
    "index gone": "DROP INDEX ka ON t;",
    "index renamed": "ALTER TABLE t RENAME INDEX ka TO kb;",
    "foreign key's rule": "CREATE TABLE k (id INT PRIMARY KEY, t INT, CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id)); ALTER TABLE k DROP FOREIGN KEY f; ALTER TABLE k ADD CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE;",
    "key dropped and made again around a change": "CREATE TABLE k (id INT PRIMARY KEY, t INT, CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id)); ALTER TABLE k DROP FOREIGN KEY f; ALTER TABLE t MODIFY id BIGINT; ALTER TABLE k MODIFY t BIGINT; ALTER TABLE k ADD CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id);",
    "check": "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0); ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1);",
    "view's operator": "CREATE VIEW v AS SELECT a FROM t WHERE a > 5; CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a >= 5;",
    "procedure": "CREATE PROCEDURE p(x INT) SELECT 1; DROP PROCEDURE p; CREATE PROCEDURE p(x BIGINT) SELECT 1;",
    "function": "CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN 1; DROP FUNCTION f; CREATE FUNCTION f(x INT) RETURNS BIGINT DETERMINISTIC RETURN 1;",
    "trigger": "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; DROP TRIGGER g; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2;",
    "what only a string tells apart": "CREATE FUNCTION f() RETURNS CHAR(9) DETERMINISTIC RETURN '#f00'; DROP FUNCTION f; CREATE FUNCTION f() RETURNS CHAR(9) DETERMINISTIC RETURN '#0f0'; DROP FUNCTION f; CREATE FUNCTION f() RETURNS CHAR(9) DETERMINISTIC RETURN '#0  f0';",
    "event": "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1; ALTER EVENT e ON SCHEDULE EVERY 6 HOUR;",
    "event's beginning": "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 03:00:00' DO SELECT 1; ALTER EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 04:00:00';",
    "table renamed": "RENAME TABLE t TO u; ALTER TABLE u ADD c INT;",
    "partitions": "CREATE TABLE q (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10)); ALTER TABLE q ADD PARTITION (PARTITION b VALUES LESS THAN (20));",
    "guarded by a procedure": "CREATE PROCEDURE p() BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'g') THEN ALTER TABLE t ADD g INT; END IF; END; CALL p(); DROP PROCEDURE p;",
}  # fmt: skip


ONLY_ON_MARIADB = {
    "sequence": "CREATE SEQUENCE s; ALTER SEQUENCE s INCREMENT BY 5; ALTER TABLE t ADD n BIGINT DEFAULT (NEXT VALUE FOR s);",
    "history of rows": "ALTER TABLE t ADD SYSTEM VERSIONING;",
}


def cut(text: str) -> list[str]:
    """A file for each statement, so that a database can stand before each."""
    from afterpush.migrate.statements.split import split

    return [one.sql + (";" if ";" not in one.sql else "") for one in split(text, "")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_migration_arrives_from_wherever_a_database_is(server: Server, kind: str) -> None:
    arrives(server, kind, KINDS[kind])


@pytest.mark.parametrize("kind", ONLY_ON_MARIADB)
def test_so_does_what_only_mariadb_has(mariadb: Server, kind: str) -> None:
    arrives(mariadb, kind, ONLY_ON_MARIADB[kind])


def arrives(server: Server, kind: str, later: str) -> None:
    files = [TABLE, *cut(later)]
    planned = steps(server, *files)
    table = "u" if kind == "table renamed" else "t"
    with database(server, TABLE, ROWS, *files[1:]) as truth:
        wanted, values = state(server, truth), rows(truth, f"SELECT * FROM {table} ORDER BY id")
        assert applied(truth, planned).executed == 0
    with database(server, TABLE, ROWS, *files[1 : len(files) // 2]) as live:
        applied(live, planned)
        assert state(server, live) == wanted
        if "event's" in kind:
            sql = "SELECT STARTS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"
            assert str(rows(live, sql)[0][0]) == "2031-01-01 04:00:00"
        assert rows(live, f"SELECT * FROM {table} ORDER BY id") == values
        assert applied(live, planned).executed == 0


def test_a_key_is_dropped_by_the_name_that_it_has_here(server: Server) -> None:
    files = (
        "CREATE TABLE o (id INT PRIMARY KEY); CREATE TABLE k (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id));",
        "ALTER TABLE k DROP FOREIGN KEY f;",
    )
    with database(server, files[0].replace("CONSTRAINT f", "CONSTRAINT mine")) as live:
        applied(live, steps(server, *files))
        assert not [key for key in state(server, live) if key[2].startswith("foreign key")]


def test_what_the_same_run_added_needs_no_permission_to_go_again(server: Server) -> None:
    later = (
        "ALTER TABLE t ADD c INT, ADD d INT AS (a + 1) VIRTUAL;",
        "ALTER TABLE t DROP COLUMN c, DROP COLUMN d;",
    )
    with database(server, TABLE, ROWS) as live:
        assert applied(live, steps(server, TABLE, *later)).waiting == ()
    wider = "ALTER TABLE n MODIFY id BIGINT UNSIGNED AUTO_INCREMENT;"
    counted = "CREATE TABLE n (id INT AUTO_INCREMENT PRIMARY KEY); INSERT INTO n VALUES (1);"
    with database(server, counted) as live:
        assert applied(live, steps(server, counted, wider)).waiting == ()


def test_what_loses_values_waits_for_permission_and_says_where_it_stands(server: Server) -> None:
    planned = steps(server, TABLE, "ALTER TABLE t DROP COLUMN b;", "CREATE TABLE u (id INT PRIMARY KEY);")
    with database(server, TABLE, ROWS) as live:
        found = applied(live, planned)
        assert [(one.file, one.line) for one in found.waiting] == [("002.sql", 1)]
        assert rows(live, "SELECT b FROM t ORDER BY id") == [("x",), (None,)]
        assert ("table", "u", "table") in state(server, live)
        assert applied(live, planned, may_lose=True).executed == 1
        assert ("table", "t", "column b") not in state(server, live)


@pytest.mark.parametrize(
    "production",
    [
        TABLE.replace("VARCHAR(20)", "VARCHAR(19)"),
        TABLE.replace("KEY ka (a)", "KEY ka (a, b)"),
        TABLE.replace("b VARCHAR(20) NULL", "b VARCHAR(20) GENERATED ALWAYS AS (a) STORED"),
    ],
)
def test_what_no_state_of_the_history_has_stops_before_anything_runs(server: Server, production: str) -> None:
    planned = steps(server, TABLE, "CREATE TABLE u (id INT PRIMARY KEY);")
    with database(server, production) as live:
        before = state(server, live)
        with pytest.raises(Drifted, match=r"001\.sql:1: .* t\.(b|ka): here .*; expected "):
            applied(live, planned)
        assert state(server, live) == before


def test_rows_come_along_at_their_place_and_once(server: Server) -> None:
    files = (
        "CREATE TABLE p (id INT PRIMARY KEY, label VARCHAR(9), seats INT); INSERT INTO p VALUES (1, 'small', 5);",
        "ALTER TABLE p ADD COLUMN slug VARCHAR(9) NULL AFTER id; UPDATE p SET slug = label; ALTER TABLE p MODIFY slug VARCHAR(9) NOT NULL;",
    )
    planned = steps(server, *files, with_data=True)
    for stage in range(3):
        with database(server, *files[:stage]) as live:
            applied(live, planned)
            assert rows(live, "SELECT id, slug, label, seats FROM p") == [(1, "small", "small", 5)]
            assert applied(live, planned).executed == 0
    later = steps(server, *files, "INSERT INTO p VALUES (2, 'b', 'big', 9);", with_data=True)
    with database(server, *files) as live:
        applied(live, planned)
        assert applied(live, later).executed == 1
        assert rows(live, "SELECT id FROM p ORDER BY id") == [(1,), (2,)]


ROLES = (
    "CREATE TABLE roles (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9));",
    "INSERT INTO roles (name) VALUES ('admin');",
    "ALTER TABLE roles ADD COLUMN note VARCHAR(9) NULL;",
)


@pytest.mark.parametrize(("stage", "ran"), [(0, "none"), (1, "001.sql"), (2, "002.sql"), (3, "003.sql")])
def test_a_file_that_holds_only_rows_runs_once_or_asks(server: Server, stage: int, ran: str) -> None:
    planned = steps(server, *ROLES, with_data=True)
    with database(server, *ROLES[:stage]) as live:
        if stage == 2:
            with pytest.raises(Drifted, match=r"002\.sql:1: nothing shows whether 002\.sql ran here"):
                applied(live, planned)
            assert rows(live, "SHOW TABLES") == [("roles",)]
        applied(live, planned, ran_until=ran)
        assert rows(live, "SELECT name, note FROM roles") == [("admin", None)]
        assert applied(live, planned).executed == 0


def test_a_run_that_ends_behind_its_first_statement_writes_the_rows_of_that_file(server: Server) -> None:
    file = "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1);"
    planned = steps(server, file, with_data=True)
    with database(server) as live:
        with connected(live) as connection:
            settle(connection, server)
            now = situation(connection, str(live.database), server.flavour, planned, may_lose=False)
            note_what_is_there(connection, plan_for(planned, now))
            connection.execute(planned[0].sql)
        assert applied(live, planned).executed == 1
        assert rows(live, "SELECT id FROM p") == [(1,)]


@pytest.mark.parametrize(("stage", "is_refused"), [(0, False), (1, False), (2, True), (3, False)])
def test_a_plain_client_writes_rows_once_or_stops(server: Server, stage: int, is_refused: bool) -> None:
    text = render_sql(steps(server, *ROLES, with_data=True), may_lose=False)
    with database(server, *ROLES[:stage]) as live:
        for _ in range(2):
            if is_refused:
                with pytest.raises(
                    StatementRejected, match=r"002\.sql:1 ran\? inv migrate\.apply --ran-until=FILE"
                ):
                    run(live, text)
            else:
                run(live, text)
        note = [] if is_refused else [None]
        assert rows(live, "SELECT * FROM roles") == [(1, "admin", *note)]


@pytest.mark.parametrize("old", [(), ROLES[1:2]])
def test_a_plain_client_does_so_too_where_the_tables_are_those_of_others(
    server: Server, old: tuple[str, ...]
) -> None:
    found = replay(replaying(server), statements(ROLES[1]), base=statements(ROLES[0]), random_hex=token_hex)
    text = render_sql(steps_of({server.flavour: found}, with_data=True), may_lose=False)
    with database(server, ROLES[0], *old) as live:
        for _ in range(2):
            if old:
                with pytest.raises(StatementRejected, match=r"001\.sql:1 ran\? inv migrate\.apply"):
                    run(live, text)
            else:
                run(live, text)
        assert rows(live, "SELECT name FROM roles") == [("admin",)]


def test_another_flavour_takes_the_steps_only_where_nothing_of_them_is(
    mysql: Server, mariadb: Server
) -> None:
    planned = steps(mysql, TABLE)
    with fresh_database(mariadb.full) as live:
        assert applied(live, planned).executed == 1
        with pytest.raises(AfterpushError, match="mariadb"):
            applied(live, planned)
