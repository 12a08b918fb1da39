"""Notes of pushes, while other processes leave them and take them away."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from afterpush.hooks.notes import Unwatched, later_push, leave_note
from afterpush.hooks.push_process import word_of
from afterpush.hooks.ref_updates import RefUpdate
from afterpush.infra.processes.identity import identity_of

MAIN = RefUpdate("a" * 40, "refs/heads/main", "b" * 40)


def at_once(times: int, *works: Callable[[int], None]) -> None:
    """Each of these so many times, beside the others."""

    def all_of(work: Callable[[int], None]) -> None:
        for number in range(times):
            work(number)

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(all_of, works))


def test_as_long_as_a_push_runs_its_watcher_is_not_lost_but_may_come(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as push:
        identity = identity_of(push.pid)
        assert identity
        leave_note(tmp_path, word_of(identity), "origin", [MAIN])
        assert Unwatched(tmp_path).known() == []
    [told] = Unwatched(tmp_path).known()
    assert "aaaaaaa" in told and "ended together" in told


def test_what_several_watchers_note_at_once_is_all_kept(tmp_path: Path) -> None:
    def add(letter: str, number: int) -> None:
        Unwatched(tmp_path).add(f"{letter}{number}", f"why {letter}{number}")

    at_once(6, partial(add, "a"), partial(add, "b"))
    assert len(Unwatched(tmp_path).known()) == 12


def test_a_note_that_is_taken_away_while_it_is_looked_at_is_no_fault(tmp_path: Path) -> None:
    def come_and_go(number: int) -> None:
        for each in range(20):
            leave_note(tmp_path, f"{each}@1t", "origin", [MAIN])
        for path in tmp_path.glob("push-*@1t"):
            path.unlink()

    def look(number: int) -> None:
        for _ in range(20):
            later_push(tmp_path, "1@2t", "refs/heads/other")

    leave_note(tmp_path, "1@2t", "origin", [MAIN])
    at_once(20, come_and_go, look)
