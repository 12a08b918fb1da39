"""Asking the App Platform API: reachable, accepted, and does it know the app?"""

from collections.abc import Callable, Iterator
from typing import Any

from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, components, find_app, name_of
from afterpush.environment.probe import Probe, outcome
from afterpush.environment.report import Problem, State, warning
from afterpush.infra.clock import Clock, duration
from afterpush.infra.errors import AfterpushError

TOLERATED_SKEW_SECONDS = 5.0
FEW_REQUESTS = 500


def probe_platform(
    make_api: Callable[[], AppPlatform | None], wanted: Callable[[], Wanted], clock: Clock
) -> Probe:
    """One look at the API with the token, and at the app that is meant."""
    name = "platform"
    try:
        api = make_api()
    except AfterpushError as bad:
        variable = str(bad).split()[0]
        cure = f"correct {variable}" if variable.isupper() else "give the token and its address in one place"
        return outcome(name, State.MISCONFIGURED, str(bad), cure=cure)
    if api is None:
        return outcome(
            name, State.NOT_CONFIGURED, "DIGITALOCEAN_TOKEN is not set", cure="set DIGITALOCEAN_TOKEN"
        )
    begun = clock.monotonic()
    try:
        api.get("apps", page=1, per_page=1)
        seconds = clock.monotonic() - begun
        app = find_app(api, wanted())
    except ApiFailure as failure:
        return _no_answer(name, failure, clock.monotonic() - begun)
    except AfterpushError as bad:
        detail, _, cure = str(bad).rpartition("; ")
        return outcome(name, State.MISCONFIGURED, detail, cure=cure, seconds=seconds)
    at = "" if api.is_public else f" by {api.base_url}"
    detail = f"token accepted{at}, app {name_of(app)}, {_clocks(api.clock_skew_seconds)}"
    advice = [*_about_api(api), *_about_app(app)]
    return outcome(name, State.OK, detail, target=str(app.get("id")), seconds=seconds, advice=advice)


def _clocks(skew_seconds: float | None) -> str:
    # A Date header is cut to whole seconds: below two, the clocks may well agree.
    if skew_seconds is None:
        return "it sent no date"
    return f"clocks differ by {duration(abs(skew_seconds))}" if abs(skew_seconds) >= 2 else "clocks agree"


def _no_answer(name: str, failure: ApiFailure, seconds: float) -> Probe:
    answered = seconds if failure.status else None
    detail, _, cure = str(failure).partition("; ")
    if failure.is_refused:
        return outcome(name, State.REFUSED, detail, cure=cure, seconds=answered)
    cure = "check the network, DIGITALOCEAN_API_URL, and the platform's status page"
    return outcome(name, State.UNREACHABLE, str(failure), cure=cure, seconds=answered)


def _about_api(api: AppPlatform) -> Iterator[Problem]:
    skew = api.clock_skew_seconds
    if skew is not None and abs(skew) > TOLERATED_SKEW_SECONDS:
        side = "ahead of" if skew > 0 else "behind"
        what = f"this machine's clock is {duration(abs(skew))} {side} the platform's"
        works = "watching; durations and estimates are off by that much"
        yield warning(what, "let it be set over the network (timedatectl set-ntp true)", works)
    if api.remaining is not None and api.remaining < FEW_REQUESTS:
        what = f"the token has {api.remaining} API requests left in this hour"
        yield warning(what, "give other tools a token of their own", "watching, with longer pauses")


def _about_app(app: dict[str, Any]) -> Iterator[Problem]:
    sources = [part.get(kind) for part in components(app) for kind in ("github", "gitlab", "bitbucket")]
    deploys = [bool(source.get("deploy_on_push")) for source in sources if isinstance(source, dict)]
    if not any(deploys):
        why = "deploy_on_push is off" if deploys else "it is built from no repository of a forge"
        what = f"a push will not deploy the app {name_of(app)}: {why}"
        cure = "set deploy_on_push: true in the app spec, or deploy by hand after a push"
        yield warning(what, cure, "watching a deployment that somebody starts")
