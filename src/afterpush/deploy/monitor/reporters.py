"""Who gets each state of a watch; and the watch as lines, one for each change, for logs, pipes and agents."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from afterpush.deploy.watch.facts import Finished, State, Verdict, Watching
from afterpush.digitalocean.steps import FAILURE
from afterpush.infra.clock import duration, rfc3339
from afterpush.infra.invocation import program
from afterpush.infra.printable import one_line
from afterpush.infra.secrets.redaction import Redactor


def changes(before: State | None, now: State) -> list[str]:
    """What is new since the state before, as lines without a time stamp."""
    if isinstance(now, Finished):
        return [f"{now.verdict.value.upper()}: {now.message}"]
    earlier = before if isinstance(before, Watching) else None
    return [*_phase_change(earlier, now), *_step_changes(earlier, now), *_trouble_change(earlier, now)]


def still(state: Watching, estimate_seconds: float | None) -> str:
    """A sign of life: what it waits for, since when, and how long that usually takes."""
    usually = f"; usually live after {duration(estimate_seconds)}" if estimate_seconds else ""
    what = state.phase or f"waiting for a deployment of {state.sha[:7]}"
    return f"  still {what} after {duration(state.now - state.started_at)}{usually}"


def _phase_change(before: Watching | None, now: Watching) -> list[str]:
    if now.phase is None:
        return [] if before else [f"waiting for a deployment of {now.sha[:7]} to appear"]
    if before and before.phase == now.phase and before.source == now.source:
        return []
    assert now.deployment
    elapsed = duration(now.now - now.started_at)
    line = f"{now.phase} after {elapsed}, seen by {now.source}"
    if before is None or before.deployment is None:
        cause = f" ({now.deployment.cause})" if now.deployment.cause else ""
        line += f": deployment {now.deployment.id}{cause}"
    return [line]


def _step_changes(before: Watching | None, now: Watching) -> list[str]:
    earlier = _statuses(before)
    return [
        f"  {status.lower():8} {title}"
        for title, status in _statuses(now).items()
        if earlier.get(title) != status and status in ("RUNNING", "SUCCESS", FAILURE)
    ]


def _statuses(state: Watching | None) -> dict[str, str]:
    steps = state.deployment.steps if state and state.deployment else ()
    every = (step for top in steps for step in top.walk() if not step.steps)
    return {step.title: step.status or "UNKNOWN" for step in every}


def _trouble_change(before: Watching | None, now: Watching) -> list[str]:
    if now.troubles and (before is None or before.troubles != now.troubles):
        return [f"  {'; '.join(now.troubles)}"]
    if before and before.silent_looks and not now.silent_looks:
        return [f"  {now.source} answers again"]
    return []


def how_to_go_on(sha: str, verdict: Verdict) -> str | None:
    """What to type after this verdict, or None when nothing is left to do."""
    short = sha[:7]
    match verdict:
        case Verdict.STOPPED:
            return (
                f"the deployment goes on by itself; watch it again: {program()} deploy.monitor --sha={short}"
            )
        case Verdict.TIMEOUT:
            return f"it may still end; watch on: {program()} deploy.monitor --sha={short} --timeout=1800"
        case Verdict.FAILED:
            called = program()
            return f"more: {called} deploy.explain --sha={short}   logs: {called} deploy.logs --sha={short}"
        case Verdict.UNREACHABLE:
            return f"check what can be reached: {program()} env.check"
        case _:
            return None


# A watch that is silent for longer looks as if it hung.
STILL_SECONDS = 60.0
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class Reporter(Protocol):
    """Told of each state, in order, and of things worth a note."""

    def show(self, state: State) -> None: ...

    def note(self, text: str) -> None: ...


class LineReporter:
    """One line for each change, through `write`."""

    def __init__(self, write: Callable[[str], None], estimate_seconds: float | None = None) -> None:
        self._write = write
        self._estimate = estimate_seconds
        self._before: State | None = None
        self._told_at = 0.0

    def show(self, state: State) -> None:
        lines = changes(self._before, state)
        if isinstance(state, Watching) and not lines and state.at - self._told_at >= STILL_SECONDS:
            lines = [still(state, self._estimate)]
        for line in lines:
            self._write(f"{rfc3339(state.at)}  {line}")
            self._told_at = state.at
        self._before = state

    def note(self, text: str) -> None:
        self._write(f"  note: {text}")


class Everybody:
    """Several reporters as one."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self._reporters = reporters

    def show(self, state: State) -> None:
        for reporter in self._reporters:
            reporter.show(state)

    def note(self, text: str) -> None:
        for reporter in self._reporters:
            reporter.note(text)


class MonitorLog:
    """Appends redacted lines to the monitor's log; a full disk costs the log, never the verdict."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._path = path
        self._redactor = redactor
        self.failure: OSError | None = None

    def write(self, line: str) -> None:
        """Appends one line; remembers the first failure instead of raising it."""
        try:
            with os.fdopen(os.open(self._path, _APPENDING, 0o600), "wb") as file:
                file.write(
                    (one_line(self._redactor(line), keep_spaces=True) + "\n").encode("utf-8", "replace")
                )
        except OSError as error:
            self.failure = self.failure or error
