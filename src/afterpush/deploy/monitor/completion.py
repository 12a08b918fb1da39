"""What a verdict alone does not tell: whether the app is ready, or why it failed and what runs instead."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.deploy.explain.own_process import Question, asked
from afterpush.deploy.logs.capture import Capture, CapturedLogs
from afterpush.deploy.monitor.setup import health_url
from afterpush.deploy.watch.facts import Finished, Verdict
from afterpush.deploy.watch.outcome import Outcome
from afterpush.deploy.watch.sources.health import shown_commit
from afterpush.digitalocean.component_health import platform_ready
from afterpush.digitalocean.deployed_commits import Kinship
from afterpush.digitalocean.health_verdict import Readiness, answered, judged_at, settled
from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import Client, Response

if TYPE_CHECKING:
    from afterpush.deploy.monitor.session import Session


def completed(session: "Session", finished: Finished, result: Outcome, capture: Capture | None) -> Outcome:
    """The outcome with what a closer look tells. It may take the time that readiness is waited for."""
    good = session.folder.good_log(result.app) if session.folder and result.app else None
    if capture and good and finished.verdict is Verdict.LIVE:
        _remember_good_logs(session, capture.so_far(), good)
    logs = capture.finish(finished.verdict) if capture else CapturedLogs()
    for problem in logs.problems:
        session.warn(problem)
    if finished.verdict is Verdict.FAILED:
        return _with_cause(session, result, logs, good)
    return _with_readiness(session, finished, result)


def _remember_good_logs(session: "Session", paths: tuple[Path, ...], fingerprint: Path) -> None:
    """Keeps the fingerprint of the logs of a deployment that went live: hashes of its lines, no text."""
    if paths:
        try:
            _ask(session, paths, fingerprint=str(fingerprint))
        except AfterpushError as error:
            session.warn(f"keeping the fingerprint of the good logs: {error}")


def _with_cause(session: "Session", result: Outcome, logs: CapturedLogs, good: Path | None) -> Outcome:
    """With the explanation of what was caught, and what production runs instead.

    A mistake in the team's signatures, or a log that cannot be read, is only told: no verdict depends on it.
    `good` is the file of the fingerprint of the app's last good logs.
    """
    reason = result.reason if result.reason and result.reason.is_given else None
    still = still_runs(result)
    if still:
        result = replace(result, message=f"{result.message.rstrip('.')}; {still}")
    if not logs.paths and reason is None:
        return result
    passing = str(good) if good else None
    try:
        found = _ask(session, logs.paths, reason=reason, commit=result.sha, passing=passing)
    except AfterpushError as error:
        session.warn(f"explaining the failure: {error}")
        return result
    return replace(result, category=found["category"], explanation=found)


def _ask(session: "Session", logs: Iterable[Path], **more: Any) -> dict[str, Any]:
    """By a process of its own: this one must stay small."""
    question = Question(str(session.here.root), tuple(map(str, logs)), **more)
    return asked(question, session.here.environment.for_child())


def still_runs(result: Outcome) -> str | None:
    """What production runs instead of what failed; None when it is not known."""
    live = result.production
    if live is None or live.deployment_id == result.deployment_id or result.finished_at is None:
        return None
    return f"production still runs {live.told(parse_rfc3339(result.finished_at))}"


def last_words(result: Outcome) -> list[str]:
    """The lines with which a failed watch ends: category, root line, what to do; what runs instead."""
    import msgspec

    from afterpush.deploy.explain.answer import Explanation
    from afterpush.deploy.explain.rendering import short_explanation

    found, still = result.explanation, still_runs(result)
    why = short_explanation(msgspec.convert(found, Explanation)) if found else []
    return [*why, *([still] if still else [])]


def _with_readiness(session: "Session", finished: Finished, result: Outcome) -> Outcome:
    """A live verdict with whether this commit answers ready: the platform's word is not the app's."""
    was_replaced = finished.superseded_by and not finished.contained_in
    if finished.verdict is not Verdict.LIVE or was_replaced or not session.here.settings.health.ready_seconds:
        return result
    readiness = _readiness(session)
    if readiness is None:
        return result
    said = f"the app is {'ready' if readiness.ready else 'NOT ready'}: {readiness.why}"
    return replace(result, ready=readiness.ready, message=f"{result.message}; {said}")


def _readiness(session: "Session") -> Readiness | None:
    """By the health URL, else by what the platform sees; None where neither says anything."""
    prepared, health = session.prepared, session.here.settings.health
    # `--timeout` bounds this wait too.
    seconds = min(health.ready_seconds, max(prepared.countdown.left(), 0.0))
    url = health_url(session.here)
    if not url:
        platform = prepared.platform
        if platform is None or platform.app is None:
            return None
        return platform_ready(platform.api, platform.app.id, session.clock, seconds)
    client = Client(timeout_seconds=10)

    def judged(response: Response) -> Readiness:
        """Ready as this commit, or one that contains it. A body that names no commit tells nothing about
        whose it is: then the answer counts.
        """
        readiness, shown = judged_at(client, url, response), shown_commit(response.body, health.commit_field)
        is_ours = shown is None or prepared.commit.kin.kinship(shown) in (Kinship.SAME, Kinship.CONTAINS)
        if is_ours or not readiness.ready:
            return readiness
        return Readiness(False, False, f"it still shows {shown[:7] if shown else ''}")

    return settled(lambda: answered(client, url, judged), session.clock, seconds, 1)
