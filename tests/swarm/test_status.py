"""What is said of tasks while they begin and end."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from afterpush.swarm.journal import TaskJournal
from afterpush.swarm.manager_files import registered, task_lock
from afterpush.swarm.states import Result, TaskState
from afterpush.swarm.status import status
from tests.support.clock import FakeClock


def seen_until(over: "Future[None]", state: Path, journal: TaskJournal) -> Iterator[Result]:
    while not over.done():
        yield from status(state, journal, 0.0).tasks


def test_a_task_that_ends_while_one_looks_was_not_left_by_a_dead_manager(tmp_path: Path) -> None:
    journal = TaskJournal(tmp_path / "journal", FakeClock())

    def work() -> None:
        for task in (f"A-{number:03}" for number in range(150)):
            lock = task_lock(tmp_path, task)
            assert lock
            journal.started(task, 1, f"swarm/{task}/1", "base", "/wt")
            journal.ended(Result(task, TaskState.MERGED, 1, None, "sha", "merged"))
            lock.release()

    with registered(tmp_path), ThreadPoolExecutor(1) as pool:
        seen = list(seen_until(pool.submit(work), tmp_path, journal))
    assert {result.state for result in seen} <= {TaskState.RUNNING, TaskState.MERGED}


def test_what_a_dead_manager_has_left_is_told_as_stopped(tmp_path: Path) -> None:
    journal = TaskJournal(tmp_path / "journal", FakeClock())
    journal.started("A-001", 1, "swarm/A-001/1", "base", "/wt")
    [left] = status(tmp_path, journal, 0.0).tasks
    assert left.state is TaskState.STOPPED and "its manager died" in left.reason
