"""Ending every process of this clone's swarm, whether its manager still lives or not."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.infra.clock import Clock
from afterpush.infra.locks import is_locked
from afterpush.infra.processes.identity import signal_process, wait_for_end
from afterpush.infra.processes.tagged import end_all, with_tag
from afterpush.swarm.agent.supervisor import TAG
from afterpush.swarm.journal import TaskJournal
from afterpush.swarm.manager_files import managers
from afterpush.swarm.states import Result, TaskState

# A manager that is asked to end waits for its supervisors, and gives its claims back over the network.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class EndedManager:
    pid: int
    stopped: Annotated[bool, "whether it has ended"]


@dataclass(frozen=True)
class StopResult:
    """What was ended: managers, what they had left running, and the tasks that are stopped now."""

    managers: tuple[EndedManager, ...]
    processes: Annotated[int, "processes of agents that were ended, or would be"]
    tasks: Annotated[tuple[str, ...], "tasks that are stopped now"]


def stop_swarm(state: Path, tag: str, journal: TaskJournal, clock: Clock) -> StopResult:
    """Ends managers, then whatever carries the tag. Worktrees and branches stay as they are."""
    ended = []
    for manager in managers(state):
        was_running = signal_process(manager.identity, signal.SIGTERM)
        if was_running and not wait_for_end(manager.identity, clock, timeout_seconds=_PATIENCE_SECONDS):
            signal_process(manager.identity, signal.SIGKILL)
            wait_for_end(manager.identity, clock, timeout_seconds=_PATIENCE_SECONDS)
        manager.path.unlink(missing_ok=True)
        if was_running:
            ended.append(EndedManager(manager.identity.pid, stopped=True))
    left = end_all(lambda: with_tag(TAG, tag), clock, grace_seconds=2)
    return StopResult(tuple(ended), left, tuple(_told(state, journal)))


def would_stop(state: Path, tag: str) -> StopResult:
    """What `stop_swarm` would end now, agents of running managers included; changes nothing."""
    running = [manager.identity.pid for manager in managers(state) if manager.is_running]
    found = tuple(EndedManager(pid, stopped=False) for pid in running)
    return StopResult(found, len(with_tag(TAG, tag)), ())


def _told(state: Path, journal: TaskJournal) -> list[str]:
    """What a killed manager could not write down any more."""
    told = []
    for task, record in journal.records().items():
        is_under_way = record.state in (TaskState.QUEUED, TaskState.RUNNING)
        if is_under_way and not is_locked(state / "locks" / f"{task}.lock"):
            reason = "stopped; its worktree and branch stay"
            journal.ended(Result(task, TaskState.STOPPED, record.attempt, record.branch, reason=reason))
            told.append(task)
    return told


def stopped_text(found: StopResult, *, dry_run: bool = False) -> str:
    """What was ended, or would be, in a sentence."""
    if not found.managers and not found.processes:
        return "nothing runs"
    pids = ", ".join(str(manager.pid) for manager in found.managers) or "none"
    if dry_run:
        return f"would end the managers {pids} and {found.processes} processes of agents"
    return f"managers ended: {pids}; processes left behind and ended: {found.processes}"
