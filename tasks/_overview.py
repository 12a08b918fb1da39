"""The status that nobody asked for a commit: what is live, on its way, failed last."""

from afterpush.deploy import register
from afterpush.deploy.history import Record
from afterpush.deploy.outcome import Outcome
from afterpush.deploy.overview import Overview, overview, overview_text
from afterpush.deploy.production import Production, production_if_told
from afterpush.deploy.setup import app_platform, wanted_app
from afterpush.ground.clock import SystemClock
from afterpush.ground.console import note, plain, print_json, say
from afterpush.tasks._door import Site, afterwards
from afterpush.tasks._monitoring import read_history

_ASK_SECONDS = 5.0


def print_with_overview(here: Site, found: Outcome, *, json: bool) -> None:
    """What is known of HEAD, and the overview; the platform is asked once, and not for long."""
    clock = SystemClock()
    seen = _overview(here, clock)
    if json:
        print_json(plain(found) | {"overview": plain(seen)})
    else:
        say(f"{found.verdict.upper()}: {found.message}\n{overview_text(seen, clock.now())}")


def _overview(here: Site, clock: SystemClock) -> Overview:
    records: list[Record] = []
    with afterwards("reading the history"):
        records = read_history(here, 200)
    return overview(_production(here, clock), records, register.monitors(here.state, clock.now()))


def _production(here: Site, clock: SystemClock) -> Production | None:
    api = app_platform(here.environment, clock, timeout_seconds=_ASK_SECONDS)
    if api is None:
        return None
    wanted = wanted_app(here.repo, here.settings, here.environment)
    return production_if_told(api, wanted, lambda text: note(f"note: {text}"))
