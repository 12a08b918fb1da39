"""Who gets each state of a watch."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from afterpush.deploy.monitor.line_output import changes, stamped, still
from afterpush.deploy.watch.states import Finished, State, Watching
from afterpush.infra.printable import one_line
from afterpush.infra.secrets.redaction import Redactor

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
        at = state.finished_at if isinstance(state, Finished) else state.now
        lines = changes(self._before, state)
        if isinstance(state, Watching) and not lines and at - self._told_at >= STILL_SECONDS:
            lines = [still(state, self._estimate)]
        for line in lines:
            self._write(stamped(line, at))
            self._told_at = at
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


class LogFile:
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
