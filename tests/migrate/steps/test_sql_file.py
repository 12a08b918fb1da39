"""The consolidated file gives back the steps that were written into it."""

import pytest

from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.statements.split import split
from afterpush.migrate.steps.sql_file import read_sql, render_sql
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Change, Step, steps_of

KEY = ("procedure", "p", "procedure")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE PROCEDURE p() BEGIN SELECT 1; END\n-- the end",
        "CREATE PROCEDURE p() SELECT 1 # the end",
        "CREATE PROCEDURE p() SELECT '//' -- $$",
    ],
)
def test_a_comment_behind_a_program_swallows_nothing(sql: str) -> None:
    texts = [sql, sql.replace("p()", "p(x INT)")]
    steps = [
        Step(f"1.sql:{line}", SCHEMA, "1.sql", line, text, text, {"mysql": Change({}, {KEY: text})})
        for line, text in enumerate(texts)
    ]
    assert [step.sql for step in read_sql(render_sql(steps, may_lose=False))] == [step.sql for step in steps]


def test_what_sets_a_variable_comes_along_with_the_rows_that_read_it() -> None:
    text = "SELECT @a := id FROM t; SELECT id INTO @b FROM t; SELECT 1; INSERT INTO u VALUES (@a, @b);"
    history = History({}, tuple(map(Effect, split(text, "1.sql"))))
    kinds = [step.kind for step in steps_of({"mysql": history}, with_data=True)]
    assert kinds == [SETTING, SETTING, DATA]
