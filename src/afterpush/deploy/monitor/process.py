"""The monitor: one process that watches one commit, and what it leaves behind.

It holds the lock of the commit for life, keeps a pid file while it runs, and at its end writes the
result and a line of history. State that cannot be written costs the record, never the verdict.
"""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from afterpush.deploy.monitor.history import History, HistoryRecord
from afterpush.deploy.monitor.pid_file import PidFile, noted_state, write_pid_file
from afterpush.deploy.monitor.reporters import Reporter
from afterpush.deploy.monitor.setup import Prepared
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.loop import watch
from afterpush.deploy.watch.outcome import Outcome, outcome
from afterpush.deploy.watch.states import Finished, State, Watching
from afterpush.deploy.watch.verdict import begin, stopped
from afterpush.infra.clock import Clock, parse_rfc3339
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_atomic
from afterpush.infra.git import CommitFacts
from afterpush.infra.locks import PROBE_SECONDS, HeldLock, try_lock
from afterpush.infra.processes.identity import own_identity
from afterpush.infra.processes.signals import Interrupted, interruptible, uninterrupted
from afterpush.infra.state import StateFolder


class AlreadyRunning(AfterpushError):
    """Another monitor holds the lock of this commit."""


# Looks closer at a verdict before it is recorded (readiness, the cause of a failure).
Completion = Callable[[Finished, Outcome], Outcome]


@dataclass(frozen=True)
class MonitorFiles:
    """Where a monitor keeps its files. Without a folder it keeps none, and the lock is best effort."""

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

    def write_result(self, result: Outcome) -> None:
        if self.folder:
            with self._tolerated("result"):
                text = json.dumps(plain(result), indent=2) + "\n"
                write_atomic(self.folder.result(self.sha), text, mode=0o600)

    def add_to_history(self, record: HistoryRecord) -> None:
        if self.folder is None:
            return
        history = History(self.folder.history)
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


def run_monitor(
    prepared: Prepared,
    files: MonitorFiles,
    clock: Clock,
    reporter: Reporter,
    *,
    branch: str,
    facts: CommitFacts,
    complete: Completion,
    observe: Callable[[State], None],
    notes: Sequence[str],
) -> Outcome:
    """Watches to the end under the lock and returns the outcome. Raises AlreadyRunning.

    `branch` and `facts`, about the commit, are what is recorded beyond what the sources tell.

    `notes` are written once the lock is held: a log without a lock is what a crashed monitor leaves.

    SIGINT, SIGTERM and SIGHUP end it with the verdict `stopped`, recorded like any other.
    """
    with files.occupied():
        for note in notes:
            reporter.note(note)
        prepared.countdown.begin()  # Another monitor may have been followed since it was prepared.
        began = begin(prepared.sha, clock.now())
        state: State = began
        result: Outcome | None = None
        try:
            with interruptible():
                for following in _reported(began, prepared, files, clock, reporter, observe):
                    state = following
                assert isinstance(state, Finished)
                result = complete(state, _outcome(prepared, files, state, facts))
        except Interrupted as interruption:
            state = _stopped(state, clock.now(), interruption.name)
            reporter.show(state)
        except AfterpushError:
            files.remove_pid()  # A mistake in the configuration is no crash.
            raise
        with uninterrupted():
            result = result or _outcome(prepared, files, state, facts)
            _leave(files, result, branch, facts)
    return result


def _reported(
    began: Watching,
    prepared: Prepared,
    files: MonitorFiles,
    clock: Clock,
    reporter: Reporter,
    observe: Callable[[State], None],
) -> Iterator[State]:
    """The states of the watch, each shown and noted in the pid file before it is handed on."""
    recorded = _pid_file(prepared, began.started_at)
    files.write_pid(recorded)
    wake = prepared.signals.wake
    for state in watch(began, prepared.sources, clock, prepared.pace, prepared.limits, wake):
        while prepared.sources.notes:
            reporter.note(prepared.sources.notes.pop(0))
        if isinstance(state, Watching):
            updated = _noted(recorded, prepared, state)
            if replace(updated, requests=recorded.requests) != recorded:  # A mere count is not worth it.
                recorded = updated
                files.write_pid(recorded)
        observe(state)
        reporter.show(state)
        yield state


def _pid_file(prepared: Prepared, started_at: float) -> PidFile:
    identity = own_identity()
    return PidFile(
        pid=identity.pid,
        pid_started_at=identity.started_at,
        boot_id=identity.boot_id,
        host=socket.gethostname(),
        sha=prepared.sha,
        started_at=started_at,
        timeout_seconds=prepared.limits.timeout_seconds,
    )


def _noted(recorded: PidFile, prepared: Prepared, state: Watching) -> PidFile:
    return replace(
        recorded,
        phase=state.phase,
        source=state.source,
        app=prepared.app_id,
        app_name=prepared.app_told(state).name,
        seen=noted_state(state),
        requests=prepared.requests,
    )


def _stopped(state: State, now: float, by: str) -> Finished:
    return stopped(state.before if isinstance(state, Finished) else state, now, by)


def _outcome(prepared: Prepared, files: MonitorFiles, state: State, facts: CommitFacts) -> Outcome:
    log = str(files.folder.log(prepared.sha)) if files.folder else None
    found = outcome(state, prepared.app_told(state), requests=prepared.requests, log_path=log)
    return replace(found, author=facts.author, subject=facts.subject)


def _leave(files: MonitorFiles, result: Outcome, branch: str, facts: CommitFacts) -> None:
    """The result first, then the pid file: a death in between still shows as finished."""
    files.write_result(result)
    if result.verdict != Verdict.STOPPED:
        files.add_to_history(_record(result, branch, facts))
    files.remove_pid()


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
