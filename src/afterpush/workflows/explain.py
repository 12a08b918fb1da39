"""The longer doors of explaining: where the log of a commit is found."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from afterpush.deploy.explain.explanation import Explanation, Reason, explain, explain_files
from afterpush.deploy.explain.rendering import explanation_text
from afterpush.deploy.explain.signatures import load_failures
from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.variables import read_environment
from afterpush.workflows.app_repository import AppRepository, app_repository_if_any
from afterpush.workflows.watch import commit_of

_CHUNK_BYTES = 1 << 20


def explain_log(name: str) -> Explanation:
    """Explains any log: a file, or standard input for `-`. Works outside of repositories too."""
    here = app_repository_if_any()
    failures = load_failures(here.root if here else None)
    redact = (here.environment if here else read_environment(None)).redactor()
    if name == "-":
        return explain(iter(lambda: os.read(sys.stdin.fileno(), _CHUNK_BYTES), b""), failures, redact=redact)
    return explain_files([Path(name)], failures, redact=redact)


def explain_commit(here: AppRepository, sha: str | None) -> Explanation:
    """Explains the deployment of a commit: from the captured log, else from the platform's.

    Raises AfterpushError when there is neither a log nor a reason.
    """
    from afterpush.deploy.logs.locations import captured_logs
    from afterpush.deploy.monitor.failure_cause import reason_of
    from afterpush.deploy.monitor.status import status

    commit = commit_of(here, sha)
    known = status(here.state, commit, SystemClock().now())
    said = reason_of(known.reason)
    reason = Reason(**said) if said else None
    failures, redact = load_failures(here.root), here.environment.redactor()
    captured = captured_logs(here.state, commit)
    if not captured and known.verdict == "live":
        raise AfterpushError(f"{commit[:7]} went live: nothing failed", ExitCode.GOOD)
    if captured:
        return explain_files(captured, failures, reason=reason, redact=redact)
    pieces = _platform_logs(here, commit, has_reason=bool(reason))
    return explain(pieces, failures, reason=reason, redact=redact)


def show_explanation(found: Explanation) -> str:
    """The explanation for a terminal."""
    return explanation_text(found)


def _platform_logs(here: AppRepository, commit: str, *, has_reason: bool) -> Iterator[bytes]:
    """What the platform still has of the commit's logs, one type after the other."""
    from afterpush.deploy.logs.locations import remaining_logs
    from afterpush.deploy.monitor.setup import platform_source

    source = platform_source(here.repo, commit, here.settings, here.environment, SystemClock())
    if source is None:
        if has_reason:
            return iter(())
        raise AfterpushError(
            f"no log of {commit[:7]} was kept here, and the platform cannot be asked without "
            "DIGITALOCEAN_TOKEN (scope app:read is enough); give --log=FILE",
            ExitCode.NO_DEPLOYMENT,
        )
    return remaining_logs(source, commit)
