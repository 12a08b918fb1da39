"""The consolidated file: what is written can be read again, and edits by hand are noticed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.statements import split
from afterpush.migrate.steps import Step, read_sql, render_sql

TABLE = Step(
    "table a", "table", "a", "SELECT 'done' AS state", "CREATE TABLE a (b VARCHAR(9) DEFAULT 'it''s; \\n')"
)
TRIGGER = Step(
    "trigger a.t",
    "trigger",
    "a",
    "SELECT 'needed' AS state",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; SET @b = '//'; END",
)
DROP = Step("drop trigger a.t", "drop", "a", "SELECT 'done' AS state", "DROP TRIGGER IF EXISTS t")
DATA = Step("data 001.sql:3", "data", "", "", "INSERT INTO a VALUES ('x;y')")


def test_what_is_written_is_read_again() -> None:
    steps = [TABLE, DROP, TRIGGER, DATA]
    assert read_sql(render_sql(steps)) == steps


def test_line_ends_of_windows_do_not_change_the_steps() -> None:
    assert read_sql("\ufeff" + render_sql([TABLE, DATA]).replace("\n", "\r\n")) == [TABLE, DATA]


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), st.text("ab '`\"\\;\n/*-#")
)
def test_any_name_and_literal_survives(name: str, value: str) -> None:
    step = Step(
        f"column {name}", "column", name, "SELECT 'done' AS state", f"ALTER TABLE a COMMENT {value!r}"
    )
    assert read_sql(render_sql([step])) == [step]


def test_the_file_is_cut_into_statements_that_a_client_can_send() -> None:
    kinds = [s.kind for s in split(render_sql([TABLE, TRIGGER]), "a.sql")]
    assert kinds == ["CREATE TABLE", "SET", "SET", "PREPARE", "EXECUTE", "DEALLOCATE", "CREATE TRIGGER"]


def test_an_edited_step_is_refused_with_its_line() -> None:
    edited = render_sql([TABLE]).replace("VARCHAR(9)", "VARCHAR(8)")
    with pytest.raises(AfterpushError, match=r"c\.sql:15: table a was edited by hand"):
        read_sql(edited, "c.sql")


@pytest.mark.parametrize("lost", ["SET @afterpush_state", "SET @afterpush_sql", "THEN 'CREATE"])
def test_a_broken_step_is_refused_with_its_line(lost: str) -> None:
    text = render_sql([TABLE]).replace(lost, "SELECT", 1)
    with pytest.raises(AfterpushError, match=r"c\.sql:15"):
        read_sql(text, "c.sql")


def test_the_checksum_follows_what_is_done_not_how_it_is_looked_at() -> None:
    looked = Step(TABLE.name, TABLE.kind, TABLE.table, "SELECT 1 AS state", TABLE.sql)
    other = Step(TABLE.name, TABLE.kind, TABLE.table, TABLE.probe, TABLE.sql + " ")
    assert looked.checksum == TABLE.checksum != other.checksum
