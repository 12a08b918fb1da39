"""Explaining a log or a commit: where the log is found, and what else is known of it."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from afterpush.deploy.explain.answer import Explanation, Known
from afterpush.deploy.explain.explanation import explain, explain_files, nothing_failed, read_files
from afterpush.deploy.explain.fingerprint import Fingerprint, fingerprint, read_fingerprint
from afterpush.deploy.explain.own_process import explain_apart
from afterpush.deploy.explain.rendering import brief_document, brief_text, document, explanation_text, guide
from afterpush.deploy.explain.signature_files import load_failures
from afterpush.deploy.explain.signatures import Extended
from afterpush.infra.clock import SystemClock
from afterpush.infra.configuration.environment_variables import Environment, read_environment
from afterpush.infra.console import print_json, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.time_limit import can_bound_time
from afterpush.workflows.app_repository import AppRepository, app_repository, app_repository_if_any
from afterpush.workflows.deploy.watch import commit_of

_CHUNK_BYTES = 1 << 20


def explain_log(name: str, passing: str | None) -> Explanation:
    """Explains any log: a file, or standard input for `-`. Works outside of repositories too."""
    here = app_repository_if_any()
    failures = load_failures(here.root if here else None)
    redact = (here.environment if here else read_environment(None)).redactor()
    known = Known(passing=passing_log(passing))
    if name == "-":
        return explain(iter(lambda: os.read(sys.stdin.fileno(), _CHUNK_BYTES), b""), failures, known, redact)
    return explain_files([Path(name)], failures, known, redact)


def passing_log(name: str | None) -> Fingerprint | None:
    """The fingerprint of the log of a good run. Raises AfterpushError when it cannot be read."""
    return fingerprint(read_files([Path(name)])) if name is not None else None


def explain_commit(here: AppRepository, sha: str | None, passing: str | None) -> Explanation:
    """Explains the deployment of a commit: from the captured log, else from the platform's.

    Raises AfterpushError when there is neither a log nor a reason.
    """
    from afterpush.deploy.logs.platform_logs import captured_logs
    from afterpush.deploy.monitor.status import status

    commit = commit_of(here, sha)
    last = status(here.state, commit, SystemClock().now())
    live = nothing_failed(f"{commit[:7]} is live: nothing failed.", commit=commit, confidence=1.0)
    if last.verdict == "live":
        return live
    known = Known(
        reason=last.reason if last.reason and last.reason.is_given else None,
        commit=commit,
        failed=last.verdict == "failed",
        passing=passing_log(passing)
        or (read_fingerprint(here.state.good_log(last.app)) if last.app else None),
    )
    pieces: Iterable[bytes]
    if captured := captured_logs(here.state, commit):
        pieces = read_files(captured)
    else:
        remaining = _platform_logs(here, commit, has_reason=known.reason is not None)
        if remaining is None:
            return live
        pieces = remaining
    return explained(here.root, pieces, known, here.environment)


def explained(
    root: Path | None, pieces: Iterable[bytes], known: Known, environment: Environment
) -> Explanation:
    """The explanation of a log with the signatures of `root`, also in a thread of a server in bounded time.

    Raises AfterpushError when the expressions of a team's file take too long over it.
    """
    failures = load_failures(root)
    if isinstance(failures, Extended) and not can_bound_time():
        return explain_apart(root, pieces, known, environment.for_child())
    return explain(pieces, failures, known, environment.redactor())


def _platform_logs(here: AppRepository, commit: str, *, has_reason: bool) -> Iterator[bytes] | None:
    """What the platform still has of the commit's logs, one type after the other; None when it is live."""
    from afterpush.deploy.logs.platform_logs import remaining_logs
    from afterpush.deploy.monitor.setup import platform_source

    source = platform_source(here, commit, SystemClock())
    if source is None:
        if has_reason:
            return iter(())
        raise AfterpushError(
            f"no log of {commit[:7]} was kept here, and the platform cannot be asked without "
            "DIGITALOCEAN_TOKEN (scope app:read is enough); give --log=FILE",
            ExitCode.NO_DEPLOYMENT,
        )
    deployment = source.own_deployment()
    if deployment and deployment.phase == "ACTIVE":
        return None
    return remaining_logs(source, commit)


def print_guide(category: str, *, json: bool) -> None:
    """The guide to a category of failures."""
    text = guide(category)
    print_json({"category": category, "text": text}) if json else say(text)


def print_explanation(
    sha: str | None, log: str | None, passing: str | None, *, brief: bool, json: bool
) -> None:
    """Why a commit's deployment failed, or what a log file shows; `passing` is the log of a good run."""
    if log is not None and sha is not None:
        raise AfterpushError("give --sha or --log, not both")
    if log is not None:
        found = explain_log(str(log), passing)
    else:
        found = explain_commit(app_repository(), sha, passing)
    if json:
        print_json(brief_document(found) if brief else document(found))
    else:
        say(brief_text(found) if brief else explanation_text(found))
