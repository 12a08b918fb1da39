"""The audit: what is covered by what, and what is wrong."""

from pathlib import Path

import pytest

from tests.migrate.repositories import NEEDS, PLAN, audited, calls, write


def missing(root: Path, boot: str | None, *sources: str) -> list[str]:
    return [f"{o.item.kind} {o.item.table}.{o.item.name}" for o in audited(root, boot, *sources).missing]


def test_tables_that_the_boot_script_lacks_are_missing_with_all_of_their_parts(tmp_path: Path) -> None:
    found = audited(tmp_path, calls("ALTER TABLE client_needs ADD COLUMN note TEXT"), NEEDS)
    tables = [o.item.name for o in found.missing if o.item.kind == "table"]
    assert tables == ["client_needs", "vendor_supply", "match_records"]
    assert len(found.missing) == len(found.objects) == 3 + 10 + 3 + 3 + 2
    assert not found.is_good(strict=False)


def test_what_the_boot_script_makes_alike_is_covered_with_its_place(tmp_path: Path) -> None:
    boot = calls(
        "CREATE TABLE IF NOT EXISTS A (ID int(11) not null auto_increment, primary key (id), b bool)"
    )
    found = audited(
        tmp_path, boot, "CREATE TABLE a (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, `B` TINYINT(1));"
    )
    assert [str(o.where) for o in found.objects] == ["server/autoMigrate.ts:3"] * 4
    assert found.is_good(strict=False)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("INT", "INT(11)"),
        ("VARCHAR(20) DEFAULT 'x'", 'varchar(20) default "x"'),
        ("DECIMAL(10,2) DEFAULT 0", "NUMERIC(10,2) DEFAULT '0.00'"),
        ("BOOLEAN DEFAULT TRUE", "TINYINT(1) DEFAULT 1"),
        ("DATETIME DEFAULT NOW()", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
        ("TEXT(300)", "TEXT"),
        ("ENUM('a', 'b')", "enum('a','b')"),
        ("INT NULL DEFAULT NULL", "INT"),
        ("DOUBLE PRECISION", "REAL"),
        ("INT AS (b + 1) STORED", "INT GENERATED ALWAYS AS (b + 1) PERSISTENT"),
    ],
)
def test_one_definition_in_two_spellings_is_one(tmp_path: Path, ours: str, theirs: str) -> None:
    boot = calls(f"CREATE TABLE t (a {theirs}, b INT)")
    assert missing(tmp_path, boot, f"CREATE TABLE t (a {ours}, b INT);") == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("INT", "BIGINT"),
        ("INT", "INT NOT NULL"),
        ("VARCHAR(20)", "VARCHAR(21)"),
        ("VARCHAR(20) DEFAULT 'x'", "VARCHAR(20) DEFAULT 'X'"),
        ("INT UNSIGNED", "INT"),
        ("ENUM('a','b')", "ENUM('b','a')"),
        ("INT COMMENT 'x'", "INT"),
        ("VARCHAR(9) CHARACTER SET latin1", "VARCHAR(9) CHARACTER SET utf8mb4"),
        ("TIMESTAMP DEFAULT CURRENT_TIMESTAMP", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE NOW()"),
    ],
)
def test_a_column_that_is_defined_otherwise_is_missing_and_redefined(
    tmp_path: Path, ours: str, theirs: str
) -> None:
    found = audited(tmp_path, calls(f"CREATE TABLE t (a {theirs})"), f"CREATE TABLE t (a {ours});")
    assert [o.item.name for o in found.missing] == ["a"]
    assert [one.table for one in found.redefined] == ["t"]
    assert "column a" in found.redefined[0].what


def test_the_same_index_under_another_name_is_covered_and_named_as_a_duplicate(tmp_path: Path) -> None:
    source = "ALTER TABLE t ADD COLUMN p INT;\nCREATE INDEX idx_t_p_id ON t (p);\n"
    found = audited(tmp_path, calls("ALTER TABLE t ADD COLUMN p INT, ADD KEY idx_t_p (`P`)"), source)
    assert found.missing == [] and found.is_good(strict=False) and not found.is_good(strict=True)
    (one,) = found.duplicates
    assert (one.kind, one.names, one.definition) == ("index", ("idx_t_p_id", "idx_t_p"), "(p)")
    assert [o.known_as for o in found.objects if o.item.kind == "index"] == ["idx_t_p"]


@pytest.mark.parametrize("other", ["(b, a)", "(a(5), b)", "(a)"])
def test_an_index_on_other_columns_or_prefixes_is_another_one(tmp_path: Path, other: str) -> None:
    table = "CREATE TABLE t (a VARCHAR(9), b INT);"
    boot = calls(table, f"CREATE INDEX i ON t {other}")
    assert missing(tmp_path, boot, table + "CREATE INDEX i ON t (a, b);") == ["index t.i"]


def test_foreign_keys_are_compared_by_what_they_say(tmp_path: Path) -> None:
    table = "CREATE TABLE t (a INT, CONSTRAINT {name} FOREIGN KEY (a) REFERENCES o (id) {rule});"
    source = table.format(name="fk_1", rule="ON DELETE CASCADE")
    same = calls(table.format(name="fk_2", rule="ON UPDATE NO ACTION ON DELETE CASCADE"))
    assert missing(tmp_path, same, source) == []
    other = calls(table.format(name="fk_1", rule=""))
    assert missing(tmp_path, other, source) == ["foreign_key t.fk_1"]


def test_alterations_over_several_files_give_the_final_objects(tmp_path: Path) -> None:
    found = audited(
        tmp_path,
        None,
        "CREATE TABLE a (id INT PRIMARY KEY, x INT, y VARCHAR(10), KEY kx (x), KEY ky (y));",
        "ALTER TABLE a DROP COLUMN x, CHANGE y z VARCHAR(20) NOT NULL, ADD COLUMN w INT FIRST;",
        "RENAME TABLE a TO b; ALTER TABLE b RENAME INDEX ky TO kz, ADD UNIQUE (w); DROP TABLE IF EXISTS c;",
        "CREATE TABLE gone (id INT); DROP TABLE gone; CREATE TABLE d LIKE b; ALTER TABLE d DROP PRIMARY KEY;",
    )
    assert [f"{o.item.kind} {o.item.table}.{o.item.name}" for o in found.objects] == [
        "table b.b", "column b.w", "column b.id", "column b.z", "primary_key b.PRIMARY", "index b.kz",
        "index b.w", "table d.d", "column d.w", "column d.id", "column d.z", "index d.kz", "index d.w",
    ]  # fmt: skip
    places = {o.item.name: str(o.item.place) for o in found.objects if o.item.table == "b"}
    assert places["z"] == "migrations/002.sql:1" and places["kz"] == "migrations/003.sql:1"
    assert {remark.message for remark in found.destructive} == {
        "drops column a.x", "drops table c", "drops table gone", "drops primary key d.PRIMARY",
    }  # fmt: skip


def test_a_second_definition_that_if_not_exists_hides_is_told_with_both_places(tmp_path: Path) -> None:
    first = "CREATE TABLE IF NOT EXISTS t (id INT);"
    second = "\nCREATE TABLE IF NOT EXISTS t (id INT, more INT);"
    found = audited(tmp_path, None, first, second)
    (one,) = found.redefined
    assert [str(place) for place in one.places] == ["migrations/001.sql:1", "migrations/002.sql:2"]
    assert "more" not in [o.item.name for o in found.objects]


def test_a_boot_script_with_fewer_columns_hides_what_it_lacks(tmp_path: Path) -> None:
    found = audited(
        tmp_path, calls("CREATE TABLE IF NOT EXISTS t (id INT)"), "CREATE TABLE t (id INT, more INT);"
    )
    assert [o.item.name for o in found.missing] == ["more"]
    assert found.redefined[0].what == "column more (not there)"


def test_the_second_of_two_equal_changes_fails_where_it_stands(tmp_path: Path) -> None:
    found = audited(tmp_path, None, "CREATE TABLE t (a INT);", "ALTER TABLE t ADD COLUMN a INT;")
    assert [(r.file, r.message) for r in found.invalid] == [
        ("migrations/002.sql", "column t.a was made at migrations/001.sql:1 already")
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "THIS IS NOT SQL",
        "CREATE TABL x (id INT)",
        "CREATE TABLE x (id INT,)",
        "CREATE TABLE x (id INT",
        "CREATE TABLE x ()",
        "CREATE TABLE x (id INTT)",
        "CREATE TABLE x (id INT, id INT)",
        "CREATE TABLE x (id INT, KEY (nope))",
        "CREATE TABLE x (a INT CHECK (a > ))",
        "CREATE VIEW v AS SELECT FROM WHERE",
        "CREATE TRIGGER t ON x FOR EACH ROW SET @a = 1",
        "INSERT INTO VALUES (",
        "ALTER TABLE x FROBNICATE",
        "SELECT 'never ends",
        "GRANT ALL ON *.* TO x",
        "USE other",
        "CALL do_it()",
        "CREATE SEQUENCE s",
        "PREPARE s FROM @x",
        "CREATE TABLE y AS SELECT * FROM x",
        "CREATE TABLE `a.b` (id INT)",
        "?",
    ],
)
def test_what_no_rule_reads_is_unaudited_and_makes_the_audit_bad(tmp_path: Path, sql: str) -> None:
    found = audited(tmp_path, None, f"CREATE TABLE t (id INT);\n\n{sql}")
    assert [(r.file, r.line) for r in found.unaudited] == [("migrations/001.sql", 3)]
    assert found.unaudited[0].message
    assert not found.is_good(strict=False)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (id INT,)",
        "CREATE TABLE x (id INT",
        "BOGUS",
        "SELECT 'x",
        "INSERT INTO a VALUES ((",
    ],
)
def test_what_no_server_accepts_is_invalid_also_without_a_server(tmp_path: Path, sql: str) -> None:
    found = audited(tmp_path, None, f"CREATE TABLE a (id INT);\n{sql}")
    assert [(r.file, r.line) for r in found.invalid] == [("migrations/001.sql", 2)]


def test_rows_and_queries_are_listed_and_define_nothing(tmp_path: Path) -> None:
    rows = "INSERT INTO t VALUES (1); UPDATE t SET a = 2; DELETE FROM t; TRUNCATE t; SELECT 1; SHOW TABLES;"
    found = audited(tmp_path, None, rows)
    assert [r.message for r in found.data] == ["INSERT", "UPDATE", "DELETE", "TRUNCATE"]
    assert [r.sql for r in found.queries] == ["SELECT 1", "SHOW TABLES"]
    assert [r.message for r in found.destructive] == ["delete", "truncate"]
    assert found.objects == () and found.is_good(strict=False)


def test_views_triggers_and_routines_are_objects_of_their_own(tmp_path: Path) -> None:
    source = (
        "CREATE VIEW v AS SELECT 1 AS a;\nDELIMITER //\nCREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW\n"
        "BEGIN SET @a = 1; END//\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\n"
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1//\n"
    )
    boot = calls("CREATE OR REPLACE VIEW V AS\n select 1 as A", "CREATE PROCEDURE p() BEGIN SELECT 2; END")
    found = audited(tmp_path, boot, source)
    assert {o.item.kind: o.covered for o in found.objects} == {
        "view": True, "trigger": False, "procedure": False, "function": False,
    }  # fmt: skip
    assert [one.table for one in found.redefined] == ["p"]


def test_a_template_with_an_unknown_part_is_unaudited_and_a_constant_is_filled_in(tmp_path: Path) -> None:
    boot = calls("ALTER TABLE ${T} ADD COLUMN a INT", "ALTER TABLE t ADD COLUMN ${name} INT")
    found = audited(tmp_path, 'const T = "t";\n' + boot, "ALTER TABLE t ADD COLUMN a INT;")
    assert found.missing == []
    assert [(r.line, r.message) for r in found.unaudited] == [
        (5, "holds ${name}, which is known only when it runs")
    ]


def test_sql_that_is_only_talked_about_is_no_statement(tmp_path: Path) -> None:
    boot = (
        'console.log("CREATE TABLE a (id INT) skipped");\nthrow new Error("ALTER TABLE a ADD failed");\n'
        'if (text.includes("CREATE TABLE ")) {}\nconst list = '
        '["CREATE TABLE b (id INT)", \'CREATE \' + "TABLE c (id INT)"];\n'
    )
    found = audited(
        tmp_path, boot, "CREATE TABLE b (id INT); CREATE TABLE c (id INT); CREATE TABLE a (id INT);"
    )
    assert [o.item.name for o in found.missing if o.item.kind == "table"] == ["a"]
    assert found.unaudited == ()


def test_the_usual_idempotent_sql_is_read(tmp_path: Path) -> None:
    source = (
        "SET @q = (SELECT IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = 't') = 0,\n"
        "  'ALTER TABLE t ADD COLUMN a INT', 'SELECT 1'));\n"
        "PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s;"
    )
    found = audited(tmp_path, None, source)
    assert [(o.item.name, o.item.place.line) for o in found.objects] == [("a", 2)]
    assert found.unaudited == ()
    hidden = audited(tmp_path, None, "SET @q = CONCAT('ALTER TABLE t ADD ', @c, ' INT'); PREPARE s FROM @q;")
    assert [r.sql for r in hidden.unaudited] == ["PREPARE s FROM @q"]


def test_what_base_owns_is_no_object_but_can_be_built_upon(tmp_path: Path) -> None:
    write(tmp_path, {"db/base.sql": "CREATE TABLE t (id INT PRIMARY KEY);"})
    found = audited(tmp_path, None, "ALTER TABLE t ADD COLUMN a INT;", base=["db/*.sql"])
    assert [o.item.name for o in found.objects] == ["a"]


def test_empty_files_and_files_of_comments_are_counted_and_hold_nothing(tmp_path: Path) -> None:
    found = audited(tmp_path, None, "", "-- nothing\n", "\ufeff/* still nothing */\r\n")
    assert found.repository.inputs.source_files == tuple(f"migrations/00{n}.sql" for n in (1, 2, 3))
    assert found.objects == () and found.is_good(strict=True)


def test_five_megabytes_of_inserts_are_data(tmp_path: Path) -> None:
    rows = ",".join(f"({n},'it''s; -- x')" for n in range(280_000))
    found = audited(tmp_path, None, f"INSERT INTO t VALUES {rows};\nCREATE TABLE u (id INT);")
    assert [(r.message, len(r.sql)) for r in found.data] == [("INSERT", 120)]
    assert [o.item.name for o in found.objects] == ["u", "id"]


def test_a_boot_script_that_nothing_calls_is_called_dead_code(tmp_path: Path) -> None:
    write(tmp_path, PLAN | {"server/core.ts": "export {};\n", "package.json": '{"main": "server/core.ts"}'})
    reach = audited(tmp_path).repository.reach
    assert reach is not None and reach.called is False
    assert reach.message == (
        "dead code: no import leads from the entry point server/core.ts to server/autoMigrate.ts; "
        "it is imported by server/index.ts, which the entry point never reaches"
    )
