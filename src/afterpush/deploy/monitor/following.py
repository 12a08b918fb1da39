"""Following the monitor of another process: the same view, from what it notes in its pid file."""

from collections.abc import Callable
from dataclasses import replace

from afterpush.deploy.monitor.pid_file import read_pid_file, state_of
from afterpush.deploy.monitor.reporters import Reporter
from afterpush.deploy.monitor.status import status
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import RUNNING, Outcome
from afterpush.infra.clock import Clock
from afterpush.infra.state import StateFolder

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
        may_appear = _is_unwatched(found) and elapsed < appear_seconds
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
            return _as_it_stands(found, elapsed)
        clock.sleep(max(0.0, min(FOLLOW_SECONDS, left)))


def _is_unwatched(found: Outcome) -> bool:
    return found.verdict == Verdict.NONE and found.started_at is None


def _as_it_stands(found: Outcome, waited: float) -> Outcome:
    return replace(found, message=f"{found.message}; not waited for longer than {waited:.0f} s")
