"""The app's schema beside the migrations, and a first migration made from it, on both flavours."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.diff.baseline import Baseline, baseline_of, path_for
from afterpush.migrate.diff.compare import Difference, difference, problems_of, rendered
from afterpush.migrate.diff.live import Live, looking_at
from afterpush.migrate.replay.replay import replay
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import split
from tests.support.database_servers import Server, fresh_database

SHOP = """
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, favourite INT, KEY favourite (favourite))
  COMMENT 'really?';
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT, label VARCHAR(20) DEFAULT 'it''s',
  CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id));
ALTER TABLE customers ADD CONSTRAINT liked FOREIGN KEY (favourite) REFERENCES orders (id);
INSERT INTO customers (id) VALUES (77);
CREATE TABLE items (id INT PRIMARY KEY, number INT, CHECK (number > 0), order_id INT,
  FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE FUNCTION next_one(x INT) RETURNS INT DETERMINISTIC RETURN x + 1;
CREATE VIEW b_first AS SELECT id, next_one(id) AS n FROM orders;
CREATE VIEW a_second AS SELECT id FROM b_first;
CREATE PROCEDURE count_up() BEGIN DECLARE x INT; SET x = 1; SELECT x; END;
SET sql_mode = 'ANSI_QUOTES';
CREATE TRIGGER z_first BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW."label" = 'x'; END;
CREATE TRIGGER a_second BEFORE INSERT ON orders FOR EACH ROW SET NEW.label = 'y';
SET sql_mode = DEFAULT;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO DELETE FROM items;
CREATE TABLE flyway_schema_history (installed_rank INT PRIMARY KEY);
"""


@contextmanager
def live_of(server: Server, sql: str) -> Iterator[tuple[Address, Live]]:
    with fresh_database(server.full) as address:
        with connected(address) as connection:
            for statement in split(sql, "live.sql"):
                connection.execute(statement.sql)
        with looking_at(address) as live:
            yield address, live


def compared(server: Server, live: Live, sql: str, base: str = "") -> Difference:
    # The tests' own server: a fence for somebody's would refuse the sql_mode that a trigger was made with.
    history = replay(
        replace(server_at(server.full), is_private=True),
        split(sql, "001.sql"),
        base=split(base, "base.sql"),
        random_hex=secrets.token_hex,
    )
    assert not history.rejected, history.rejected
    return difference(history, live.state, ["app", "here"])


def test_a_baseline_makes_the_same_schema(server: Server) -> None:
    with live_of(server, SHOP) as (_, live):
        made: Baseline = baseline_of(live.connection, live.schema, live.state)
        assert problems_of(compared(server, live, made.text)) == []
    for word in ("DEFINER=", "AUTO_INCREMENT=", "flyway", live.schema):
        assert word not in made.text
    assert made.doubtful == ["table customers"]
    assert made.text.index('SET NEW."label"') < made.text.index("SET NEW.label"), "triggers keep their order"


def test_what_is_the_same_is_no_difference_whatever_its_keys_are_called(server: Server) -> None:
    with live_of(server, "CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY one (a), CHECK (a > 0))") as (
        _,
        live,
    ):
        sql = "CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY other (a), CONSTRAINT named CHECK (a > 0))"
        found = compared(server, live, sql)
        assert problems_of(found) == [] and found.is_good(strict=True)


def test_every_part_that_differs_is_told_with_its_statement(server: Server) -> None:
    live_sql = """
    CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, mine INT) COMMENT 'first';
    CREATE TABLE theirs (id INT PRIMARY KEY);
    CREATE VIEW v AS SELECT id FROM t;
    CREATE TABLE goose_db_version (id INT PRIMARY KEY);
    CREATE TABLE others (id INT PRIMARY KEY);
    """
    sql = """CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT) COMMENT 'first';
    ALTER TABLE t COMMENT 'second';
    ALTER TABLE t MODIFY a BIGINT, ADD c INT, ADD INDEX by_a (a);
    CREATE TABLE absent (id INT PRIMARY KEY, a INT);
    CREATE VIEW v AS SELECT id, a FROM t;
    """
    with live_of(server, live_sql) as (_, live):
        found = compared(server, live, sql, base="CREATE TABLE others (id INT PRIMARY KEY, more INT);")
    assert [(each.object, each.line) for each in found.missing] == [
        ("table absent", 4), ("column t.c", 3), ("index t.by_a", 3),
    ]  # fmt: skip
    different = {each.object: each for each in found.different}
    assert set(different) == {"table t", "column t.a", "view v"}
    assert different["table t"].earlier == "as 001.sql:1 made it"
    assert different["column t.a"].expected.startswith("bigint") and different["column t.a"].found.startswith(
        "int"
    )
    assert {each.object for each in found.extra} == {"column t.mine", "table theirs"}
    assert not found.is_good(strict=False)
    assert "3 missing, 3 different, 2 extra" in rendered(found)


def test_extra_things_are_bad_only_when_strict(server: Server) -> None:
    with live_of(server, "CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE more (id INT PRIMARY KEY)") as (
        _,
        live,
    ):
        found = compared(server, live, "CREATE TABLE t (id INT PRIMARY KEY)")
    assert found.is_good(strict=False) and not found.is_good(strict=True)


def test_a_reader_with_select_only_is_enough_and_nothing_changes(server: Server) -> None:
    with live_of(server, SHOP) as (address, live), connected(server.full) as connection:
        reader = replace(server.no_rights, user=f"reader_{secrets.token_hex(4)}", database=address.database)
        assert reader.password is not None
        connection.execute(
            f"CREATE USER {reader.user}@'127.0.0.1' IDENTIFIED BY '{reader.password.reveal()}'"
        )
        try:
            connection.execute(
                f"GRANT SELECT, SHOW VIEW ON `{address.database}`.* TO {reader.user}@'127.0.0.1'"
            )
            with looking_at(reader) as seen:
                tables = {key: text for key, text in live.state.items() if key[0] in ("table", "view")}
                assert {key: seen.state.get(key) for key in tables} == tables
        finally:
            connection.execute(f"DROP USER {reader.user}@'127.0.0.1'")


def test_a_schema_without_a_name_is_a_usage_error(server: Server) -> None:
    with pytest.raises(AfterpushError, match="no database is named"), looking_at(server.full):
        pass


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("migrations/*.sql", "migrations/000_baseline.sql"),
        ("db/migration/V*.sql", "db/migration/V0__baseline.sql"),
        ("db/*.up.sql", "db/0000_baseline.up.sql"),
        ("prisma/migrations/**/*.sql", "prisma/migrations/000_baseline.sql"),
    ],
)
def test_the_baseline_is_named_so_that_the_sources_find_it_first(pattern: str, path: str) -> None:
    assert path_for([pattern]) == path


def test_a_pattern_that_no_name_fits_is_named() -> None:
    with pytest.raises(AfterpushError, match=r"x/\*\.txt"):
        path_for(["x/*.txt"])
