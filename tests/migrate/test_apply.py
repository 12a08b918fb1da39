"""Applying the steps: once, under one lock, resumable, and never over something else."""

from dataclasses import replace

import pytest

from afterpush.infra.clock import SystemClock
from afterpush.infra.database import Address, connected
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.migrate.apply import Applied, Progress, apply, lock_name, preview
from afterpush.migrate.execution import Drifted
from afterpush.migrate.snapshot import take
from afterpush.migrate.steps import JOURNAL_TABLE, Step
from tests.migrate.samples import BASE, EVERYTHING, OLD, steps

STEPS = steps(BASE + OLD)


def run(address: Address, todo: list[Step] = STEPS, wait_seconds: float = 30) -> Applied:
    return apply(address, todo, clock=SystemClock(), wait_seconds=wait_seconds)


def journal(address: Address) -> dict[str, str]:
    with connected(address) as connection:
        rows = connection.query(f"SELECT step, state FROM {JOURNAL_TABLE} WHERE finished_at >= started_at")
    return {row["step"]: row["state"] for row in rows}


def test_every_step_runs_once_and_has_its_row_in_the_journal(database: Address) -> None:
    first, second = run(database), run(database)
    assert (first.executed, first.skipped) == (len(STEPS), 0)
    assert (second.executed, second.skipped) == (0, len(STEPS))
    assert journal(database) == {step.name: "done" for step in STEPS}


def test_triggers_routines_and_events_are_applied_too(database: Address) -> None:
    todo = steps(EVERYTHING)
    assert run(database, todo).executed == len(todo)
    assert run(database, todo).executed == 0


def test_what_was_there_before_is_skipped_and_the_journal_says_found(database: Address) -> None:
    with connected(database) as connection:
        connection.execute(STEPS[0].sql)
    applied = run(database)
    assert (applied.executed, applied.skipped) == (len(STEPS) - 1, 1)
    assert journal(database)[STEPS[0].name] == "found"


def test_a_dry_run_asks_the_live_schema_and_changes_nothing(database: Address) -> None:
    with connected(database) as connection:
        connection.execute(STEPS[0].sql)
        before = take(connection, str(database.database)).hash
        shown = preview(database, STEPS)
        assert take(connection, str(database.database)).hash == before
        assert not connection.query(f"SHOW TABLES LIKE '{JOURNAL_TABLE}'")
    assert shown.dry_run and (shown.executed, shown.skipped) == (len(STEPS) - 1, 1)
    assert [one.state for one in shown.steps] == ["skipped"] + ["needed"] * (len(STEPS) - 1)


def drifted(step: Step) -> Step:
    return replace(step, probe="SELECT 'drifted' AS state")


def test_another_definition_stops_the_run_before_anything_is_executed(database: Address) -> None:
    todo = [*STEPS[:2], drifted(STEPS[2]), *STEPS[3:]]
    assert preview(database, todo).drifted == [STEPS[2].name]
    with pytest.raises(Drifted, match=f"{STEPS[2].name} is there already with another definition"):
        run(database, todo)
    with connected(database) as connection:
        assert not connection.query("SHOW TABLES")


def test_a_rejected_step_is_named_with_the_servers_words_and_the_rest_waits(database: Address) -> None:
    broken = replace(STEPS[1], sql="CREATE TABLE strains (id INT PRIMARY KEY, id INT)")
    with pytest.raises(
        AfterpushError, match=r"step table strains: Duplicate column name 'id' \(1060\)"
    ) as caught:
        run(database, [STEPS[0], broken, *STEPS[2:]])
    assert caught.value.exit_code is ExitCode.BAD_ANSWER
    applied = run(database)
    assert (applied.executed, applied.skipped) == (len(STEPS) - 1, 1)


def test_a_step_that_reaches_out_of_the_database_is_refused_before_anything_runs(database: Address) -> None:
    with pytest.raises(AfterpushError, match="refused, and nothing was executed"):
        run(database, [*STEPS, replace(STEPS[0], sql="DROP DATABASE afterpush_proof_other")])
    with connected(database) as connection:
        assert not connection.query("SHOW TABLES")


def test_rows_are_written_once_together_with_their_journal_row(database: Address) -> None:
    data = Step("data 001.sql:9", "data", "clients", "", "INSERT INTO clients (name) VALUES ('100% Ada')")
    todo = [STEPS[0], data]
    assert preview(database, [data]).executed == 1
    assert [run(database, todo).executed, run(database, todo).executed] == [2, 0]
    assert preview(database, todo).executed == 0
    with connected(database) as connection:
        assert connection.query("SELECT name FROM clients") == [{"name": "100% Ada"}]


def test_a_rejected_row_leaves_no_journal_row_and_is_tried_again(database: Address) -> None:
    run(database, STEPS[:1])
    data = Step("data 1", "data", "clients", "", "INSERT INTO clients (nam) VALUES ('Ada')")
    for _ in range(2):
        with pytest.raises(AfterpushError, match="step data 1: Unknown column 'nam'"):
            run(database, [data])
    assert data.name not in journal(database)


def test_a_second_run_waits_for_the_lock_and_gives_up_with_a_timeout(database: Address) -> None:
    told: list[Progress] = []
    with connected(database) as other:
        other.query("SELECT GET_LOCK(%s, 0)", [lock_name(str(database.database))])
        with pytest.raises(
            AfterpushError, match=rf"connection {other.thread_id()}\) held the lock"
        ) as caught:
            apply(database, STEPS, clock=SystemClock(), wait_seconds=0.2, progress=told.append)
    assert caught.value.exit_code is ExitCode.TIMEOUT
    assert "waiting" in told[0].text
    assert run(database).executed == len(STEPS)


def test_a_lock_that_is_lost_on_the_way_stops_the_run(database: Address) -> None:
    name = lock_name(str(database.database))
    thief = replace(STEPS[0], sql=f"DO RELEASE_LOCK('{name}')", probe="SELECT 'needed' AS state")
    with pytest.raises(AfterpushError, match="lock that guards the migrations was lost"):
        run(database, [thief, *STEPS])


def test_without_a_database_the_variable_is_named(database: Address) -> None:
    with pytest.raises(AfterpushError, match="DB_NAME"):
        run(replace(database, database=None))
