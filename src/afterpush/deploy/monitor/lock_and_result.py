"""What a monitor records: its lock and pid file while it runs, then the result and a line of history.

State that cannot be written costs the record, never the verdict.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterpush.deploy.monitor.history import History, HistoryRecord
from afterpush.deploy.monitor.pid_file import PidFile, write_pid_file
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import Outcome
from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic
from afterpush.infra.git import CommitFacts
from afterpush.infra.locks import PROBE_SECONDS, HeldLock, try_lock
from afterpush.infra.state import StateFolder


class AlreadyRunning(AfterpushError):
    """Another monitor holds the lock of this commit."""


@dataclass(frozen=True)
class MonitorRecord:
    """The record of one monitor. Without a folder it keeps none, and the lock is best effort."""

    folder: StateFolder | None
    sha: str
    warn: Callable[[str], None]

    @contextlib.contextmanager
    def occupied(self) -> Iterator[None]:
        """Holds the commit's lock for the block. Raises AlreadyRunning."""
        lock = self._lock()
        try:
            yield
        finally:
            if lock:
                lock.release()

    def _lock(self) -> HeldLock | None:
        if self.folder is None:
            return None
        try:
            lock = try_lock(self.folder.lock(self.sha), wait_seconds=PROBE_SECONDS)
        except AfterpushError as error:
            self.warn(f"{error}; going on without the lock")
            return None
        if lock is None:
            raise AlreadyRunning(f"{self.sha[:7]} is being watched already")
        return lock

    def write_pid(self, content: PidFile) -> None:
        if self.folder:
            with self._tolerated("pid file"):
                write_pid_file(self.folder.pid(self.sha), content)

    def remove_pid(self) -> None:
        if self.folder:
            with self._tolerated("pid file"):
                self.folder.pid(self.sha).unlink(missing_ok=True)

    def leave(self, result: Outcome, branch: str, facts: CommitFacts) -> None:
        """The result first, then the pid file: a death in between still shows as finished."""
        if self.folder is None:
            return
        with self._tolerated("result"):
            text = json.dumps(plain(result), indent=2) + "\n"
            write_atomic(self.folder.result(self.sha), text, mode=0o600)
        if result.verdict != Verdict.STOPPED:
            self._add_to_history(History(self.folder.history), _record(result, branch, facts))
        self.remove_pid()

    def _add_to_history(self, history: History, record: HistoryRecord) -> None:
        try:
            history.add(record)
        except AfterpushError as error:
            self.warn(str(error))
        for warning in history.warnings:
            self.warn(warning)

    @contextlib.contextmanager
    def _tolerated(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.warn(f"cannot write the {what} ({error.strerror}); the verdict does not depend on it")


def _record(result: Outcome, branch: str, facts: CommitFacts) -> HistoryRecord:
    assert result.started_at and result.finished_at
    return HistoryRecord(
        sha=result.sha,
        verdict=result.verdict,
        message=result.message,
        started_at=parse_rfc3339(result.started_at),
        finished_at=parse_rfc3339(result.finished_at),
        elapsed_seconds=result.elapsed_seconds,
        app=result.app,
        deployment_id=result.deployment_id,
        source=result.source,
        branch=branch,
        author=facts.author,
        category=result.category,
        committed_at=facts.committed_at,
        phases=result.phases or {},
    )
