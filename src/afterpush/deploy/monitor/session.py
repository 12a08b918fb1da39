"""One watch of one commit, put together: foreground, background, and following another monitor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from afterpush.deploy.logs.capture import Capture, CapturedLogs
from afterpush.deploy.monitor.following import follow
from afterpush.deploy.monitor.process import AlreadyRunning, MonitorFiles, run_monitor
from afterpush.deploy.monitor.reporters import Everybody, LineReporter, LogFile, Reporter
from afterpush.deploy.monitor.setup import Prepared, prepare
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import CRASHED, Outcome
from afterpush.deploy.watch.poll_interval import total_estimate
from afterpush.deploy.watch.states import Finished
from afterpush.infra.clock import Clock
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.configuration.trust import Trust
from afterpush.infra.configuration.variables import Environment
from afterpush.infra.console import plain
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import commit_facts, common_folder, main_worktree
from afterpush.infra.state import StateFolder, state_folder


@dataclass(frozen=True)
class Session:
    """A watch that is ready to begin. `folder` is None where no state can be kept."""

    repo: Path
    prepared: Prepared
    settings: Settings
    environment: Environment
    clock: Clock
    folder: StateFolder | None
    warn: Callable[[str], None]

    @property
    def sha(self) -> str:
        return self.prepared.sha

    @property
    def estimate_seconds(self) -> float | None:
        """What a deployment of this repository usually takes, from its history."""
        return total_estimate(self.prepared.records)

    def run(self, reporter: Reporter, notes: Sequence[str] = ()) -> Outcome:
        """Watches in this process, telling `reporter` and the log, `notes` first. Raises AlreadyRunning."""
        log = LogFile(self.folder.log(self.sha), self.environment.redactor()) if self.folder else None
        reporters = [reporter, LineReporter(log.write)] if log else [reporter]
        capture = self._capture()
        result = run_monitor(
            self.prepared,
            MonitorFiles(self.folder, self.sha, self.warn),
            self.clock,
            Everybody(reporters),
            branch=self.settings.deploy.branches[0],
            facts=commit_facts(self.repo, self.sha),
            complete=lambda finished, result: self._complete(finished, result, capture),
            observe=lambda state: capture.observe(state, self.prepared.app_id) if capture else None,
            notes=notes,
        )
        if capture and result.verdict == Verdict.STOPPED:
            capture.finish(Verdict.STOPPED)
        if log and result.verdict == Verdict.FAILED:
            from afterpush.deploy.monitor.failure_cause import last_words

            for line in last_words(result):
                log.write(line)
        if log and log.failure:
            self.warn(f"cannot write the log {result.log_path} ({log.failure.strerror})")
        self._clean()
        return result

    def run_in_background(self, notes: Sequence[str], *, strict: bool) -> ExitCode:
        """Watches, then tells the user where they are; the exit code is the verdict's."""
        result = self.run(Everybody([]), notes)
        from afterpush.digitalocean import notify  # Now, not before: a monitor stays small while it watches.

        told = notify.Notification.from_document(plain(result))
        trust = Trust(common_folder(self.repo), self.environment.own)
        for problem in notify.notify(told, self.settings, self.environment, trust=trust, cwd=self.repo):
            self.warn(problem)
        return exit_code(result, strict=strict)

    def _capture(self) -> Capture | None:
        """Catches the platform's logs; None where they cannot be asked for or kept."""
        if self.folder is None or self.prepared.platform is None:
            return None
        api = self.prepared.platform.api.apart()
        signals, redactor = self.prepared.signals, self.environment.redactor()
        capture = Capture(self.folder, self.sha, redactor, api, self.clock, signals.ended)
        signals.follows = capture.is_following
        return capture

    def _complete(self, finished: Finished, result: Outcome, capture: Capture | None) -> Outcome:
        """Adds what the verdict alone does not tell: whether the app is ready, or why it failed."""
        if capture and self.folder and result.app and finished.verdict is Verdict.LIVE:
            self._remember_good_logs(capture.so_far(), self.folder.good_log(result.app))
        logs = capture.finish(finished.verdict) if capture else CapturedLogs()
        for problem in logs.problems:
            self.warn(problem)
        is_failed = finished.verdict is Verdict.FAILED
        complete = self._with_cause(result, logs) if is_failed else self._with_readiness(finished, result)
        return replace(complete, requests=self.prepared.requests)

    def _remember_good_logs(self, paths: tuple[Path, ...], fingerprint: Path) -> None:
        if paths:
            from afterpush.deploy.monitor.failure_cause import remember_good_logs

            variables = self.environment.for_child()
            remember_good_logs(paths, fingerprint, main_worktree(self.repo), variables, self.warn)

    def _with_cause(self, result: Outcome, logs: CapturedLogs) -> Outcome:
        """Adds the explanation, and what production runs instead."""
        # Only a failure pays for loading these.
        from afterpush.deploy.monitor.failure_cause import still_runs, with_explanation

        variables = self.environment.for_child()
        good = self.folder.good_log(result.app) if self.folder and result.app else None
        explained = with_explanation(result, logs, main_worktree(self.repo), variables, self.warn, good)
        still = still_runs(result)
        if still:
            explained = replace(explained, message=f"{result.message.rstrip('.')}; {still}")
        return explained

    def _with_readiness(self, finished: Finished, result: Outcome) -> Outcome:
        """Adds to a live verdict whether this commit answers ready: the platform's word is not the app's."""
        was_replaced = finished.superseded_by and not finished.contained_in
        if finished.verdict is not Verdict.LIVE or was_replaced or not self.settings.health.ready_seconds:
            return result
        from afterpush.deploy.monitor.ready import readiness_of

        readiness = readiness_of(self.prepared, self.settings, self.environment, self.clock)
        if readiness is None:
            return result
        said = "ready" if readiness.ready else "NOT ready"
        return replace(
            result,
            ready=readiness.ready,
            message=f"{result.message}; the app is {said}: {readiness.why}",
        )

    def _clean(self) -> None:
        from afterpush.deploy.monitor.cleanup import cleanup_if_due

        if self.folder:
            try:
                cleanup_if_due(self.folder, self.clock.now(), self.settings.deploy.keep_days)
            except AfterpushError as error:
                self.warn(str(error))


def open_session(
    repo: Path,
    sha: str,
    settings: Settings,
    environment: Environment,
    clock: Clock,
    *,
    warn: Callable[[str], None],
    timeout_seconds: float | None = None,
) -> Session:
    """Prepares a watch of a full sha. Raises AfterpushError (exit 2) for a wrong configuration.

    A state folder that cannot be written is reported through `warn`, once; the watch does without.
    """
    prepared = prepare(repo, sha, settings, environment, clock, timeout_seconds=timeout_seconds)
    for warning in prepared.history.warnings:
        warn(warning)
    folder = _writable(state_folder(repo, settings.deploy.state_dir), warn)
    return Session(repo, prepared, settings, environment, clock, folder, warn)


def _writable(folder: StateFolder, warn: Callable[[str], None]) -> StateFolder | None:
    try:
        probe = folder.ready().path / f"{folder.prefix}deployment-status-0000000.log"
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
