"""Ending monitors: SIGTERM to all at once, then SIGKILL to those that do not go."""

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from afterpush.deploy.monitor.pid_file import PidFile, read_pid_file
from afterpush.deploy.monitor.status import monitors
from afterpush.deploy.watch.outcome import RUNNING
from afterpush.infra.clock import Clock
from afterpush.infra.locks import is_locked
from afterpush.infra.processes.identity import signal_process
from afterpush.infra.state import StateFolder

TERM_SECONDS = 5.0
KILL_SECONDS = 2.0
_STEP_SECONDS = 0.05


@dataclass(frozen=True)
class StoppedMonitor:
    """What became of one monitor that was asked to stop."""

    sha: Annotated[str, "the full sha of the commit"]
    pid: Annotated[int | None, "its process; null when none is known"]
    stopped: Annotated[bool, "whether it ran and has ended"]
    reason: Annotated[str | None, "why it was not stopped; null otherwise"] = None


def stop(folder: StateFolder, sha: str, clock: Clock, *, dry_run: bool = False) -> StoppedMonitor:
    """Ends the monitor of one commit. Raises AfterpushError without the right to."""
    return _stop(folder, [sha], clock, dry_run=dry_run)[0]


def stop_all(folder: StateFolder, clock: Clock, *, dry_run: bool = False) -> list[StoppedMonitor]:
    """Ends every monitor that runs, all at once."""
    running = [monitor.sha for monitor in monitors(folder, clock.now()) if monitor.state == RUNNING]
    return _stop(folder, running, clock, dry_run=dry_run)


def _stop(folder: StateFolder, shas: Iterable[str], clock: Clock, *, dry_run: bool) -> list[StoppedMonitor]:
    """Only the very processes that wrote the pid files are signalled."""
    answers: dict[str, StoppedMonitor] = {}
    running: dict[str, PidFile] = {}
    for sha in shas:
        recorded = read_pid_file(folder.pid(sha))
        refusal = _refusal(folder, sha, recorded)
        if refusal or recorded is None:
            answers[sha] = refusal or StoppedMonitor(sha, None, False)
        elif dry_run:
            why = f"would be stopped (pid {recorded.pid})"
            answers[sha] = StoppedMonitor(recorded.sha, recorded.pid, False, why)
        else:
            running[sha] = recorded
            answers[sha] = StoppedMonitor(recorded.sha, recorded.pid, True)
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        for recorded in running.values():
            signal_process(recorded.identity, number)
        running = _left(folder, running, clock, seconds)
    why = "it did not end, not even by SIGKILL"
    left = {sha: StoppedMonitor(recorded.sha, recorded.pid, False, why) for sha, recorded in running.items()}
    return list((answers | left).values())


def _refusal(folder: StateFolder, sha: str, recorded: PidFile | None) -> StoppedMonitor | None:
    if not is_locked(folder.lock(sha)):
        owner = recorded.sha if recorded else sha
        return StoppedMonitor(owner, recorded.pid if recorded else None, False, "no monitor runs")
    if recorded is None or not recorded.is_of_running_process:
        where = f" (host {recorded.host})" if recorded else ""
        return StoppedMonitor(sha, None, False, f"its pid file names no process of this machine{where}")
    return None


def _left(
    folder: StateFolder, running: dict[str, PidFile], clock: Clock, seconds: float
) -> dict[str, PidFile]:
    """Those that hold their lock still when the time is over."""
    deadline = clock.monotonic() + seconds
    while True:
        running = {sha: recorded for sha, recorded in running.items() if is_locked(folder.lock(sha))}
        if not running or clock.monotonic() >= deadline:
            return running
        clock.sleep(_STEP_SECONDS)
