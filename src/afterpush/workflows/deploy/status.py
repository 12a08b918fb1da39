"""What is known of a commit here, judged again by what production runs now."""

from dataclasses import replace

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.setup import app_platform, require_source, wanted_app
from afterpush.deploy.monitor.status import monitors, status
from afterpush.deploy.report.overview import Overview, overview, overview_text
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import CRASHED, RUNNING, Outcome
from afterpush.deploy.watch.production import Production, production_if_told
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import note, plain, print_json, say
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository, warn_on_error
from afterpush.workflows.deploy.monitoring import read_history, wait_here
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
        found = wait_here(here, sha, timeout_seconds=timeout_seconds, json=json)
    else:
        found = status(here.state, sha, SystemClock().now())
    if found.started_at is None and found.verdict == Verdict.NONE:
        require_source(here, sha)
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
        _print_with_overview(here, found, json=json)
    else:
        print_json(found) if json else say(f"{found.verdict.upper()}: {found.message}")


def _print_with_overview(here: AppRepository, found: Outcome, *, json: bool) -> None:
    """What is known of HEAD, and the overview; the platform is asked once, and not for long."""
    clock = SystemClock()
    seen = _overview(here, clock)
    if json:
        print_json(plain(found) | {"overview": plain(seen)})
    else:
        say(f"{found.verdict.upper()}: {found.message}\n{overview_text(seen, clock.now())}")


def _overview(here: AppRepository, clock: SystemClock) -> Overview:
    records: list[HistoryRecord] = []
    with warn_on_error("reading the history"):
        records = read_history(here, 200)
    return overview(_production(here, clock), records, monitors(here.state, clock.now()))


def _production(here: AppRepository, clock: SystemClock) -> Production | None:
    api = app_platform(here.environment, clock, timeout_seconds=_ASK_SECONDS)
    if api is None:
        return None
    wanted = wanted_app(here)
    return production_if_told(api, wanted, lambda text: note(f"note: {text}"))
