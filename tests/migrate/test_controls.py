"""The instruments of the proof: mutations that a blind comparison misses, rows, rights, definers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from afterpush.infra.database import Address, connected
from afterpush.infra.secrets import Secret
from afterpush.migrate.differences import compare
from afterpush.migrate.execution import without_definer
from afterpush.migrate.mutations import control
from afterpush.migrate.seeds import plant, sums
from afterpush.migrate.server import facts_of, is_confined, schemas_of
from afterpush.migrate.snapshot import Snapshot
from tests.migrate.samples import EVERYTHING, statements
from tests.support.database_servers import Server, fresh_database

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), KEY ab (a, b))"
TYPES = (
    "tinyint smallint mediumint bigint int decimal(5,2) decimal(1,1) float double char(1) varchar(3) "
    "varchar(0) binary(1) varbinary(9) tinytext text mediumtext longtext tinyblob blob mediumblob "
    "longblob date datetime timestamp time year json bit(1) bit(64) enum('a''b','c') set('x','y') "
    "point geometry linestring polygon multipoint multilinestring multipolygon geometrycollection"
).split()


def blind_to(*kinds: str) -> Callable[[Snapshot, Snapshot], bool]:
    def seen(snapshot: Snapshot) -> Snapshot:
        things = tuple(thing for thing in snapshot.things if thing.kind not in kinds)
        return Snapshot(things, snapshot.column_order)

    return lambda before, after: bool(compare("blind", seen(before), seen(after)).definitions)


@pytest.mark.parametrize(
    ("kinds", "missed"),
    [
        (("index", "text"), {"index order", "index uniqueness", "dropped index", "added index"}),
        (("column", "text"), {"type", "default", "column comment"}),
        (("table", "text"), {"table comment", "row format"}),
    ],
)
def test_a_comparison_that_is_blind_to_a_kind_of_thing_misses_its_mutations(
    database: Address, kinds: tuple[str, ...], missed: set[str]
) -> None:
    with connected(database) as connection:
        connection.execute(TABLE)
        found = control(connection, str(database.database), notices=blind_to(*kinds))
    assert found.caught < found.tried
    assert missed <= {each.split(":")[0] for each in found.missed}


def test_every_kind_of_mutation_is_made_and_caught_where_there_is_everything(database: Address) -> None:
    with connected(database) as connection:
        for statement in statements(EVERYTHING):
            connection.execute(statement.sql)
        found = control(connection, str(database.database), per_kind=2)
    assert found.missed == []
    wanted = "default nullability type collation view trigger check foreign index event procedure partition"
    assert all(any(word in kind for kind in found.kinds) for word in wanted.split())


@pytest.mark.parametrize("kind", TYPES)
def test_rows_can_be_planted_in_a_column_of_every_type(database: Address, kind: str) -> None:
    with connected(database) as connection:
        connection.execute(f"CREATE TABLE `odd ``name` (id INT PRIMARY KEY, `a b` {kind} NOT NULL)")
        planted = plant(connection, str(database.database))
        assert planted.refused == {}
        before = sums(connection, planted.tables)
        assert before["odd `name"].rows == 3
        connection.execute("DELETE FROM `odd ``name` WHERE id = 102")
        assert sums(connection, planted.tables) != before


def test_a_changed_value_changes_the_sum_and_a_reordered_table_does_not(database: Address) -> None:
    with connected(database) as connection:
        connection.execute(TABLE)
        planted = plant(connection, str(database.database))
        before = sums(connection, planted.tables)
        connection.execute("ALTER TABLE t ORDER BY a DESC")
        connection.execute("ALTER TABLE t ADD COLUMN c INT")
        assert sums(connection, planted.tables) == before
        connection.execute("UPDATE t SET b = 'other' WHERE id = 101")
        assert sums(connection, planted.tables) != before
        connection.execute("DROP TABLE t")
        assert sums(connection, planted.tables) == {}


def test_a_table_that_takes_no_row_is_named_with_the_reason(database: Address) -> None:
    with connected(database) as connection:
        connection.execute("CREATE TABLE t (id INT PRIMARY KEY, CHECK (id < 5))")
        planted = plant(connection, str(database.database))
    assert set(planted.refused) == {"t"} and planted.tables == {}


def test_the_server_is_named_and_the_users_rights_are_known(mariadb: Server) -> None:
    with connected(mariadb.full) as connection:
        facts = facts_of(connection)
        assert facts.flavor == "MariaDB" and facts.title.startswith("MariaDB 1")
        assert "mysql" in schemas_of(connection)
    confined = {name: is_confined_as(getattr(mariadb, name)) for name in ("full", "proof_only", "no_rights")}
    assert confined == {"full": False, "proof_only": True, "no_rights": True}


def is_confined_as(address: Address) -> bool:
    with connected(address) as connection:
        return is_confined(connection)


def test_rights_on_one_more_database_are_not_confined(mariadb: Server) -> None:
    with connected(mariadb.full) as connection, fresh_database(mariadb.full):
        connection.execute("CREATE USER more@'127.0.0.1' IDENTIFIED BY 'more-rights'")
        connection.execute("GRANT SELECT ON afterpush_other.* TO more@'127.0.0.1'")
        try:
            more = replace(mariadb.full, user="more", password=Secret("more-rights"))
            assert not is_confined_as(more)
        finally:
            connection.execute("DROP USER more@'127.0.0.1'")


@pytest.mark.parametrize(
    ("sql", "without", "definer"),
    [
        ("CREATE DEFINER=`a`@`%` VIEW v AS SELECT 1", "CREATE  VIEW v AS SELECT 1", "`a`@`%`"),
        ("CREATE DEFINER = a@localhost TRIGGER t", "CREATE  TRIGGER t", "a@localhost"),
        ("CREATE DEFINER='a'@'h' PROCEDURE p()", "CREATE  PROCEDURE p()", "'a'@'h'"),
        ("CREATE DEFINER=CURRENT_USER() EVENT e", "CREATE  EVENT e", "CURRENT_USER()"),
        ("CREATE DEFINER=CURRENT_USER EVENT e", "CREATE  EVENT e", "CURRENT_USER"),
        ("CREATE /*!50017 DEFINER=`a`@`b`*/ TRIGGER t", "CREATE /*!50017 */ TRIGGER t", "`a`@`b`"),
        (
            "CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1",
            "CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1",
            "",
        ),
        ("CREATE VIEW v AS SELECT 'DEFINER=a@b'", "CREATE VIEW v AS SELECT 'DEFINER=a@b'", ""),
    ],
)
def test_a_definer_clause_is_cut_out_and_nothing_else(sql: str, without: str, definer: str) -> None:
    assert without_definer(sql) == (without, definer)
