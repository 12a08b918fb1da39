"""Cutting SQL into statements, as the mysql client does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.migrate.statements.split import Statement, pieces, split
from afterpush.migrate.statements.tokens import literal, quoted, string_value, tokens, unquoted


def sqls(text: str) -> list[str]:
    return [statement.sql for statement in split(text, "a.sql")]


def only(text: str) -> Statement:
    (statement,) = split(text, "a.sql")
    return statement


def test_semicolons_in_strings_names_and_comments_end_nothing() -> None:
    text = "SELECT ';', \";\", `;` /* ; */ -- ;\n, 'it''s;', 'a\\';' # ;\n;SELECT 2"
    assert len(sqls(text)) == 2


def test_a_statement_stands_on_the_line_of_its_first_code() -> None:
    text = "\ufeff-- head\r\n\r\n/* more\r\n */ CREATE TABLE a (id INT);\r\n\r\nDROP TABLE b;"
    assert [(s.kind, s.line) for s in split(text, "a.sql")] == [("CREATE TABLE", 4), ("DROP TABLE", 6)]


def test_delimiter_is_obeyed_until_it_changes_back() -> None:
    text = (
        "DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = '//'; "
        "SET @b = 2; END//\n"
        "delimiter ;\nSELECT 1;SELECT 2"
    )
    assert [s.kind for s in split(text, "a.sql")] == ["CREATE TRIGGER", "SELECT", "SELECT"]
    assert sqls(text)[0].endswith("END")


def test_a_body_without_delimiter_stays_whole_and_is_marked() -> None:
    text = (
        "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT CASE 1 WHEN 1 THEN 2 END; END IF; "
        "CASE 1 WHEN 1 THEN SELECT 1; END CASE; WHILE 0 DO SELECT 1; END WHILE; END; SELECT 1;"
    )
    first, second = split(text, "a.sql")
    assert first.sql.endswith("END WHILE; END")
    assert first.split_by_client and not second.split_by_client


def test_a_body_that_never_ends_does_not_swallow_the_rest() -> None:
    assert len(sqls("CREATE TRIGGER t BEGIN SET @a = 1; DROP TABLE b; DROP TABLE c;")) == 3


def test_begin_and_commit_of_a_transaction_are_statements() -> None:
    assert sqls("BEGIN; INSERT INTO a VALUES (1); COMMIT;") == [
        "BEGIN",
        "INSERT INTO a VALUES (1)",
        "COMMIT",
    ]


def test_double_dash_is_a_comment_only_before_white_space() -> None:
    assert sqls("SELECT 5--1;-- no\n--\nSELECT 2;--") == ["SELECT 5--1", "SELECT 2"]


def test_the_marks_of_drizzle_are_no_statements() -> None:
    mark = "--> statement-breakpoint\n"
    text = f"CREATE TABLE a (id INT);{mark}SELECT 1;\n{mark}SELECT 2--> 1;"
    assert sqls(text) == ["CREATE TABLE a (id INT)", "SELECT 1", "SELECT 2--> 1"]


def test_conditional_comments_are_code() -> None:
    first, second = split("/*!40101 SET NAMES utf8 */;\n/*M! CREATE TABLE a (id INT) */;", "a.sql")
    assert (first.kind, second.kind) == ("SET", "CREATE TABLE")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 'a;\nSELECT 2;", "a string that never ends"),
        ('SELECT "a;', "a string that never ends"),
        ("SELECT `a;", "a quoted name that never ends"),
        ("SELECT 1 /* a;", "a comment that never ends"),
        ("/* a;", "a comment that never ends"),
        ("/*!40101 SET a;", "a comment that never ends"),
    ],
)
def test_what_never_ends_is_one_statement_with_its_problem(text: str, problem: str) -> None:
    assert only(text).problem == problem


@pytest.mark.parametrize(
    "text", ["", " \n", "\ufeff", ";;\n;", "-- only words\n# and more", "DELIMITER //\n"]
)
def test_nothing_in_a_file_is_no_statement(text: str) -> None:
    assert sqls(text) == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("create unique index a on b (c)", "CREATE INDEX"),
        (
            "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1",
            "CREATE VIEW",
        ),
        ("CREATE TEMPORARY TABLE `index` (a INT)", "CREATE TABLE"),
        ("RENAME TABLE a TO b", "RENAME TABLE"),
        ("(SELECT 1)", "SELECT"),
        ("?!", ""),
    ],
)
def test_the_kind_is_verb_and_noun(sql: str, kind: str) -> None:
    assert only(sql).kind == kind


def test_five_megabytes_of_inserts_are_two_statements() -> None:
    rows = ",".join(f"({n},'it''s; -- x')" for n in range(140_000))
    assert len(sqls(f"INSERT INTO t VALUES {rows};\nINSERT INTO t VALUES {rows};")) == 2


WORDS = "; // ' '' \" ` -- # /* */ /*! \\ CREATE TRIGGER BEGIN END IF CASE DELIMITER $$ a 1 ( ) @ é"
FRAGMENTS = st.sampled_from([*WORDS.split(" "), "\n", "\r\n", "\t", "\ufeff", "\0"])
TEXT = st.one_of(
    st.lists(FRAGMENTS, max_size=40).map(" ".join), st.lists(FRAGMENTS, max_size=40).map("".join), st.text()
)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_the_pieces_of_any_text_are_the_text_again(text: str) -> None:
    assert "".join(pieces(text)) == text


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_any_text_is_read_and_every_statement_stands_in_it_on_its_line(text: str) -> None:
    for statement in split(text, "a.sql"):
        assert statement.sql and statement.sql in text
        assert text.split("\n")[statement.line - 1].find(statement.sql.split("\n")[0].rstrip()) >= 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"])), min_size=1, max_size=5
    )
)
def test_quoted_values_survive_cutting_and_reading(values: list[str]) -> None:
    text = "".join(f"SELECT {literal(value)}, {quoted(value)};\n" for value in values)
    found = split(text, "a.sql")
    assert len(found) == len(values)
    for statement, value in zip(found, values, strict=True):
        _, string, _, name = tokens(statement.sql)
        assert (string_value(string.text), unquoted(name)) == (value, value)


def test_backslash_escapes_mean_what_mysql_says() -> None:
    assert string_value(r"'a\'b\\c\n\%\q'") == "a'b\\c\n\\%q"
    assert string_value("N'x'") == "x"
