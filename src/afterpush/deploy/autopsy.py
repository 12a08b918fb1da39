"""The end of a failed watch: what its logs say, and what production runs instead."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from afterpush.deploy.capture import CapturedLogs
from afterpush.deploy.evidence import read_files
from afterpush.deploy.explain.explanation import Reason, explain
from afterpush.deploy.explain.signatures import Failures, load_failures
from afterpush.deploy.outcome import Outcome
from afterpush.ground.errors import AfterpushError


def reason_of(document: Mapping[str, str | None] | None) -> Reason | None:
    """The platform's reason as an outcome holds it."""
    if not document:
        return None
    code, message = document.get("code") or "", document.get("message") or ""
    return Reason(code, message, document.get("component") or "") if code or message else None


def with_explanation(
    result: Outcome,
    logs: CapturedLogs,
    root: Path,
    redact: Callable[[str], str],
    warn: Callable[[str], None],
) -> Outcome:
    """The outcome with the explanation of what was caught; as it was when there is neither log nor reason.

    A mistake in the team's signatures, or a log that cannot be read, is told through `warn`: the verdict
    does not depend on it.
    """
    reason = reason_of(result.reason)
    if not logs.paths and reason is None:
        return result
    try:
        found = explain(read_files(logs.paths), _failures(root, warn), reason=reason, redact=redact)
    except AfterpushError as error:
        warn(str(error))
        return result
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(found).items()}
    return replace(result, category=found.category, explanation=plain)


def _failures(root: Path, warn: Callable[[str], None]) -> Failures:
    try:
        return load_failures(root)
    except AfterpushError as error:
        warn(f"{error}; explaining without the team's signatures")
        return load_failures()


def last_words(result: Outcome) -> list[str]:
    """The lines with which a failed watch ends: category, root line, what to do; what runs instead."""
    lines = [result.production] if result.production else []
    found = result.explanation
    if not found:
        return lines
    root = [f"  {str(found['line']).strip()}"] if found.get("line") else []
    return [
        f"why: {found.get('category')}: {found.get('title')}",
        *root,
        f"what to do: {found.get('hint')}",
        f"guide: {found.get('guide')}",
        *lines,
    ]
