"""The status that nobody asked for a commit: what is live, on its way, failed last."""

from afterpush.deploy.monitor import status
from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.setup import app_platform, wanted_app
from afterpush.deploy.report.overview import Overview, overview, overview_text
from afterpush.deploy.watch.outcome import Outcome
from afterpush.deploy.watch.production import Production, production_if_told
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import note, plain, print_json, say
from afterpush.workflows.app_repository import AppRepository, warn_on_error
from afterpush.workflows.deploy.monitoring import read_history

_ASK_SECONDS = 5.0


def print_with_overview(here: AppRepository, found: Outcome, *, json: bool) -> None:
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
    return overview(_production(here, clock), records, status.monitors(here.state, clock.now()))


def _production(here: AppRepository, clock: SystemClock) -> Production | None:
    api = app_platform(here.environment, clock, timeout_seconds=_ASK_SECONDS)
    if api is None:
        return None
    wanted = wanted_app(here.repo, here.settings, here.environment)
    return production_if_told(api, wanted, lambda text: note(f"note: {text}"))
