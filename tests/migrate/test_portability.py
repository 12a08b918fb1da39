"""What runs on one of the two servers only."""

import pytest

from afterpush.infra.database import StatementRejected, connected
from afterpush.migrate.portability import MARIADB, MYSQL, Finding, findings
from afterpush.migrate.statements.split import split
from tests.support.database_servers import Server, fresh_database


def found(sql: str) -> list[Finding]:
    return findings(split(sql, "a.sql"))


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX IF NOT EXISTS i ON t (a)", "create-index-if"),
        ("create unique index if not exists i on t (a)", "create-index-if"),
        ("DROP INDEX IF EXISTS i ON t", "drop-index-if"),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT", "alter-if"),
        ("ALTER TABLE t ADD IF NOT EXISTS a INT", "alter-if"),
        ("ALTER TABLE t ADD INDEX IF NOT EXISTS i (a)", "alter-if"),
        ("ALTER TABLE t DROP COLUMN IF EXISTS a", "alter-if"),
        ("ALTER TABLE t DROP FOREIGN KEY IF EXISTS a", "alter-if"),
        ("ALTER TABLE t MODIFY COLUMN IF EXISTS a INT", "alter-if"),
        ("ALTER TABLE IF EXISTS t ADD a INT", "alter-table-if-exists"),
        ("CREATE OR REPLACE TABLE t (a INT)", "or-replace"),
        ("CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "or-replace"),
        ("CREATE VIEW IF NOT EXISTS v AS SELECT 1", "create-view-if"),
        ("CREATE PROCEDURE IF NOT EXISTS p() SELECT 1", "create-program-if"),
        ("CREATE SEQUENCE s", "sequence"),
        ("CREATE TABLE t (a INT DEFAULT NEXTVAL(s))", "sequence"),
        ("CREATE TABLE t (a UUID)", "type"),
        ("CREATE TABLE t (a INT, b TEXT DEFAULT 'x')", "text-default"),
        ("ALTER TABLE t ADD COLUMN b JSON DEFAULT '{}'", "text-default"),
        ("CREATE TABLE t (a VARCHAR(36) DEFAULT UUID())", "default-expression"),
        ("CREATE TABLE t (a INT, b INT AS (a) PERSISTENT)", "persistent"),
        ("CREATE TABLE t (a VARCHAR(9) COLLATE utf8mb4_uca1400_ai_ci)", "collation"),
        ("CREATE TABLE t (a INT) ENGINE=Aria", "engine"),
        ("INSERT INTO t VALUES (1) RETURNING a", "returning"),
        ("/*M! ALTER TABLE t ADD a INT */", "mariadb-comment"),
    ],
)
def test_what_mysql_8_rejects_is_found(sql: str, rule: str) -> None:
    one = next(finding for finding in found(f"SELECT 1;\n\n{sql};") if finding.rule == rule)
    assert one.line == 3 and one.message
    assert one.rejected_by == MYSQL


MARIADB_REJECTS = [
    ("CREATE TABLE t (a VARCHAR(9)) COLLATE utf8mb4_0900_ai_ci", "collation"),
    ("CREATE TABLE t (a INT, CHECK (a > 1) NOT ENFORCED)", "enforced"),
    ("ALTER TABLE o DROP CHECK c", "drop-check"),
    ("CREATE TABLE t (a INT, KEY i ((lower(a))))", "functional-index"),
    ("CREATE INDEX i ON o (a) INVISIBLE", "invisible-index"),
    ("CREATE VIEW v AS SELECT a->'$.x' FROM o", "json-arrow"),
]


@pytest.mark.parametrize(("sql", "rule"), MARIADB_REJECTS)
def test_what_mariadb_rejects_is_found(sql: str, rule: str) -> None:
    assert [finding.rejected_by for finding in found(sql) if finding.rule == rule] == [MARIADB]


def test_mariadb_does_reject_it(mariadb: Server) -> None:
    with fresh_database(mariadb.full) as address, connected(address) as connection:
        connection.execute("CREATE TABLE o (a LONGTEXT, CONSTRAINT c CHECK (a <> 'x'))")
        for sql, _ in MARIADB_REJECTS:
            with pytest.raises(StatementRejected):
                connection.execute(sql)


def test_a_body_without_delimiter_is_found() -> None:
    (one,) = found("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END;")
    assert one.rule == "no-delimiter"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE IF NOT EXISTS t (a INT, b TEXT DEFAULT NULL, c TEXT DEFAULT ('x'), uuid VARCHAR(36))",
        "CREATE TABLE t (text INT DEFAULT 1, d DATETIME DEFAULT CURRENT_TIMESTAMP, e INT DEFAULT (uuid()))",
        "DROP TABLE IF EXISTS t",
        "DROP VIEW IF EXISTS v",
        "CREATE OR REPLACE VIEW v AS SELECT IF(EXISTS(SELECT 1), 1, 2)",
        "DROP TRIGGER IF EXISTS x",
        "CREATE TABLE t (a INT COMMENT 'ADD COLUMN IF NOT EXISTS')",
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = IF(NOT EXISTS(SELECT 1), 1, 2)",
        "ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX i TO j, DROP CONSTRAINT c",
        "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    ],
)
def test_what_both_servers_accept_is_left_alone(sql: str) -> None:
    assert found(sql) == []


def test_what_was_tried_on_a_server_needs_no_rule() -> None:
    both = split("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT;\nALTER TABLE t DROP CHECK c;", "a.sql")
    assert [one.rejected_by for one in findings(both)] == [MYSQL, MARIADB]
    assert [one.rejected_by for one in findings(both, [MYSQL])] == [MARIADB]
    assert findings(both, [MYSQL, MARIADB]) == []
