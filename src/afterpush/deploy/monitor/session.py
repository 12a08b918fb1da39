"""One watch of one commit, put together: foreground, background, and following another monitor.

A monitor is one process that watches one commit. It holds the commit's lock for life, keeps a pid file while
it runs, and at its end writes the result and a line of history.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from afterpush.deploy.logs.capture import Capture
from afterpush.deploy.monitor.lock_and_result import AlreadyRunning, MonitorRecord
from afterpush.deploy.monitor.pid_file import PidFile, noted_state, own_pid_file
from afterpush.deploy.monitor.reporters import Everybody, LineReporter, MonitorLog, Reporter
from afterpush.deploy.monitor.setup import Prepared, prepare
from afterpush.deploy.monitor.status import follow
from afterpush.deploy.watch.facts import Finished, State, Verdict, Watching
from afterpush.deploy.watch.loop import watch
from afterpush.deploy.watch.outcome import CRASHED, Outcome, outcome
from afterpush.deploy.watch.poll_interval import total_estimate
from afterpush.deploy.watch.verdict import begin, stopped
from afterpush.infra.clock import Clock
from afterpush.infra.configuration.app_repository import AppRepository
from afterpush.infra.configuration.approvals import Trust
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import CommitFacts, commit_facts, common_folder
from afterpush.infra.processes.signals import Interrupted, interruptible, uninterrupted
from afterpush.infra.state import StateFolder


@dataclass(frozen=True)
class Session:
    """A watch that is ready to begin. `folder` is None where no state can be kept."""

    here: AppRepository
    prepared: Prepared
    clock: Clock
    folder: StateFolder | None
    warn: Callable[[str], None]

    @property
    def sha(self) -> str:
        return self.prepared.commit.sha

    @property
    def estimate_seconds(self) -> float | None:
        """What a deployment of this repository usually takes, from its history."""
        return total_estimate(self.prepared.records)

    @property
    def record(self) -> MonitorRecord:
        return MonitorRecord(self.folder, self.sha, self.warn)

    def run(self, reporter: Reporter, notes: Sequence[str] = ()) -> Outcome:
        """Watches in this process to the end, telling `reporter` and the log, `notes` first.

        SIGINT, SIGTERM and SIGHUP end it with the verdict `stopped`, recorded like any other.
        Raises AlreadyRunning.
        """
        log = MonitorLog(self.folder.log(self.sha), self.here.environment.redactor()) if self.folder else None
        everybody = Everybody([reporter, LineReporter(log.write)] if log else [reporter])
        facts = commit_facts(self.here.repo, self.sha)
        with self.record.occupied():
            # Only with the lock in hand: a log without a lock is what a crashed monitor leaves.
            for note in notes:
                everybody.note(note)
            capture = self._capture()
            result = self._watched(everybody, capture, facts)
        if capture and result.verdict == Verdict.STOPPED:
            capture.finish(Verdict.STOPPED)
        if log and result.verdict == Verdict.FAILED:
            from afterpush.deploy.monitor.completion import last_words

            for line in last_words(result):
                log.write(line)
        if log and log.failure:
            self.warn(f"cannot write the log {result.log_path} ({log.failure.strerror})")
        self._clean()
        return result

    def _watched(self, reporter: Reporter, capture: Capture | None, facts: CommitFacts) -> Outcome:
        self.prepared.countdown.begin()  # Another monitor may have been followed since it was prepared.
        began = begin(self.sha, self.clock.now())
        state: State = began
        result: Outcome | None = None
        try:
            with interruptible():
                for following in self._states(began, reporter, capture):
                    state = following
                assert isinstance(state, Finished)
                result = self._completed(state, self._outcome(state, facts), capture)
        except Interrupted as interruption:
            state = stopped(state.known, self.clock.now(), interruption.name)
            reporter.show(state)
        except AfterpushError:
            self.record.remove_pid()  # A mistake in the configuration is no crash.
            raise
        with uninterrupted():
            result = result or self._outcome(state, facts)
            self.record.leave(result, self.here.settings.deploy.branches[0], facts)
        return result

    def _states(self, began: Watching, reporter: Reporter, capture: Capture | None) -> Iterator[State]:
        """The states of the watch, each shown and noted in the pid file before it is handed on."""
        prepared = self.prepared
        recorded = own_pid_file(began)
        self.record.write_pid(recorded)
        wake = prepared.signals.wake
        for state in watch(began, prepared.sources, self.clock, prepared.pace, prepared.limits, wake):
            while prepared.sources.notes:
                reporter.note(prepared.sources.notes.pop(0))
            if isinstance(state, Watching):
                updated = self._noted(recorded, state)
                if replace(updated, requests=recorded.requests) != recorded:  # A mere count is not worth it.
                    recorded = updated
                    self.record.write_pid(recorded)
            if capture:
                capture.observe(state, prepared.app_id)
            reporter.show(state)
            yield state

    def _noted(self, recorded: PidFile, state: Watching) -> PidFile:
        return replace(
            recorded,
            phase=state.phase,
            source=state.source,
            app=self.prepared.app_id,
            app_name=self.prepared.app_told(state).name,
            seen=noted_state(state),
            requests=self.prepared.requests,
        )

    def _outcome(self, state: State, facts: CommitFacts) -> Outcome:
        log = str(self.folder.log(self.sha)) if self.folder else None
        app, requests = self.prepared.app_told(state), self.prepared.requests
        found = outcome(state, app, requests=requests, log_path=log)
        return replace(found, author=facts.author, subject=facts.subject)

    def _completed(self, finished: Finished, result: Outcome, capture: Capture | None) -> Outcome:
        from afterpush.deploy.monitor.completion import completed  # Now: a monitor stays small.

        return replace(completed(self, finished, result, capture), requests=self.prepared.requests)

    def run_in_background(self, notes: Sequence[str], *, strict: bool) -> ExitCode:
        """Watches, then tells the user where they are; the exit code is the verdict's."""
        result = self.run(Everybody([]), notes)
        from afterpush.digitalocean import notify  # Now, not before: a monitor stays small while it watches.

        here, told = self.here, notify.Notification.from_document(plain(result))
        trust = Trust(common_folder(here.repo), here.environment.own)
        for problem in notify.notify(told, here.settings, here.environment, trust=trust, cwd=here.repo):
            self.warn(problem)
        return exit_code(result, strict=strict)

    def _capture(self) -> Capture | None:
        """Catches the platform's logs; None where they cannot be asked for or kept."""
        if self.folder is None or self.prepared.platform is None:
            return None
        api = self.prepared.platform.api.apart()
        signals, redactor = self.prepared.signals, self.here.environment.redactor()
        capture = Capture(self.folder, self.sha, redactor, api, self.clock, signals.ended)
        signals.follows = capture.is_following
        return capture

    def _clean(self) -> None:
        from afterpush.deploy.monitor.cleanup import cleanup_if_due

        if self.folder:
            try:
                cleanup_if_due(self.folder, self.clock.now(), self.here.settings.deploy.keep_days)
            except AfterpushError as error:
                self.warn(str(error))


def open_session(
    here: AppRepository,
    sha: str,
    clock: Clock,
    *,
    warn: Callable[[str], None],
    timeout_seconds: float | None = None,
) -> Session:
    """Prepares a watch of a full sha. Raises AfterpushError (exit 2) for a wrong configuration.

    A state folder that cannot be written is reported through `warn`, once; the watch does without.
    """
    prepared = prepare(here, sha, clock, timeout_seconds=timeout_seconds)
    for warning in prepared.history.warnings:
        warn(warning)
    return Session(here, prepared, clock, _writable(here.state, warn), warn)


def _writable(folder: StateFolder, warn: Callable[[str], None]) -> StateFolder | None:
    try:
        # A name of this process's own: of two who try one file, one finds that the other has removed it.
        probe = folder.ready().log(f"{os.getpid():07x}")
        existed = probe.exists()
        probe.touch(mode=0o600)
        if not existed:
            probe.unlink()
    except (AfterpushError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        warn(f"cannot keep state in {folder.path} ({why}); watching without lock, log and result")
        return None
    return folder


def watch_or_follow(
    session: Session, reporter: Reporter, *, timeout_seconds: float | None
) -> tuple[Outcome, bool]:
    """The outcome, and whether another monitor watched already and was followed.

    Where that one crashes, this process takes the watch over. `timeout_seconds` bounds following, too: the
    outcome is then `running`, and the other monitor goes on.
    """
    while True:
        try:
            return session.run(reporter), False
        except AlreadyRunning:
            assert session.folder
            followed = follow(
                session.folder,
                session.sha,
                session.clock,
                reporter,
                timeout_seconds=timeout_seconds,
                on_begin=lambda: reporter.note(f"another monitor watches {session.sha[:7]}; following it"),
            )
            if followed.verdict != CRASHED:
                return followed, True


def exit_code(result: Outcome, *, strict: bool) -> ExitCode:
    """The verdict's exit code; with `strict` a commit that is live but not ready is no success."""
    if strict and result.verdict == Verdict.LIVE and result.ready is False:
        return ExitCode.BAD_ANSWER
    return result.exit_code
