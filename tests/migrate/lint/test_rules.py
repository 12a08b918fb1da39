"""Rules of the lint that need no server: narrower types, texts that a managed MySQL refuses, sizes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.lint.algorithms import attempts, target_of
from afterpush.migrate.lint.rewrites import alterations
from afterpush.migrate.lint.sizes import Size, sizes_from_file
from afterpush.migrate.lint.text_rules import findings_of
from afterpush.migrate.statements.split import kind_of, split
from afterpush.migrate.steps.narrowing import lost_values


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("varchar(60)", "varchar(20)", "values longer than 20 characters"),
        ("text COLLATE utf8mb4_bin", "varchar(100) COLLATE utf8mb4_bin", "values longer than 100 characters"),
        ("varchar(20)", "text", ""),
        ("int", "bigint", ""),
        ("int(11)", "int(11) unsigned", "values below 0"),
        ("bigint unsigned", "int unsigned", "values above 4294967295"),
        ("bigint", "int", "values below -2147483648 or above 2147483647"),
        ("bigint", "int unsigned", "values below 0 or above 4294967295"),
        ("bit(16)", "bit(8)", "values above 255"),
        ("decimal(12,2)", "decimal(10,2) unsigned", "values below 0 and large values"),
        ("enum('a','b''c')", "enum('a')", 'the values "b\'c"'),
        ("enum('a')", "enum('a','b')", ""),
        ("decimal(12,2)", "decimal(12,0)", "more than 0 digits of the fraction"),
        ("decimal(12,2)", "decimal(10,2)", "large values"),
        ("datetime(6)", "datetime", "fractions of a second"),
        ("datetime", "date", "the time of day"),
        (
            "varchar(9) COLLATE utf8mb4_0900_ai_ci",
            "varchar(9) COLLATE latin1_swedish_ci",
            "characters that latin1",
        ),
        ("varchar(9) COLLATE utf8mb3_general_ci", "varchar(9) COLLATE utf8mb4_bin", ""),
        ("json", "text", ""),
    ],
)
def test_a_type_that_holds_less_says_what_it_cannot_hold(before: str, after: str, lost: str) -> None:
    found = lost_values(before, after)
    assert found.startswith(lost) and bool(found) == bool(lost)


@given(st.sampled_from(["varchar(7)", "int", "enum('x','y')", "decimal(9,3)", "datetime(3)", "mediumblob"]))
def test_a_type_holds_its_own_values(kind: str) -> None:
    assert lost_values(kind, kind) == ""


@pytest.mark.parametrize(
    ("sql", "rules"),
    [
        (
            "CREATE TABLE t (id INT(11) ZEROFILL, f FLOAT(7,2))",
            "primary-key display-width zerofill float-digits",
        ),
        ("CREATE TABLE t (id INT PRIMARY KEY, b TINYINT(1)) DEFAULT CHARSET=utf8", "utf8"),
        ("CREATE TABLE t LIKE s", ""),
        ("CREATE TABLE t AS SELECT 1 AS a", "primary-key"),
        ("CREATE TEMPORARY TABLE t (id INT)", ""),
        ("ALTER TABLE t ADD r REAL COLLATE utf8_bin", "real utf8"),
        ("CREATE DEFINER=`a`@`%` VIEW v AS SELECT 1", "definer"),
        ("CREATE DEFINER=CURRENT_USER() VIEW v AS SELECT 1", ""),
        ('INSERT INTO t (a) VALUES ("it\'s")', "double-quotes"),
        ("SELECT utf8, real_name FROM t", ""),
    ],
)
def test_a_text_that_a_managed_mysql_reads_otherwise(sql: str, rules: str) -> None:
    assert [finding.rule for finding in findings_of(split(sql, "1.sql"))] == rules.split()


@pytest.mark.parametrize(
    ("sql", "table", "tried"),
    [
        ("ALTER TABLE `a``b` ADD c INT", "a`b", "ALTER TABLE `a``b` ALGORITHM=INSTANT, ADD c INT"),
        ("alter table s.t wait 5 add c int", "t", "alter table s.t wait 5 ALGORITHM=INSTANT, add c int"),
        ("DROP INDEX i ON t", "t", "ALTER TABLE t ALGORITHM=INSTANT, DROP INDEX i "),
        ("CREATE INDEX i ON t (c) /* why */", "t", "CREATE INDEX i ON t (c) ALGORITHM=INSTANT /* why */"),
        ("ALTER TABLE t ADD c INT, LOCK=NONE", "t", "ALTER TABLE t ALGORITHM=INPLACE, ADD c INT, LOCK=NONE"),
    ],
)
def test_where_the_options_go(sql: str, table: str, tried: str) -> None:
    target = target_of(sql, kind_of(sql))
    assert target is not None and target.table == table
    assert next(attempts(target, "mysql"))[1] == tried


def test_what_is_no_change_of_a_table_is_not_tried() -> None:
    assert target_of("CREATE TABLE t (id INT)", "CREATE TABLE") is None
    assert target_of("ALTER TABLE", "ALTER TABLE") is None


def test_an_alter_is_cut_at_its_own_commas() -> None:
    assert alterations(" ADD a SET('x,y'), ADD KEY k (a, b), COMMENT 'x,y'") == [
        "ADD a SET('x,y')", "ADD KEY k (a, b)", "COMMENT 'x,y'",
    ]  # fmt: skip


def test_sizes_are_read_as_the_client_prints_them_or_as_json(tmp_path: Path) -> None:
    path = tmp_path / "sizes"
    path.write_text("TABLE_NAME\tTABLE_ROWS\tbytes\nusers\t10\t2000000\nlog\tNULL\tNULL\n")
    assert sizes_from_file(path) == {"users": Size(10, 2_000_000), "log": Size(0, 0)}
    path.write_text('{"users": {"rows": 1, "bytes": 2}}')
    assert sizes_from_file(path) == {"users": Size(1, 2)}
    assert [str(Size(0, size)) for size in (12, 12_000, 3_400_000, 5 * 10**9)] == [
        "12 B",
        "12 kB",
        "3 MB",
        "5 GB",
    ]


@pytest.mark.parametrize(
    "text", ["users 10 20\n", "users\t10\n", '{"users": 1}', "users\tten\tmany\nlog\tx\ty\n"]
)
def test_a_file_without_sizes_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sizes"
    path.write_text(text)
    with pytest.raises(AfterpushError, match="holds no sizes"):
        sizes_from_file(path)
