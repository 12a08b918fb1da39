"""B9: a pid that is somebody else's by now is never signalled, nor taken for a manager that lives."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from afterpush.infra.clock import SystemClock
from afterpush.infra.processes.identity import Identity, identity_of, is_running
from afterpush.swarm.journal import TaskJournal
from afterpush.swarm.manager_files import managers, registered
from afterpush.swarm.states import TaskState
from afterpush.swarm.status import status
from afterpush.swarm.stop import stop_swarm
from tests.support.waiting import wait_until


@pytest.fixture
def stranger() -> Iterator[Identity]:
    """A process that has nothing to do with the swarm, but the pid of a manager that has died."""
    waits = "import time; print(flush=True); time.sleep(300)"
    with subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        found = identity_of(process.pid)
        assert found is not None
        yield found
        process.kill()


def journal_of(state: Path) -> TaskJournal:
    state.mkdir(exist_ok=True)
    return TaskJournal(state / "journal.jsonl", SystemClock())


def left_behind(state: Path, identity: Identity) -> Path:
    """The file of a manager that was killed; its pid is what `identity` says."""
    (state / "managers").mkdir(parents=True)
    path = state / "managers" / f"{identity.pid}.json"
    path.write_text(json.dumps(asdict(identity)))
    return path


@pytest.mark.parametrize("changed", ["start", "boot"])
def test_a_reused_pid_is_neither_stopped_nor_shown_as_a_manager(
    tmp_path: Path, stranger: Identity, changed: str
) -> None:
    before = (
        replace(stranger, started_at=stranger.started_at - 3.7)
        if changed == "start"
        else replace(stranger, boot_id="another boot")
    )
    path = left_behind(tmp_path, before)
    journal = journal_of(tmp_path)
    journal.started("A-001", 1, "swarm/A-001/1", "base", "/wt")
    seen = status(tmp_path, journal, SystemClock().now())
    assert (seen.running, seen.managers, seen.tasks[0].state) == (False, (), TaskState.STOPPED)
    stopped = stop_swarm(tmp_path, "a tag that nobody carries", journal, SystemClock())
    assert (stopped.managers, stopped.processes) == ((), 0)
    assert is_running(stranger)
    assert not path.exists()


def test_the_same_process_is_stopped(tmp_path: Path, stranger: Identity) -> None:
    """The other side: with the identity as it is, the process is the one that is meant."""
    left_behind(tmp_path, stranger)
    stopped = stop_swarm(tmp_path, "a tag that nobody carries", journal_of(tmp_path), SystemClock())
    assert [(one.pid, one.stopped) for one in stopped.managers] == [(stranger.pid, True)]
    wait_until(lambda: not is_running(stranger), "it has ended")


def test_a_new_manager_with_the_pid_of_a_dead_one_takes_its_place(tmp_path: Path) -> None:
    own = identity_of(os.getpid())
    assert own is not None
    left_behind(tmp_path, replace(own, started_at=own.started_at - 100))
    assert [one.is_running for one in managers(tmp_path)] == [False]
    with registered(tmp_path):
        assert [(one.identity, one.is_running) for one in managers(tmp_path)] == [(own, True)]
    assert managers(tmp_path) == []
