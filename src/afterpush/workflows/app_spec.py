"""Workflows of the app spec: which file, app and endpoint are meant; measuring, writing, putting."""

from dataclasses import dataclass, replace
from pathlib import Path

from afterpush.appspec.healthcheck.apply import SAID_ALREADY, checks_of
from afterpush.appspec.healthcheck.live import (
    LiveChange,
    live_app,
    live_change,
    live_spec,
    propose,
    put,
)
from afterpush.appspec.healthcheck.recommendation import recommend
from afterpush.appspec.healthcheck.report import HealthcheckReport
from afterpush.appspec.healthcheck.startup import startup_of
from afterpush.appspec.healthcheck.survey import Observed, look_at
from afterpush.appspec.healthcheck.target import HealthTarget, live_target, meant_component, target_of
from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.deploy.monitor.setup import app_platform, health_url, wanted_app
from afterpush.digitalocean.client import AppPlatform
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import is_confirmed, note, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.spec_validation import deploying_seconds, spec_here, spec_path

NOTHING_TO_ASK = (
    "nothing to measure: pass --url, or set HEALTH_URL or DIGITALOCEAN_TOKEN (scope app:read is enough), "
    "or tell the start with --startup-seconds"
)
NO_TOKEN = "--apply: set DIGITALOCEAN_TOKEN to a token with the scopes app:read and app:update"


@dataclass(frozen=True)
class Asked:
    """The flags of `doappspec.healthcheck` that say what to measure."""

    url: str | None
    spec: str | None
    component: str | None
    startup_seconds: float | None
    wait_seconds: float
    tries: int
    ca: str | None
    is_to_be_written: bool


@dataclass(frozen=True)
class Live:
    """The app as the API described it at the start."""

    api: AppPlatform
    app: dict[str, object]


def measured(here: AppRepository, asked: Asked, live: Live | None = None) -> HealthcheckReport:
    """Looks at the app and recommends.

    With `live` the live spec takes the place of the file. Raises AfterpushError: exit 2 when it is not clear
    what to ask, exit 6 when nobody answers there.
    """
    spec, component = _live_component(live, asked) if live else _spec_and_component(here, asked)
    target = _target(here, asked, spec, component)
    seen = _look(asked, target, component) if target else None
    followed = seen.start_seconds if seen else None
    startup = startup_of(asked.startup_seconds, followed, deploying_seconds(here))
    return HealthcheckReport(
        seen.target if seen else None,
        seen,
        startup,
        spec,
        component,
        recommend(seen, startup, spec, component),
    )


def _spec_and_component(here: AppRepository, asked: Asked) -> tuple[AppSpec | None, SpecComponent | None]:
    is_needed = asked.is_to_be_written or asked.spec is not None or asked.component is not None
    if not is_needed and not spec_path(here, None).is_file():
        return None, None
    spec = spec_here(here, asked.spec)
    if not is_needed and not spec.services():
        return spec, None
    return spec, meant_component(spec, asked.component)


def _live_component(live: Live, asked: Asked) -> tuple[AppSpec, SpecComponent]:
    spec = live_spec(live.app)
    return spec, meant_component(spec, asked.component)


def _target(
    here: AppRepository, asked: Asked, spec: AppSpec | None, component: SpecComponent | None
) -> HealthTarget | None:
    if asked.url:
        return target_of(asked.url, spec, component)
    configured = health_url(here)
    if configured:
        return target_of(configured, spec, component, "HEALTH_URL (health.url)")
    api = app_platform(here.environment, SystemClock())
    if api:
        return live_target(_app(here, api), spec, component)
    if asked.startup_seconds is None:
        raise AfterpushError(NOTHING_TO_ASK)
    return None


def _look(asked: Asked, target: HealthTarget, component: SpecComponent | None) -> Observed:
    checks = [component.readiness, component.liveness] if component else []
    client = Client(timeout_seconds=20, ca_file=Path(asked.ca).expanduser() if asked.ca else None)
    return look_at(
        client,
        target,
        SystemClock(),
        wait_seconds=asked.wait_seconds,
        tries=asked.tries,
        also=[check.http_path for check in checks if check and check.http_path],
        notice=lambda text: note(f"note: {text}"),
    )


def _app(here: AppRepository, api: AppPlatform) -> dict[str, object]:
    return live_app(api, wanted_app(here))


def live_here(here: AppRepository) -> Live:
    """The live app. Raises AfterpushError without a token, or when it is not clear which app is meant."""
    api = app_platform(here.environment, SystemClock())
    if api is None:
        raise AfterpushError(NO_TOKEN)
    return Live(api, _app(here, api))


def applied(
    live: Live, found: HealthcheckReport, *, with_liveness: bool, dry_run: bool, yes: bool
) -> HealthcheckReport:
    """Changes the health check in the live spec, proposed and confirmed; the repository's spec is not sent.

    Raises AfterpushError.
    """
    assert found.component is not None
    change = live_change(live.app, found.component.name, checks_of(found, with_liveness))
    outcome = replace(found.outcome, diff=change.diff, would_change=not change.is_empty)
    if change.is_empty:
        return replace(found, outcome=replace(outcome, diff="", note=SAID_ALREADY))
    propose(live.api, change)
    if dry_run:
        return replace(found, outcome=outcome)
    _put_confirmed(live.api, change, yes=yes)
    note_text = f"the live spec of {change.app_name} is changed, and a deployment begins"
    return replace(found, outcome=replace(outcome, changed=True, applied=True, note=note_text))


def _put_confirmed(api: AppPlatform, change: LiveChange, *, yes: bool) -> None:
    question = f"put this into the live app {change.app_name}, which starts a deployment?"
    if not yes:
        note(change.diff)
        if not is_confirmed(question):
            raise AfterpushError("nothing was put: not confirmed", ExitCode.INTERRUPTED)
    put(api, change)


def print_findings(found: HealthcheckReport, text: str) -> None:
    """The answer, the diff and what became of it on stdout; the warnings on stderr."""
    outcome = found.outcome
    say(text)
    if outcome.diff:
        say(f"\n{outcome.diff}")
    for warning in found.recommendation.warnings:
        note(f"warning: {warning}")
    if outcome.note:
        note(f"note: {outcome.note}")
