"""What the state folder shows of the monitors: running, crashed or finished, beyond doubt; following one.

A monitor runs exactly as long as its lock is held. What it left tells the rest: a result is a finish,
a pid file or a log without one is a crash.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from afterpush.deploy.monitor.background import REFUSED
from afterpush.deploy.monitor.pid_file import PidFile, read_pid_file, state_of
from afterpush.deploy.monitor.reporters import Reporter
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import CRASHED, RUNNING, AppTold, Outcome, outcome, read_outcome
from afterpush.infra.clock import Clock, rfc3339
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes
from afterpush.infra.invocation import program
from afterpush.infra.locks import is_locked
from afterpush.infra.log_tail import last_line
from afterpush.infra.state import MONITOR_FILE, StateFolder

FINISHED: Final = "finished"


MonitorState = Literal["running", "crashed", "finished"]


@dataclass(frozen=True)
class Monitor:
    """One monitor, as `deploy.monitors` lists it."""

    sha: Annotated[str, "the full sha of the commit"]
    pid: Annotated[int | None, "its process; null when it is over and left no pid file"]
    state: Annotated[MonitorState, "what its lock and files show"]
    started_at: Annotated[str | None, "RFC 3339, UTC; null when its files do not say"]
    phase: Annotated[str | None, "the last phase it saw; null before there was a deployment"]
    verdict: Annotated[str | None, "null while it runs, and when it crashed"] = None


def status(folder: StateFolder, sha: str, now: float) -> Outcome:
    """What is known of a commit here; `none` when it was never watched."""
    recorded = read_pid_file(folder.pid(sha))
    if recorded and recorded.sha != sha:
        recorded = None
    if is_locked(folder.lock(sha)):
        return _running(folder, sha, recorded, now)
    result = _result(folder, sha)
    if recorded is None and result:
        return result
    if result and recorded and result.started_at == rfc3339(recorded.started_at):
        return result
    if recorded or (result is None and _broke_off(folder.log(sha))):
        return _crashed(folder, sha, recorded, now)
    message = f"{sha[:7]} was never watched here; watch it: {program()} deploy.monitor --sha={sha[:7]}"
    return Outcome(sha=sha, verdict=Verdict.NONE.value, message=message)


def _broke_off(log: Path) -> bool:
    """Whether a log without result or pid file is of a watch; one that could not begin says why."""
    said = last_line(log)
    return bool(said) and not said.startswith(REFUSED)


def _result(folder: StateFolder, sha: str) -> Outcome | None:
    """The result of exactly this commit; None also for another with the same seven digits."""
    path = folder.result(sha)
    try:
        document = json.loads(read_bytes(path, limit=1 << 20, follow=False))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise AfterpushError(f"cannot read the result {path}; remove it and watch {sha[:7]} again") from error
    found = read_outcome(document, str(path))
    return found if found.sha == sha else None


def _running(folder: StateFolder, sha: str, recorded: PidFile | None, now: float) -> Outcome:
    if recorded:
        return _as_noted(folder, recorded, now)
    message = f"{sha[:7]} is being watched; nothing is known of it yet"
    return Outcome(sha=sha, verdict=RUNNING, message=message, log_path=str(folder.log(sha)))


def _crashed(folder: StateFolder, sha: str, recorded: PidFile | None, now: float) -> Outcome:
    who = f"the monitor of {sha[:7]}" + (f" (pid {recorded.pid})" if recorded else "")
    said = last_line(folder.log(sha)).removeprefix(REFUSED)
    message = f"{who} ended without a verdict" + (f"; its last line: {said}" if said else "")
    message += f"; watch again: {program()} deploy.monitor --sha={sha[:7]}"
    if recorded:
        return replace(_as_noted(folder, recorded, now), verdict=CRASHED, message=message)
    return Outcome(sha=sha, verdict=CRASHED, message=message, log_path=str(folder.log(sha)))


def _as_noted(folder: StateFolder, recorded: PidFile, now: float) -> Outcome:
    """How far a monitor had got when it wrote its pid file; only the time goes on."""
    state, app = state_of(recorded, max(now, recorded.started_at)), AppTold(recorded.app, recorded.app_name)
    return outcome(state, app, requests=recorded.requests, log_path=str(folder.log(recorded.sha)))


def short_shas(folder: StateFolder) -> list[str]:
    """The seven digits of every commit that left files here."""
    try:
        names = [path.name for path in folder.path.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AfterpushError(f"cannot read the state folder {folder.path}: {error.strerror}") from error
    return sorted({found["short"] for name in names if (found := MONITOR_FILE.fullmatch(name))})


def monitors(folder: StateFolder, now: float) -> list[Monitor]:
    """Every monitor that runs or left something, the latest first. Corrupt results count as crashed."""
    listed = [_monitor(folder, short, now) for short in short_shas(folder)]
    return sorted(filter(None, listed), key=lambda monitor: monitor.started_at or "", reverse=True)


def _monitor(folder: StateFolder, short: str, now: float) -> Monitor | None:
    recorded = read_pid_file(folder.pid(short))
    sha = recorded.sha if recorded else _sha_of_result(folder.result(short)) or short
    try:
        found = status(folder, sha, now)
    except AfterpushError:
        return Monitor(sha, None, CRASHED, None, None)
    if found.verdict == Verdict.NONE and found.started_at is None:
        return None  # Only a lock file is left: nobody watches and nobody did.
    state: MonitorState = FINISHED
    if found.verdict in (RUNNING, CRASHED):
        state = RUNNING if found.verdict == RUNNING else CRASHED
    verdict = found.verdict if state == FINISHED else None
    return Monitor(sha, recorded.pid if recorded else None, state, found.started_at, found.phase, verdict)


def _sha_of_result(path: Path) -> str | None:
    try:
        sha = json.loads(read_bytes(path, limit=1 << 20, follow=False))["sha"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return sha if isinstance(sha, str) else None


FOLLOW_SECONDS = 0.5
# Right after `git push` its watcher needs a moment to prove the push and start the monitor.
APPEAR_SECONDS = 5.0


def follow(
    folder: StateFolder,
    sha: str,
    clock: Clock,
    reporter: Reporter,
    *,
    appear_seconds: float = 0,
    timeout_seconds: float | None = None,
    on_begin: Callable[[], None] = lambda: None,
) -> Outcome:
    """Waits for another process's monitor of the commit and returns what it ended with (or `crashed`).

    A monitor that has not begun yet is given `appear_seconds` to do so. After `timeout_seconds` the outcome
    is as it stands then (`running`), and the monitor goes on. `on_begin` is called when there is one.
    """
    began, is_followed = clock.monotonic(), False
    while True:
        found = status(folder, sha, clock.now())
        elapsed = clock.monotonic() - began
        may_appear = found.verdict == Verdict.NONE and found.started_at is None and elapsed < appear_seconds
        if found.verdict != RUNNING and not may_appear:
            return found
        if found.verdict == RUNNING and not is_followed:
            is_followed = True
            on_begin()
        recorded = read_pid_file(folder.pid(sha))
        if recorded and recorded.sha == sha:
            reporter.show(state_of(recorded, clock.now()))
        left = float("inf") if timeout_seconds is None else timeout_seconds - elapsed
        if left <= 0 and not may_appear:
            return replace(found, message=f"{found.message}; not waited for longer than {elapsed:.0f} s")
        clock.sleep(max(0.0, min(FOLLOW_SECONDS, left)))
