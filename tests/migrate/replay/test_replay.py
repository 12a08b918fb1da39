# ruff: noqa: E501 (SQL in lines of its own)
"""The server reads the statements: what each of them changed, part by part."""

import pytest

from afterpush.migrate.replay.schema import Key, shown
from tests.migrate.histories import history
from tests.support.database_servers import Server


def effects(server: Server, sql: str) -> list[set[str]]:
    """The parts that each statement changed, for people; without the order of columns."""
    return [{shown(key) for key in one.keys if key[2] != "order"} for one in history(server, sql).effects]


def test_each_statement_names_the_parts_that_it_changes(server: Server) -> None:
    sql = (
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(9));"
        "ALTER TABLE t ADD COLUMN c INT, ADD KEY k (b(3));"
        "ALTER TABLE t MODIFY a BIGINT;"
        "CREATE INDEX i ON t (a);"
        "DROP INDEX k ON t;"
        "ALTER TABLE t COMMENT 'x';"
        "CREATE VIEW v AS SELECT a FROM t;"
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY);"
        "INSERT INTO t (id) VALUES (1);"
        "DROP TABLE t;"
    )
    whole = {"table t", "column t.id", "column t.a", "column t.b", "index t.PRIMARY"}
    found = effects(server, sql)
    assert found[:10] == [
        whole,
        {"column t.c", "index t.k"},
        {"column t.a"},
        {"index t.i"},
        {"index t.k"},
        {"table t"},
        {"view v"},
        {"trigger g"},
        set(),
        set(),
    ]
    assert {"table t", "column t.c", "index t.i", "trigger g"} <= found[10]


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("CREATE PROCEDURE p() BEGIN ALTER TABLE t ADD x INT; END; CALL p();", {"column t.x"}),
        ("SET @q = 'ALTER TABLE t ADD x INT'; PREPARE s FROM @q; EXECUTE s;", {"column t.x"}),
        ("CREATE TABLE u AS SELECT a FROM t;", {"table u", "column u.a"}),
        ("CREATE TABLE u LIKE t;", {"table u", "column u.id", "column u.a", "index u.PRIMARY"}),
        ("RENAME TABLE t TO u;", {f"{p} {n}{s}" for p, s in (("table", ""), ("column", ".id"), ("column", ".a"), ("index", ".PRIMARY")) for n in "tu"}),
        ("ALTER TABLE t CHANGE a b INT;", {"column t.a", "column t.b"}),
        ("ALTER TABLE t CONVERT TO CHARACTER SET latin1;", {"table t"}),
        ("ALTER TABLE t ADD b CHAR(3); ALTER TABLE t CONVERT TO CHARACTER SET latin1; ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;", {"table t", "column t.b"}),
        ("ALTER TABLE t ADD b CHAR(3); ALTER TABLE t CONVERT TO CHARACTER SET latin1;", {"table t", "column t.b"}),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;", {"event e"}),
    ],
)  # fmt: skip
def test_effects_need_no_grammar(server: Server, sql: str, changed: set[str]) -> None:
    assert effects(server, "CREATE TABLE t (id INT PRIMARY KEY, a INT);" + sql)[-1] == changed


def test_what_the_server_refuses_is_told_in_its_words_and_the_rest_goes_on(server: Server) -> None:
    found = history(server, "CREATE TABLE a (id INTT);\nCREATE TABLE b (id INT PRIMARY KEY);\nBOGUS;\n")
    assert [(one.statement.line, bool(one.rejected)) for one in found.effects] == [
        (1, True),
        (2, False),
        (3, True),
    ]
    assert found.effects[0].number in (1064, 4161) and "INTT" in found.effects[0].rejected


def test_the_history_knows_who_made_a_part_and_all_that_it_ever_was(server: Server) -> None:
    found = history(
        server, "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(5));", "ALTER TABLE t MODIFY a VARCHAR(9);"
    )
    key: Key = ("table", "t", "column a")
    assert found.made[key].file == "002.sql"
    assert [text.split(" ")[0] for text in found.texts(key)] == ["varchar(5)", "varchar(9)"]
    assert list(found.states())[-1] == found.final


def test_the_counter_of_a_table_is_part_of_its_state_only_where_a_statement_names_it(server: Server) -> None:
    sql = (
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 100;"
        "CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY); INSERT INTO u VALUES (7); ALTER TABLE u COMMENT 'x';"
    )
    final = history(server, sql).final
    assert {key: text for key, text in final.items() if key[2] == "counter"} == {
        ("table", "t", "counter"): "100"
    }


def test_a_table_that_if_not_exists_hides_is_known(server: Server) -> None:
    found = history(
        server,
        "CREATE TABLE t (id INT PRIMARY KEY);",
        "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, more INT);",
    )
    assert ("table", "t", "column more") in found.effects[1].hidden
    assert ("table", "t", "column more") not in found.final


def test_managed_mysql_is_read_too(digitalocean: Server) -> None:
    sql = 'CREATE TABLE "people" ("id" INT PRIMARY KEY, "full name" REAL);\nCREATE TABLE keyless (a INT);\n'
    found = history(digitalocean, sql)
    assert found.final["table", "people", "column full name"] == "float"
    assert found.effects[1].number == 3750


def test_a_table_says_when_it_is_no_longer_in_partitions(server: Server) -> None:
    made = "CREATE TABLE q (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2;"
    found = effects(
        server,
        f"{made} ALTER TABLE q REMOVE PARTITIONING; {made.replace('CREATE', 'ALTER').replace(' (id INT PRIMARY KEY)', '')}",
    )
    assert found[1:] == [{"table q", "partitions of table q"}] * 2


def test_white_space_and_comments_of_a_body_count_in_strings_only(server: Server) -> None:
    def text(body: str) -> str:
        final = history(
            server, f"CREATE TABLE t (a TEXT); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW {body};"
        ).final
        return final["trigger", "g", "trigger"]

    plain = text("BEGIN SET NEW.a = 'x  -- y # z'; SET @a = 5 - -1; END")
    assert (
        text("BEGIN\n  -- don't\n SET NEW.a =\t'x  -- y # z'; /* ' * */\n\n SET @a = 5 - -1; # it's\nEND")
        == plain
    )
    assert "'x  -- y # z'" in plain
    assert text("SET NEW.a = 'x  y'") != text("SET NEW.a = 'x y'")
    assert text(f"BEGIN {'SET @a  = 1; ' * 9000} END")
