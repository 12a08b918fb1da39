"""The end of a failed watch: what its logs say, and what production runs instead."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from afterpush.deploy.explain.apart import asked
from afterpush.deploy.logs.capture import CapturedLogs
from afterpush.deploy.watch.outcome import Outcome
from afterpush.infra.clock import parse_rfc3339
from afterpush.infra.errors import AfterpushError

_REASON_KEYS = ("code", "message", "component", "step")


def with_explanation(
    result: Outcome,
    logs: CapturedLogs,
    root: Path,
    variables: Mapping[str, str],
    warn: Callable[[str], None],
    passing: Path | None = None,
) -> Outcome:
    """The outcome with the explanation of what was caught; as it was when there is neither log nor reason.

    A mistake in the team's signatures, or a log that cannot be read, is reported through `warn`: the verdict
    does not depend on it. The explaining is done by a process of its own: this one must stay small.
    `passing` is the file of the fingerprint of the app's last good logs.
    """
    reason = reason_of(result.reason)
    if not logs.paths and reason is None:
        return result
    question = {
        "root": str(root),
        "paths": [str(path) for path in logs.paths],
        "reason": reason,
        "commit": result.sha,
        "passing": str(passing) if passing else None,
    }
    try:
        found = asked(question, variables)
    except AfterpushError as error:
        warn(f"explaining the failure: {error}")
        return result
    return replace(result, category=found["category"], explanation=found)


def remember_good_logs(
    paths: Iterable[Path],
    fingerprint: Path,
    root: Path,
    variables: Mapping[str, str],
    warn: Callable[[str], None],
) -> None:
    """Keeps the fingerprint of the logs of a deployment that went live: hashes of its lines, no text."""
    question = {"root": str(root), "paths": [str(path) for path in paths], "fingerprint": str(fingerprint)}
    try:
        asked(question, variables)
    except AfterpushError as error:
        warn(f"keeping the fingerprint of the good logs: {error}")


def reason_of(document: Mapping[str, str | None] | None) -> dict[str, str] | None:
    """The platform's reason as an outcome holds it; None when it says nothing."""
    said = {key: (document or {}).get(key) or "" for key in _REASON_KEYS}
    return said if said["code"] or said["message"] else None


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
