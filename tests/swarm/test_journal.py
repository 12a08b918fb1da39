"""The journal survives a crash in the middle of a line, and only the current attempt counts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterpush.infra.errors import AfterpushError
from afterpush.swarm.journal import TaskJournal, TaskRecord, fold
from afterpush.swarm.states import Result, TaskState
from tests.support.clock import FakeClock


def written(path: Path) -> TaskJournal:
    journal = TaskJournal(path / "journal", FakeClock())
    journal.queued("A-001")
    journal.started("A-001", 1, "swarm/A-001/1", "base", "/wt")
    journal.finished("A-001", 1, "tip", 2.5)
    return journal


def test_records_are_what_was_written(tmp_path: Path) -> None:
    record = written(tmp_path).records()["A-001"]
    assert (record.state, record.tip, record.branch) == (TaskState.MERGING, "tip", "swarm/A-001/1")
    assert record.waits_for_merge


def test_a_line_that_was_cut_off_spoils_neither_the_ones_before_nor_the_next(tmp_path: Path) -> None:
    journal = written(tmp_path)
    with journal.path.open("ab") as file:
        file.write(b'{"at": "2026-11-23T10:00:00Z", "task": "A-001", "eve')
    journal.ended(Result("A-001", TaskState.MERGED, 1, "swarm/A-001/1", "sha", "merged", 3))
    assert journal.records()["A-001"].state is TaskState.MERGED


def test_the_end_of_an_older_attempt_is_not_taken_for_the_current_one(tmp_path: Path) -> None:
    journal = written(tmp_path)
    journal.started("A-001", 2, "swarm/A-001/2", "base", "/wt")
    journal.finished("A-001", 1, "late", 1)
    record = journal.records()["A-001"]
    assert (record.state, record.attempt, record.tip) == (TaskState.RUNNING, 2, None)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_bytes_make_reading_fail(lines: list[bytes]) -> None:
    assert all(isinstance(record, TaskRecord) for record in fold(lines).values())


@settings(max_examples=30)
@given(st.integers(min_value=0, max_value=400))
def test_a_journal_cut_at_any_byte_is_a_state_that_it_once_had(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = written(Path(folder))
        whole = journal.path.read_bytes()
        states = [fold(whole.splitlines()[:count]) for count in range(4)]
        assert fold(whole[:cut].splitlines()) in states


def test_a_line_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(AfterpushError, match="No space left"):
        TaskJournal(Path("/dev/full"), FakeClock()).queued("A-001")
