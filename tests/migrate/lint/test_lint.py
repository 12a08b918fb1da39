"""What a change of a table costs and breaks: as the server itself answers, on both flavours."""

import secrets

from afterpush.infra.database import connected
from afterpush.migrate.lint.report import Entry, Lint, rendered
from afterpush.migrate.lint.run import both, lint, without_server
from afterpush.migrate.lint.sizes import Size
from afterpush.migrate.replay.server import server_at
from afterpush.migrate.statements.split import split
from tests.support.database_servers import Server

TABLES = """
CREATE TABLE owners (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);
CREATE TABLE pets (
  id INT AUTO_INCREMENT PRIMARY KEY, owner_id INT, keeper_id INT, name VARCHAR(30), code VARCHAR(20) NOT NULL,
  kind ENUM('cat','dog') DEFAULT 'cat', weight DECIMAL(8,2), note TEXT,
  KEY by_name (name), KEY by_code (code),
  CONSTRAINT pets_owner FOREIGN KEY (owner_id) REFERENCES owners (id)
) DEFAULT CHARSET=utf8mb4;
"""


def linted(server: Server, sql: str, **sizes: Size) -> Lint:
    statements = split(TABLES, "001.sql") + split(sql, "002.sql")
    wanted = frozenset(["002.sql"])
    return lint(server_at(server.full), statements, wanted=wanted, sizes=sizes, random_hex=secrets.token_hex)


def one(server: Server, sql: str) -> Entry:
    (entry,) = linted(server, sql).statements
    return entry


def way(entry: Entry) -> tuple[str | None, str | None, bool | None]:
    return entry.algorithm, entry.lock, entry.rebuild


def each(server: Server, statements: list[str]) -> dict[str, Entry]:
    """The entries of many statements, each about a table of its own (`pets`), by statement; in one replay."""
    made = [TABLES.split(";")[0]]
    for number in range(len(statements)):
        made.append(TABLES.split(";")[1].replace("pets", f"pets{number}"))
    changes = [sql.replace("pets", f"pets{number}") for number, sql in enumerate(statements)]
    text = split(";".join(made), "001.sql") + split(";\n".join(changes), "002.sql")
    found = lint(
        server_at(server.full), text, wanted=frozenset(["002.sql"]), sizes={}, random_hex=secrets.token_hex
    )
    entries = {entry.line - 1: entry for entry in found.statements}
    return {sql: entries[number] for number, sql in enumerate(statements) if number in entries}


INSTANT, COPY = ("INSTANT", "NONE", False), ("COPY", "SHARED", True)
IN_PLACE, REBUILT = ("INPLACE", "NONE", False), ("INPLACE", "NONE", True)
NOCOPY = ("NOCOPY", "NONE", False)
WAYS: dict[str, tuple[object, object]] = {
    "ALTER TABLE pets ADD COLUMN born DATE AFTER name": (INSTANT, INSTANT),
    "ALTER TABLE pets ADD COLUMN `lock` INT": (INSTANT, INSTANT),
    "ALTER TABLE pets MODIFY kind ENUM('cat','dog','owl')": (INSTANT, INSTANT),
    "ALTER TABLE pets MODIFY kind ENUM('cat','owl','dog')": (COPY, COPY),
    "ALTER TABLE pets MODIFY keeper_id BIGINT": (COPY, COPY),
    "ALTER TABLE pets MODIFY code VARCHAR(50) NOT NULL": (IN_PLACE, INSTANT),
    "ALTER TABLE pets ADD INDEX by_weight (weight)": (IN_PLACE, NOCOPY),
    "CREATE INDEX by_weight ON pets (weight) /* why */": (IN_PLACE, NOCOPY),
    "DROP INDEX by_name ON `pets`": (IN_PLACE, NOCOPY),
    "ALTER TABLE pets DROP COLUMN code": (REBUILT, NOCOPY),
    "ALTER TABLE pets ADD FOREIGN KEY (keeper_id) REFERENCES owners (id)": (COPY, COPY),
    "ALTER TABLE pets ADD COLUMN age INT, ALGORITHM=COPY": (COPY, COPY),
}


def test_the_mildest_way_that_the_server_takes_is_the_answer(server: Server) -> None:
    found = {sql: way(entry) for sql, entry in each(server, list(WAYS)).items()}
    assert found == {sql: ways[server.flavour == "mariadb"] for sql, ways in WAYS.items()}


PARTITIONED = """CREATE TABLE days (at_year INT PRIMARY KEY) PARTITION BY RANGE (at_year)
  (PARTITION a VALUES LESS THAN (2020), PARTITION b VALUES LESS THAN (2025));
ALTER TABLE days ADD PARTITION (PARTITION c VALUES LESS THAN (2030));
ALTER TABLE days DROP PARTITION a;
ALTER TABLE days REORGANIZE PARTITION c INTO
  (PARTITION c VALUES LESS THAN (2028), PARTITION d VALUES LESS THAN (2031));
ALTER TABLE days TRUNCATE PARTITION b;
"""


def test_a_partition_that_comes_or_goes_rebuilds_nothing(server: Server) -> None:
    entries = linted(server, PARTITIONED).statements
    assert [entry.rebuild for entry in entries[:3]] == [False, False, True]
    assert [entry.loses for entry in entries] == [
        [],
        ["partition days.a with its rows"],
        [],
        ["every row of days, partition b"],
    ]


CONSEQUENCES = {
    "ALTER TABLE pets DROP COLUMN note": ("column pets.note with its values", "column pets.note is gone"),
    "ALTER TABLE pets CHANGE note remark TEXT": ("", "column pets.note is remark now"),
    "ALTER TABLE pets MODIFY name VARCHAR(10)": (
        "values longer than 10 characters",
        "no longer takes values",
    ),
    "ALTER TABLE pets MODIFY weight DECIMAL(8,0)": ("more than 0 digits of the fraction", "pets.weight"),
    "ALTER TABLE pets MODIFY kind ENUM('cat')": ("the values 'dog'", "no longer takes the values 'dog'"),
    "ALTER TABLE pets MODIFY name VARCHAR(30) NOT NULL": ("", "pets.name no longer takes NULL"),
    "ALTER TABLE pets ADD COLUMN must INT NOT NULL": ("", "do not name the new column pets.must"),
    "ALTER TABLE pets ADD UNIQUE once (code)": ("", "a second row with the same `code` is refused"),
    "DROP TABLE pets": ("table pets with its rows", "table pets is gone"),
    "RENAME TABLE pets TO moved_pets": ("", "table pets is moved_pets now"),
    "TRUNCATE TABLE pets": ("every row of pets", ""),
    "ALTER TABLE pets ADD COLUMN nick VARCHAR(10)": ("", ""),
}


def test_what_is_lost_and_what_breaks_follows_from_the_two_states(server: Server) -> None:
    found = each(server, list(CONSEQUENCES))
    for number, (sql, (loses, breaks)) in enumerate(CONSEQUENCES.items()):
        said = [
            "; ".join(part).replace(f"pets{number}", "pets") for part in (found[sql].loses, found[sql].breaks)
        ]
        assert loses in said[0] and bool(loses) == bool(said[0]), sql
        assert breaks in said[1] and bool(breaks) == bool(said[1]), sql


KEYED = "ALTER TABLE pets ADD CONSTRAINT pets_keeper FOREIGN KEY (keeper_id) REFERENCES owners (id)"
TWO = "ALTER TABLE pets ADD COLUMN age INT, ADD INDEX by_age (age)"
WIDER = "ALTER TABLE pets MODIFY keeper_id BIGINT"
RENAMED = "ALTER TABLE pets CHANGE note remark TEXT"
UNIQUE = "ALTER TABLE pets ADD UNIQUE one_of_a_kind (kind)"


def test_a_safer_way_is_shown_only_where_the_server_proves_it_milder(server: Server) -> None:
    found = each(server, [KEYED, TWO, WIDER, RENAMED, UNIQUE])
    keyed = found[KEYED]
    assert keyed.rewrite and keyed.rewrite.startswith("SET SESSION foreign_key_checks = 0; ALTER TABLE pets")
    assert keyed.queries[0].startswith("SELECT COUNT(*) FROM `pets0` AS c LEFT JOIN `owners` AS p ON")
    assert (
        found[TWO].rewrite == "ALTER TABLE pets1 ADD COLUMN age INT; ALTER TABLE pets1 ADD INDEX by_age (age)"
    )
    assert found[WIDER].rewrite is None
    assert "three deployments" in (found[RENAMED].rewrite or "")
    unique = found[UNIQUE]
    assert "Duplicate entry" in unique.on_rows
    assert unique.queries == ["SELECT `kind`, COUNT(*) FROM `pets4` GROUP BY `kind` HAVING COUNT(*) > 1"]


def test_the_sessions_settings_count(server: Server) -> None:
    sql = (
        "SET SESSION foreign_key_checks = 0;\n"
        "ALTER TABLE pets ADD FOREIGN KEY (keeper_id) REFERENCES owners (id)"
    )
    entry = one(server, sql)
    assert entry.algorithm in ("INPLACE", "NOCOPY") and entry.line == 2


def test_a_program_that_is_made_again_is_one_change(server: Server) -> None:
    again = "CREATE PROCEDURE p(IN a INT, IN b INT) SELECT a;"
    sql = f"CREATE PROCEDURE p(IN a INT) SELECT a;\nDROP PROCEDURE p;\n{again}"
    (entry,) = linted(server, sql).statements
    assert (entry.line, entry.breaks) == (
        3, ["procedure p takes or gives something else: code that still calls it may fail"]
    )  # fmt: skip
    (gone,) = linted(server, sql.replace(again, "")).statements
    assert "procedure p is gone" in gone.breaks[0]


def test_a_statement_that_the_server_refuses_is_told_in_its_words(server: Server) -> None:
    found = linted(server, "ALTER TABLE pets DROP COLUMN wings; ALTER TABLE pets BROKEN")
    assert [way(entry) for entry in found.statements] == [(None, None, None)] * 2
    assert "wings" in found.statements[0].reason and "syntax" in found.statements[1].reason
    assert not found.is_good(strict=False)


def test_sizes_say_how_much_is_rebuilt(server: Server) -> None:
    found = linted(server, "ALTER TABLE pets MODIFY keeper_id BIGINT", pets=Size(9_000_000, 40_000_000_000))
    assert (found.statements[0].rows, found.statements[0].bytes) == (9_000_000, 40_000_000_000)
    assert "COPY, LOCK=SHARED, rebuilds 40 GB" in rendered(found)
    assert found.is_good(strict=False) and not found.is_good(strict=True)


def test_both_flavours_stand_side_by_side(mysql: Server, mariadb: Server) -> None:
    sql = "ALTER TABLE pets MODIFY code VARCHAR(100) NOT NULL"
    found = both(linted(mysql, sql), linted(mariadb, sql))
    (entry,) = found.statements
    assert [each.algorithm for each in entry.servers.values()] == ["COPY", "INSTANT"]
    assert "    on MariaDB 1" in rendered(found)


def test_without_a_server_nothing_is_guessed() -> None:
    statements = split(TABLES + "ALTER TABLE pets ADD a INT; CREATE TABLE t (r REAL)", "001.sql")
    found = without_server(statements, frozenset(["001.sql"]))
    assert [(entry.table, *way(entry)) for entry in found.statements] == [
        ("pets", "unknown", "unknown", None)
    ]
    assert {finding.rule for finding in found.findings} == {"primary-key", "real"}
    assert "no server was asked" in rendered(found)


def test_a_primary_key_may_be_required(digitalocean: Server) -> None:
    assert way(one(digitalocean, "ALTER TABLE pets MODIFY keeper_id BIGINT")) == COPY
    entry = one(digitalocean, "ALTER TABLE pets MODIFY id INT, DROP PRIMARY KEY")
    assert "primary key" in entry.reason.lower()


def test_nothing_is_left_on_the_server(mortal_server: Server) -> None:
    linted(mortal_server, "ALTER TABLE pets ADD a INT")
    with connected(mortal_server.full) as connection:
        names = [row["Database"] for row in connection.query("SHOW DATABASES")]
    assert not [name for name in names if name.startswith("afterpush_proof_")]
