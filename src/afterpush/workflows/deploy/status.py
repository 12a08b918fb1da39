"""What is known of a commit here, judged again by what production runs now."""

from dataclasses import replace

from afterpush.deploy.monitor.setup import require_source
from afterpush.deploy.monitor.status import status
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import CRASHED, RUNNING, Outcome
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import print_json, say
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.deploy.watch import look_once

_ASK_SECONDS = 5.0
_NOT_JUDGED_AGAIN = (RUNNING, CRASHED, Verdict.STOPPED)


def status_here(
    here: AppRepository, sha: str, *, wait: bool, timeout_seconds: float | None, json: bool
) -> Outcome:
    """What a monitor left, or is at; a verdict that time has overtaken is corrected.

    Raises AfterpushError (exit 2) for a commit that nobody watched, where nothing could be asked either.
    """
    if wait:
        from afterpush.workflows.deploy.monitoring import wait_here

        found = wait_here(here, sha, timeout_seconds=timeout_seconds, json=json)
    else:
        found = status(here.state, sha, SystemClock().now())
    if found.started_at is None and found.verdict == Verdict.NONE:
        require_source(here.settings, here.environment, sha)
        return found
    return found if found.verdict in _NOT_JUDGED_AGAIN else _judged_again(here, found)


def _judged_again(here: AppRepository, found: Outcome) -> Outcome:
    """Superseded, and live by now in a later commit that contains it; live, and rolled back since."""
    try:
        now = look_once(here, found.sha, timeout_seconds=_ASK_SECONDS)
    except AfterpushError:  # Nobody can be asked: what was seen then holds.
        return found
    if now.verdict not in (Verdict.LIVE, Verdict.ROLLED_BACK) or now.verdict == found.verdict:
        return replace(found, production=now.production or found.production)
    return replace(
        found,
        verdict=now.verdict,
        message=f"{now.message} (its watch ended with {found.verdict})",
        source=now.source,
        deployment_id=now.deployment_id,
        phase=now.phase,
        cause=now.cause,
        url=now.url,
        production=now.production,
        contained_in=now.contained_in,
        superseded_by=now.superseded_by or found.superseded_by,
        reason=None,
    )


def print_status(here: AppRepository, found: Outcome, *, with_overview: bool, json: bool) -> None:
    """A commit's status; where no commit was named, what is live and on its way as well."""
    if with_overview:
        from afterpush.workflows.deploy.overview import print_with_overview

        print_with_overview(here, found, json=json)
    else:
        print_json(found) if json else say(f"{found.verdict.upper()}: {found.message}")
