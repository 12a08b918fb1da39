"""Starting a monitor that outlives the command, and learning whether it started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afterpush.deploy.monitor.pid_file import read_pid_file
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import clean_environment
from afterpush.infra.locks import is_locked
from afterpush.infra.log_tail import last_line
from afterpush.infra.processes.detached import exit_code_of_child, start_detached
from afterpush.infra.state import StateFolder

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Settings

# Where a monitor finds the settings that its launcher has read already.
SETTINGS = "AFTERPUSH_MONITOR_SETTINGS"
# How long a monitor may take to begin (a busy machine takes seconds), and then for its first look.
BEGIN_SECONDS = 15.0
REPORT_SECONDS = 1.0
# So begins what a monitor says that cannot begin to watch.
REFUSED = "afterpush: "
_STEP_SECONDS = 0.01


@dataclass(frozen=True)
class Started:
    """A monitor that runs: the keys of `deploy.monitor --background --json`."""

    sha: Annotated[str, "the full sha of the commit"]
    pid: Annotated[int | None, "the monitor's process; null when it ended at once"]
    log_path: Annotated[str, "the monitor's log"]
    already_running: Annotated[bool, "whether it ran before"]


def command(repo: Path, sha: str, timeout_seconds: float | None, *, strict: bool) -> list[str]:
    """The monitor's argument list. `-P`: a module in the app repository must not shadow ours."""
    words = [sys.executable, "-P", "-m", "afterpush.deploy", f"--repo={repo}", f"--sha={sha}"]
    if timeout_seconds is not None:
        words.append(f"--timeout={timeout_seconds!r}")
    return [*words, "--strict"] if strict else words


def start_monitor(
    repo: Path,
    folder: StateFolder,
    sha: str,
    environment: Mapping[str, str],
    clock: Clock,
    *,
    settings: "Settings | None" = None,
    timeout_seconds: float | None = None,
    strict: bool = False,
) -> Started:
    """Starts a monitor unless one runs, and waits until it has begun, then up to a second for its report.

    `environment` is the process's own: the monitor reads `.env` itself. `settings` are handed on, so that it
    need not load a YAML parser. Raises AfterpushError with the monitor's own words when it could not start.
    """
    folder.ready()
    log = folder.log(sha)
    running = _running(folder, sha)
    if running:
        return running
    offset = log.stat().st_size if log.exists() else 0
    child = start_detached(
        command(repo, sha, timeout_seconds, strict=strict),
        log=log,
        cwd=repo,
        env=clean_environment(environment) | _handed_on(settings),
    )
    deadline = clock.monotonic() + BEGIN_SECONDS
    has_begun = False
    while clock.monotonic() < deadline:
        recorded = read_pid_file(folder.pid(sha))
        # Not before its first look: what is wrong with the configuration shows there.
        if recorded and recorded.pid == child and (recorded.app or recorded.source):
            return Started(sha, child, str(log), already_running=False)
        if recorded and recorded.pid == child and not has_begun:
            has_begun, deadline = True, clock.monotonic() + REPORT_SECONDS
        if recorded and recorded.pid != child and recorded.sha == sha and recorded.is_of_running_process:
            return Started(sha, recorded.pid, str(log), already_running=True)  # Another was faster.
        code = exit_code_of_child(child)
        if code is not None:
            return _ended_at_once(folder, sha, child, code, offset)
        clock.sleep(_STEP_SECONDS)
    return Started(sha, child, str(log), already_running=False)


def _handed_on(settings: "Settings | None") -> dict[str, str]:
    from afterpush.infra.configuration.config import settings_to_text  # Who only asks needs no parser.

    return {SETTINGS: settings_to_text(settings)} if settings else {}


def _running(folder: StateFolder, sha: str) -> Started | None:
    if not is_locked(folder.lock(sha)):
        return None
    recorded = read_pid_file(folder.pid(sha))
    return Started(sha, recorded.pid if recorded else None, str(folder.log(sha)), already_running=True)


def _ended_at_once(folder: StateFolder, sha: str, child: int, code: int, offset: int) -> Started:
    """It ended within the second: another one was faster, it is done already, or it could not start."""
    if code == ExitCode.GOOD:
        return _running(folder, sha) or Started(sha, child, str(folder.log(sha)), already_running=False)
    if code == ExitCode.USAGE:
        raise AfterpushError(_said(folder, sha, offset) or "the monitor could not start", ExitCode.USAGE)
    if folder.result(sha).exists():
        return Started(sha, child, str(folder.log(sha)), already_running=False)
    said = _said(folder, sha, offset)
    raise AfterpushError(
        f"the monitor of {sha[:7]} ended at once with exit code {code}: {said}; its log: {folder.log(sha)}",
        ExitCode.BAD_ANSWER,
    )


def _said(folder: StateFolder, sha: str, offset: int) -> str:
    return last_line(folder.log(sha), after=offset).removeprefix(REFUSED)
