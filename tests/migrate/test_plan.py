"""Steps on a real server: they make what the sources make, see that it is there, and see what is not."""

import pytest

from afterpush.infra.database import Address, Connection, connected
from afterpush.migrate.coverage import objects
from afterpush.migrate.differences import compare
from afterpush.migrate.folding import fold
from afterpush.migrate.model import Schema
from afterpush.migrate.plan import data_steps, schema_steps
from afterpush.migrate.snapshot import take
from afterpush.migrate.statements import split
from afterpush.migrate.steps import Step, baseline, read_sql, render_sql
from tests.migrate.samples import BASE, EVERYTHING, OLD
from tests.support.database_servers import fresh_database

COLUMNS = """
CREATE TABLE t (
  id INT AUTO_INCREMENT PRIMARY KEY, a BOOLEAN DEFAULT FALSE, b DEC(8) NOT NULL DEFAULT '3', c REAL,
  d NVARCHAR(20) DEFAULT 'it''s', e VARCHAR(20) DEFAULT '', f VARCHAR(9) DEFAULT "q'q", g TEXT(70000),
  h DATETIME(6) DEFAULT NOW(6), i TIMESTAMP NULL DEFAULT NULL, j DATE DEFAULT '2020-01-31',
  k SET('x','y'), l BIGINT UNSIGNED ZEROFILL, m INT(5) UNSIGNED, n YEAR(4), o BINARY, p BIT DEFAULT b'1',
  q FLOAT(7,3) DEFAULT -1.50, r VARCHAR(36) DEFAULT (UUID()), s LONGTEXT COLLATE utf8mb4_bin,
  t JSON DEFAULT (JSON_ARRAY()), u INT GENERATED ALWAYS AS (id + 1) VIRTUAL, v CHAR CHARACTER SET utf8,
  `order` INT COMMENT 'a \\'b\\' "c"', `we ird``` INT UNIQUE, w MEDIUMINT DEFAULT 0x1F,
  x VARCHAR(9) DEFAULT 'a\\\\b', y BIGINT DEFAULT 1e3, z BIT DEFAULT 1, aa BIT(8) DEFAULT b'00101',
  ab TIME DEFAULT '10:00', ac DATE DEFAULT 20240101, ad VARCHAR(20) DEFAULT 'CURRENT_TIMESTAMP',
  KEY prefix (e(3), d), KEY (a, b DESC), CONSTRAINT `odd name` CHECK (`order` BETWEEN 1 AND 5 OR e <> 'x y')
) COMMENT='what''s in it' ROW_FORMAT=COMPACT;
CREATE TABLE `select` (id INT, t_id INT, CHECK (id > 0),
  FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE SET NULL);
ALTER TABLE `select` ADD CONSTRAINT as_drizzle_writes_it FOREIGN KEY (id) REFERENCES t (id)
  ON DELETE no action ON UPDATE no action;
"""


RENAMED = """
CREATE TABLE p (id INT PRIMARY KEY, n INT, KEY (n) USING BTREE);
CREATE TABLE a (id INT PRIMARY KEY, pid INT, n INT, g INT AS (n + 1) VIRTUAL, s VARCHAR(9) DEFAULT 'n',
  KEY kn (n) USING HASH, CONSTRAINT ck CHECK (n > 0 AND `n` < 9 AND s <> 'n'),
  CONSTRAINT f FOREIGN KEY (pid) REFERENCES p (id));
ALTER TABLE a CHANGE n `new n` INT;
ALTER TABLE p RENAME COLUMN id TO pid;
ALTER TABLE a RENAME COLUMN pid TO parent;
"""
DROPPED_KEYS = """
CREATE TABLE p (id INT PRIMARY KEY);
CREATE TABLE a (id INT PRIMARY KEY, one INT, two INT, three INT, four INT, KEY own (two),
  CONSTRAINT f1 FOREIGN KEY (one) REFERENCES p (id), CONSTRAINT f2 FOREIGN KEY (two) REFERENCES p (id),
  CONSTRAINT f3 FOREIGN KEY (three) REFERENCES p (id), CONSTRAINT f4 FOREIGN KEY (four) REFERENCES p (id));
ALTER TABLE a DROP FOREIGN KEY f1;
ALTER TABLE a DROP FOREIGN KEY f2;
ALTER TABLE a DROP FOREIGN KEY f3;
ALTER TABLE a DROP COLUMN three;
ALTER TABLE a DROP FOREIGN KEY f4;
DROP INDEX f4 ON a;
"""


def steps_of(source: str, base: str = "") -> list[Step]:
    before = fold(split(base, "base.sql")).readings
    folded = fold(split(source, "a.sql"), before)
    assert [(r.statement.sql, r.why) for r in folded.readings if r.why] == []
    schema = folded.folding.schema
    return schema_steps(schema, objects(schema, Schema(), frozenset(["a.sql"])))


def execute(connection: Connection, text: str) -> None:
    for statement in split(text, "a.sql"):
        connection.execute(statement.sql)


def state(connection: Connection, step: Step) -> str:
    return str(connection.query(step.probe)[0]["state"])


def run(connection: Connection, steps: list[Step]) -> list[str]:
    """The names of the steps that were needed."""
    needed = []
    for step in steps:
        if state(connection, step) == "needed":
            connection.execute(step.sql)
            needed.append(step.name)
        assert state(connection, step) == "done", step
    return needed


@pytest.mark.parametrize(
    ("source", "base"),
    [(OLD, BASE), (EVERYTHING, ""), (COLUMNS, ""), (DROPPED_KEYS, ""), (RENAMED, "")],
    ids=["plan", "everything", "columns", "dropped keys", "renamed"],
)
def test_steps_make_what_the_sources_make_and_then_see_it(proving: Address, source: str, base: str) -> None:
    steps = steps_of(source, base)
    with fresh_database(proving) as old, fresh_database(proving) as new:
        with connected(old) as first, connected(new) as second:
            for connection in (first, second):
                connection.execute("SET SESSION timestamp = 1764000000")
                execute(connection, base)
            execute(first, source)
            assert {state(first, step) for step in steps} == {"done"}
            assert run(second, steps) != []
            assert run(second, steps) == []
            found = compare("B", take(first, old.database or ""), take(second, new.database or ""))
            assert [one.message for one in found.definitions] == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE a DROP COLUMN part",
        "ALTER TABLE a MODIFY small BIGINT NOT NULL DEFAULT 7",
        "ALTER TABLE a MODIFY small SMALLINT NOT NULL DEFAULT 8",
        "ALTER TABLE a MODIFY small SMALLINT NULL DEFAULT 7",
        "ALTER TABLE a MODIFY raw VARBINARY(17)",
        "ALTER TABLE a MODIFY code CHAR(8) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT 'x'",
        "ALTER TABLE a MODIFY title VARCHAR(120) COLLATE utf8mb4_unicode_ci NOT NULL COMMENT 'other'",
        "ALTER TABLE a MODIFY state ENUM('new','old, or \"so\"') NOT NULL DEFAULT 'new'",
        "ALTER TABLE a MODIFY seen DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3)",
        "ALTER TABLE a DROP COLUMN total, ADD COLUMN total DECIMAL(13,3)",
        "ALTER TABLE a DROP KEY k_title, ADD KEY k_title (title(11), small)",
        "ALTER TABLE a DROP KEY k_two, ADD KEY k_two (born, small)",
        "ALTER TABLE a DROP KEY uq_code, ADD KEY uq_code (code)",
        "ALTER TABLE a DROP CONSTRAINT ck_small",
        "ALTER TABLE a DROP CONSTRAINT ck_small, ADD CONSTRAINT ck_small CHECK (small > 0)",
        "ALTER TABLE a COMMENT 'some of it'",
        "ALTER TABLE a DEFAULT CHARSET latin1",
        "ALTER TABLE b DROP FOREIGN KEY fk_a; ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a (id)",
        "DROP TRIGGER t2; CREATE TRIGGER t2 BEFORE INSERT ON b FOR EACH ROW SET NEW.kind = UPPER(NEW.kind)",
        "DROP FUNCTION f1; CREATE FUNCTION f1(x INT) RETURNS INT DETERMINISTIC NO SQL RETURN x + 2",
        "CREATE OR REPLACE VIEW v1 AS SELECT id, title FROM a WHERE small > 2",
        "CREATE OR REPLACE VIEW v1 AS SELECT id, kind AS title FROM b",
        "DROP VIEW v1",
        "ALTER TABLE parts REMOVE PARTITIONING",
        "ALTER TABLE b ROW_FORMAT=REDUNDANT",
    ],
)
def test_what_is_defined_otherwise_is_never_taken_for_done(database: Address, change: str) -> None:
    steps = steps_of(EVERYTHING)
    with connected(database) as connection:
        run(connection, steps)
        execute(connection, change)
        assert {state(connection, step) for step in steps} != {"done"}


def test_names_and_order_do_not_matter_for_what_is_done(database: Address) -> None:
    steps = steps_of(
        "CREATE TABLE t (a INT, b INT); CREATE INDEX i ON t (a, b); ALTER TABLE t ADD CHECK (a > b);"
    )
    with connected(database) as connection:
        execute(
            connection, "CREATE TABLE t (b INT, x INT, a INT, KEY other (a, b), CONSTRAINT c CHECK (a > b))"
        )
        assert {state(connection, step) for step in steps} == {"done"}


def test_a_check_of_another_table_under_the_same_name_is_not_ours(database: Address) -> None:
    steps = steps_of("CREATE TABLE t (a INT); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1);")
    with connected(database) as connection:
        execute(connection, "CREATE TABLE t (a INT); CREATE TABLE o (a INT, CONSTRAINT d CHECK (a > 1));")
        assert run(connection, steps) == ["check t.c"]


def test_databases_at_every_earlier_stage_come_to_the_same_end(proving: Address) -> None:
    stages = [
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(10) NOT NULL);",
        "ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 1 AFTER a, ADD KEY ka (a);",
        "ALTER TABLE t MODIFY b VARCHAR(50) NULL; ALTER TABLE t MODIFY c BIGINT;",
        "CREATE UNIQUE INDEX ub ON t (b);",
    ]
    steps = steps_of("".join(stages))
    hashes = set()
    for done in range(len(stages) + 1):
        with fresh_database(proving) as address, connected(address) as connection:
            for stage in stages[:done]:
                execute(connection, stage)
            run(connection, steps)
            hashes.add(take(connection, address.database or "").hash)
    assert len(hashes) == 1


def test_a_definition_that_the_sources_never_gave_is_drift(database: Address) -> None:
    steps = steps_of("CREATE TABLE t (a INT); ALTER TABLE t MODIFY a BIGINT;")
    with connected(database) as connection:
        execute(connection, "CREATE TABLE t (a TEXT);")
        assert [state(connection, step) for step in steps] == ["done", "drifted"]


def test_the_file_of_steps_runs_as_it_is_again_and_again(proving: Address) -> None:
    steps = steps_of(EVERYTHING)
    with fresh_database(proving) as old, fresh_database(proving) as new:
        with connected(old) as first, connected(new) as second:
            execute(first, "SET SESSION timestamp = 1764000000;" + EVERYTHING)
            for _ in range(2):
                execute(second, "SET SESSION timestamp = 1764000000;" + render_sql(steps))
            found = compare("B", take(first, old.database or ""), take(second, new.database or ""))
            assert [one.message for one in found.definitions] == []
    assert read_sql(render_sql(steps)) == steps


def test_rows_reach_new_databases_once_and_those_of_the_old_way_never(proving: Address) -> None:
    source = "CREATE TABLE t (a INT);"
    data = data_steps(split("INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);", "rows.sql"))
    text = render_sql([baseline(data, ["t"]), *steps_of(source), *data])
    later = [*data, *data_steps(split("INSERT INTO t VALUES (3);", "later.sql"))]
    more = render_sql([baseline(later, ["t"]), *steps_of(source), *later])
    for before, rows in (("", [1, 2]), (source + "INSERT INTO t VALUES (7);", [7])):
        with fresh_database(proving) as address, connected(address) as connection:
            execute(connection, before)
            for file in (text, text):
                execute(connection, file)
            assert [row["a"] for row in connection.query("SELECT a FROM t")] == rows
            execute(connection, more)
            assert [row["a"] for row in connection.query("SELECT a FROM t")] == [*rows, 3]


def test_the_file_stops_at_what_is_there_with_another_definition(database: Address) -> None:
    from afterpush.infra.database import StatementRejected

    text = render_sql(steps_of("CREATE TABLE t (a INT);"))
    with connected(database) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        with pytest.raises(StatementRejected, match="drifted: table t"):
            execute(connection, text)


def test_foreign_keys_come_after_all_tables_and_views_after_what_they_read() -> None:
    source = """
    CREATE TABLE a (id INT PRIMARY KEY, b_id INT, FOREIGN KEY (b_id) REFERENCES b (id));
    CREATE TABLE b (id INT PRIMARY KEY, a_id INT, CONSTRAINT f FOREIGN KEY (a_id) REFERENCES a (id));
    CREATE VIEW v1 AS SELECT id FROM v2; CREATE VIEW v2 AS SELECT id FROM a;
    """
    assert [step.name for step in steps_of(source)] == [
        "table a", "table b", "foreign key a.(b_id)", "foreign key b.f", "view v2", "view v1",
    ]  # fmt: skip
