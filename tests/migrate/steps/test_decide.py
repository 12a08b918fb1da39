# ruff: noqa: E501 (SQL in lines of its own)
"""What has to run on a database: decided from its parts alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.split import split
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.losing import losses
from afterpush.migrate.steps.narrowing import lost_values
from afterpush.migrate.steps.plan import Situation, Verdict
from afterpush.migrate.steps.stage import Journal
from afterpush.migrate.steps.step import DATA, SCHEMA, Change, Step

T, A, B, ORDER = (("table", "t", part) for part in ("table", "column a", "column b", "order"))
V = ("view", "v", "view")


def step(number: int, before: State, after: State, sql: str = "", *, file: str = "", loses: str = "") -> Step:
    return Step(
        f"{number}", SCHEMA, file or f"{number}.sql", 1, sql or f"ALTER TABLE t {number}", f"{number:016}",
        {"mysql": Change(before, after)}, loses,
    )  # fmt: skip


def data(number: int, sql: str = "INSERT INTO t VALUES (1)", *, file: str = "") -> Step:
    return Step(f"{number}", DATA, file or f"{number}.sql", 1, sql, f"{number:016}")


def verdicts(steps: list[Step], live: State, **more: object) -> str:
    """One letter for each step: Needed, Done, dRifted, Waits."""
    letters = {Verdict.NEEDED: "N", Verdict.DONE: "D", Verdict.DRIFTED: "R", Verdict.WAITS: "W"}
    plan = decide(steps, Situation("mysql", live, **more))  # type: ignore[arg-type]
    return "".join(letters[one.verdict] for one in plan.decisions)


CREATE = step(1, {}, {T: "InnoDB", A: "int", ORDER: "a"})
WIDEN = step(2, {A: "int"}, {A: "bigint"})
ADD = step(3, {ORDER: "a"}, {B: "int", ORDER: "a, b"})
HISTORY = [CREATE, WIDEN, ADD]
FINAL = {T: "InnoDB", A: "bigint", B: "int", ORDER: "a, b"}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ({}, "NNN"),
        ({T: "InnoDB", A: "int", ORDER: "a"}, "DNN"),
        ({T: "InnoDB", A: "bigint", ORDER: "a"}, "DDN"),
        (FINAL, "DDD"),
        (FINAL | {("table", "other", "table"): "InnoDB", V: "select 1"}, "DDD"),
        (FINAL | {("table", "t", "column mine"): "int", ORDER: "a, mine, b"}, "DDD"),
        ({T: "InnoDB", A: "int", B: "int", ORDER: "a, b"}, "DND"),  # b came early: step by step
        ({T: "InnoDB", A: "text", ORDER: "a"}, "RRN"),
        ({T: "MyISAM", A: "bigint", B: "int", ORDER: "a, b"}, "RDD"),
    ],
)
def test_a_database_is_taken_from_where_it_is(live: State, expected: str) -> None:
    assert verdicts(HISTORY, live) == expected


def test_drift_is_told_part_by_part_with_what_is_there_and_what_was_expected() -> None:
    plan = decide(HISTORY, Situation("mysql", FINAL | {A: "text"}))
    (why, *_) = [one.why for one in plan.of(Verdict.DRIFTED)]
    assert why == "column t.a: here text; expected bigint or int or nothing"


def test_a_state_that_comes_back_counts_as_the_latest_without_a_journal_and_as_the_next_with_one() -> None:
    drop, again = step(2, {A: "int", ORDER: "a"}, {ORDER: ""}), step(3, {ORDER: ""}, {A: "int", ORDER: "a"})
    live = {T: "InnoDB", A: "int", ORDER: "a"}
    assert verdicts([CREATE, drop, again], live) == "DDD"
    known = Journal(frozenset([CREATE.checksum]), is_there=True)
    assert verdicts([CREATE, drop, again], live, journal=known) == "DNN"
    assert verdicts([CREATE, drop, again], {}) == "NNN"


def test_what_is_needed_brings_along_what_it_rests_on() -> None:
    p = ("procedure", "p", "procedure")
    steps = [
        CREATE,
        step(2, {}, {p: "body"}, "CREATE PROCEDURE p() ..."),
        step(3, {}, {B: "int"}, "CALL p()"),
        step(4, {p: "body"}, {}, "DROP PROCEDURE p"),
        step(5, {}, {V: "select"}, "CREATE VIEW v"),
    ]
    live = {T: "InnoDB", A: "int", ORDER: "a", V: "select"}  # The view is there already: no state as a whole.
    assert verdicts(steps, live) == "DNNND"


def test_an_index_under_another_name_is_the_same_index() -> None:
    key, other = ("table", "t", "index i"), ("table", "t", "index mine")
    steps = [CREATE, step(2, {}, {key: "BTREE `a`"}), step(3, {key: "BTREE `a`"}, {}, "DROP INDEX i ON t")]
    plan = decide(steps, Situation("mysql", {T: "InnoDB", A: "int", ORDER: "a", other: "BTREE `a`"}))
    assert [one.verdict for one in plan.decisions] == [Verdict.DONE, Verdict.DONE, Verdict.NEEDED]
    assert plan.names == {key: "mine"}


@pytest.mark.parametrize(
    ("live", "journal", "expected"),
    [
        ({}, Journal(), "NNNN"),  # an empty database
        ({T: "InnoDB", A: "int", ORDER: "a"}, Journal(), "DDNN"),  # the old way wrote the rows of its file
        ({T: "InnoDB", A: "bigint", ORDER: "a"}, Journal(), "DDDD"),
        ({T: "InnoDB", A: "bigint", ORDER: "a"}, Journal(frozenset(["x"]), is_there=True), "DRDN"),
        ({T: "InnoDB", A: "bigint", ORDER: "a"}, Journal(frozenset(["2".zfill(16), "4".zfill(16)]), is_there=True), "DDDD"),
        ({T: "InnoDB", A: "bigint", ORDER: "a"}, Journal(frozenset(["2".zfill(16)]), frozenset(["4".zfill(16)]), True), "DDDR"),
    ],
)  # fmt: skip
def test_rows_are_written_once_at_their_place(live: State, journal: Journal, expected: str) -> None:
    widen = step(3, {A: "int"}, {A: "bigint"}, file="2.sql")
    steps = [CREATE, data(2, file="1.sql"), widen, data(4, file="2.sql")]
    assert verdicts(steps, live, journal=journal) == expected


ROLES = [CREATE, data(2, file="2.sql"), step(3, {A: "int"}, {A: "bigint"}, file="3.sql")]


@pytest.mark.parametrize(
    ("filled", "ran_until", "expected"),
    [("", "", "DNN"), ("t", "", "DRN"), ("other", "", "DNN"), ("t", "1.sql", "DNN"), ("t", "2.sql", "DDN")],
)
def test_rows_between_two_definitions_are_not_guessed_at(filled: str, ran_until: str, expected: str) -> None:
    live = {T: "InnoDB", A: "int", ORDER: "a", ("table", "other", "table"): "InnoDB"}
    now = {"filled": frozenset([filled]), "ran_until": ran_until}
    assert verdicts(ROLES, live, **now) == expected
    noted = Journal(frozenset([CREATE.checksum]), is_there=True)
    assert verdicts(ROLES, live, journal=noted, **now) == "DNN"


@pytest.mark.parametrize(("filled", "expected"), [("", "NN"), ("t", "DD")])
def test_rows_without_any_definition_are_written_where_the_table_is_empty(filled: str, expected: str) -> None:
    live = {T: "InnoDB"}  # A table of others.
    assert verdicts([data(1), data(2)], live, filled=frozenset([filled])) == expected


@pytest.mark.parametrize(
    ("file", "said"), [("9.sql", "no step is of"), ("3.sql", "not as it is after"), ("none", "not as")]
)
def test_a_stage_that_the_database_is_not_in_is_refused(file: str, said: str) -> None:
    with pytest.raises(AfterpushError, match=said):
        verdicts(ROLES, {T: "InnoDB", A: "int", ORDER: "a"}, ran_until=file)


def test_what_loses_values_waits_with_all_that_follows_on_it_unless_it_is_allowed_or_nothing_is_there() -> (
    None
):
    drop = step(2, {A: "int"}, {}, "ALTER TABLE t DROP a", loses="column t.a goes")
    after = step(3, {}, {B: "int"}, "ALTER TABLE t ADD b INT")
    other = step(4, {}, {V: "select"}, "CREATE VIEW v AS SELECT 1")
    steps, live = [CREATE, drop, after, other], {T: "InnoDB", A: "int", ORDER: "a"}
    assert verdicts(steps, live, filled=frozenset("t")) == "DWWN"
    assert verdicts(steps, live, filled=frozenset("t"), may_lose=True) == "DNNN"
    assert verdicts(steps, live) == "DNNN"
    assert verdicts(steps, {}) == "NNNN"


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", "z", ""])), min_size=1, max_size=12)
)
def test_from_every_stage_the_rest_leads_to_the_end(changes: list[tuple[str, str]]) -> None:
    """Whatever the history, and wherever a database stopped: running what is needed gives the last state."""
    state: State = {}
    steps, stages = [], [dict(state)]
    for number, (name, text) in enumerate(changes):
        key = ("table", "t", f"column {name}")
        before = {key: state[key]} if key in state else {}
        after = {key: text} if text else {}
        state = {k: v for k, v in state.items() if k != key} | after
        if before != after:
            steps.append(step(number, before, after))
            stages.append(dict(state))
    for stage in stages:
        live = dict(stage)
        for one in decide(steps, Situation("mysql", live)).to_run:
            change = one.change("mysql")
            assert {key: live.get(key) for key in change.before} == change.before
            live = {k: v for k, v in live.items() if k not in change.keys} | change.after
        assert live == state


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("varchar(50)", "varchar(49)", True),
        ("varchar(50) NOT NULL", "varchar(60)", False),
        ("bigint", "int", True),
        ("int", "int unsigned", True),
        ("int unsigned", "bigint", False),
        ("enum('a','b')", "enum('a','c','b')", False),
        ("enum('a','b')", "enum('a')", True),
        ("decimal(10,2)", "decimal(12,2)", False),
        ("decimal(10,2)", "decimal(10,1)", True),
        ("text", "varchar(255)", True),
        ("text", "mediumtext", False),
        ("datetime", "date", True),
        ("varchar(20)", "int", True),
        ("int", "varchar(11)", False),
        ("bigint", "varchar(19)", True),
        ("int", "decimal(10,0)", False),
        ("int unsigned", "decimal(9,0)", True),
        ("int", "double", False),
        ("bigint", "double", True),
        ("double", "decimal(12,4)", True),
        ("enum('a','long')", "varchar(3)", True),
        ("enum('a','long')", "varchar(4)", False),
        ("varchar(9)", "enum('a')", True),
        ("date", "datetime", False),
        ("date", "char(10)", False),
        ("datetime", "timestamp", True),
        ("datetime(6)", "varchar(26)", False),
        ("year", "smallint", False),
        ("year", "date", True),
        ("bit(8)", "tinyint unsigned", False),
        ("bit(64)", "bit(8)", True),
        ("bit(8)", "decimal(3,0)", False),
        ("decimal(20,0)", "int", True),
        ("int", "decimal(12,0) unsigned", True),
        ("year", "decimal(4,0)", False),
        ("text", "json", False),
        ("json", "varchar(100)", True),
        ("point", "geometry", False),
        ("blob", "int", True),
        ("char(36)", "uuid", False),
    ],
)
def test_a_narrower_type_is_known(before: str, after: str, expected: bool) -> None:
    assert bool(lost_values(before, after)) is expected


@pytest.mark.parametrize(
    ("before", "after", "is_lost"),
    [
        ("bigint NOT NULL auto_increment", "bigint unsigned NOT NULL auto_increment", False),
        ("bigint NOT NULL auto_increment", "int NOT NULL auto_increment", True),
        ("bigint NOT NULL", "bigint unsigned NOT NULL", True),
    ],
)
def test_a_counted_column_has_no_values_below_zero_but_may_have_large_ones(
    before: str, after: str, is_lost: bool
) -> None:
    (statement,) = split("ALTER TABLE t MODIFY a INT", "1.sql")
    assert bool(losses(statement, {A: before}, {A: after}, with_data=False)) is is_lost
