"""Asking each configured source once: does it answer, how fast, and will it be of use to a watch?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from afterpush.environment.report import Problem, Service, State, error, warning
from afterpush.ground.app_platform import ApiFailure, AppPlatform
from afterpush.ground.apps import Wanted, components, find_app, name_of
from afterpush.ground.clock import Clock, duration
from afterpush.ground.database import Address, DatabaseFailure, connected
from afterpush.ground.errors import AfterpushError
from afterpush.ground.http import Client, NoAnswer, is_loopback
from afterpush.ground.readiness import judge

TOLERATED_SKEW_SECONDS = 5.0
FEW_REQUESTS = 500
_PROBE_SECONDS = 8.0


@dataclass(frozen=True)
class Probe:
    """A source that was asked; `cure` belongs to a state other than OK, `advice` to one that works."""

    service: Service
    cure: str = ""
    advice: list[Problem] = field(default_factory=list)

    @property
    def is_usable(self) -> bool:
        return self.service.state is State.OK


def _probe(
    name: str,
    state: State,
    detail: str,
    *,
    cure: str = "",
    target: str | None = None,
    seconds: float | None = None,
    advice: list[Problem] | None = None,
) -> Probe:
    configured = state is not State.NOT_CONFIGURED
    milliseconds = None if seconds is None else round(seconds * 1000)
    reachable = milliseconds is not None
    return Probe(
        Service(name, state, configured, reachable, milliseconds, target, detail), cure, advice or []
    )


def probe_platform(
    make_api: Callable[[], AppPlatform | None], wanted: Callable[[], Wanted], clock: Clock
) -> Probe:
    """The App Platform API with the token: reachable, accepted, and does it know the app?"""
    name = "platform"
    try:
        api = make_api()
    except AfterpushError as bad:
        return _probe(name, State.MISCONFIGURED, str(bad), cure="correct DIGITALOCEAN_API_URL")
    if api is None:
        return _probe(
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
        return _probe(name, State.MISCONFIGURED, detail, cure=cure, seconds=seconds)
    detail = f"token accepted, app {name_of(app)}, {_clocks(api.clock_skew_seconds)}"
    advice = _about_api(api) + _about_app(app)
    return _probe(name, State.OK, detail, target=str(app.get("id")), seconds=seconds, advice=advice)


def _clocks(skew_seconds: float | None) -> str:
    # A Date header is cut to whole seconds: below two, the clocks may well agree.
    if skew_seconds is None:
        return "it sent no date"
    return f"clocks differ by {duration(abs(skew_seconds))}" if abs(skew_seconds) >= 2 else "clocks agree"


def _no_answer(name: str, failure: ApiFailure, seconds: float) -> Probe:
    answered = seconds if failure.status else None
    detail, _, cure = str(failure).partition("; ")
    if failure.is_refused:
        return _probe(name, State.REFUSED, detail, cure=cure, seconds=answered)
    cure = "check the network, DIGITALOCEAN_API_URL, and the platform's status page"
    return _probe(name, State.UNREACHABLE, str(failure), cure=cure, seconds=answered)


def _about_api(api: AppPlatform) -> list[Problem]:
    advice = []
    skew = api.clock_skew_seconds
    if skew is not None and abs(skew) > TOLERATED_SKEW_SECONDS:
        advice.append(
            warning(
                f"this machine's clock is {duration(abs(skew))} {'ahead of' if skew > 0 else 'behind'} "
                "the platform's",
                "let it be set over the network (timedatectl set-ntp true)",
                "watching; durations and estimates are off by that much",
            )
        )
    if api.allowance and api.allowance.remaining < FEW_REQUESTS:
        advice.append(
            warning(
                f"the token has {api.allowance.remaining} API requests left in this hour",
                "give other tools a token of their own",
                "watching, with longer pauses",
            )
        )
    return advice


def _about_app(app: dict[str, Any]) -> list[Problem]:
    sources = [part.get(kind) for part in components(app) for kind in ("github", "gitlab", "bitbucket")]
    deploys = [bool(source.get("deploy_on_push")) for source in sources if isinstance(source, dict)]
    if any(deploys):
        return []
    why = "deploy_on_push is off" if deploys else "it is built from no repository of a forge"
    return [
        warning(
            f"a push will not deploy the app {name_of(app)}: {why}",
            "set deploy_on_push: true in the app spec, or deploy by hand after a push",
            "watching a deployment that somebody starts",
        )
    ]


def probe_database(make_address: Callable[[], Address | None], table: str, clock: Clock) -> Probe:
    """The deployments table: connection, encryption, columns."""
    name = "database"
    try:
        address = make_address()
    except AfterpushError as bad:
        return _probe(name, State.MISCONFIGURED, str(bad), cure="correct the DB_* variables")
    if address is None:
        return _probe(name, State.NOT_CONFIGURED, "DB_HOST is not set", cure="set DB_HOST and DB_PASS")
    begun, seconds = clock.monotonic(), None
    target = str(address)
    try:
        with connected(
            address, timeout_seconds=_PROBE_SECONDS, read_timeout_seconds=_PROBE_SECONDS
        ) as database:
            seconds = clock.monotonic() - begun
            version = database.query("SHOW SESSION STATUS LIKE 'Ssl_version'")
            columns = {str(row["Field"]).lower() for row in database.query(f"SHOW COLUMNS FROM `{table}`")}
    except DatabaseFailure as failure:
        detail, _, cure = str(failure).removeprefix(f"connecting to {target}: ").partition("; ")
        cure = cure or f"name the table in deploy.database_table (now {table}), or unset DB_HOST"
        state = State.UNREACHABLE if seconds is None else State.UNUSABLE
        return _probe(name, state, detail, cure=cure, target=target, seconds=seconds)
    except AfterpushError as bad:
        return _probe(name, State.MISCONFIGURED, str(bad), cure="correct the DB_* variables", target=target)
    if "status" not in columns or not columns & {"commitsha", "commit_sha"}:
        detail = f"the table {table} has no columns commitSha and status"
        cure = "name the right table in deploy.database_table"
        return _probe(name, State.UNUSABLE, detail, cure=cure, target=target, seconds=seconds)
    tls = str(version[0].get("Value", "")) if version else ""
    detail = f"{tls}, {_verification(address)}" if tls else "not encrypted"
    return _probe(
        name, State.OK, detail, target=target, seconds=seconds, advice=_about_encryption(address, bool(tls))
    )


def _verification(address: Address) -> str:
    return "certificate verified" if address.ssl_ca else "certificate not verified (DB_SSL_CA is not set)"


def _about_encryption(address: Address, is_encrypted: bool) -> list[Problem]:
    if is_encrypted or is_loopback(f"mysql://{address.host}"):
        return []
    return [
        warning(
            f"the connection to the database {address.host} is not encrypted",
            "set DB_SSL_MODE=REQUIRED",
            "everything; the password travels in the open",
        )
    ]


def probe_health(
    make_url: Callable[[], str | None], shown_commit: Callable[[bytes], str | None], clock: Clock
) -> Probe:
    """The app's own URL: does it answer, is it ready, and does it tell its commit?"""
    name = "health"
    try:
        url = make_url()
    except AfterpushError as bad:
        return _probe(name, State.MISCONFIGURED, str(bad), cure="correct HEALTH_URL or health.url")
    if url is None:
        return _probe(
            name, State.NOT_CONFIGURED, "HEALTH_URL is not set", cure="set HEALTH_URL or health.url"
        )
    client = Client(timeout_seconds=_PROBE_SECONDS)
    target = url.partition("?")[0].rpartition("@")[2]
    begun = clock.monotonic()
    try:
        answer = client.get(url, {"Accept": "application/json", "Cache-Control": "no-cache"})
    except NoAnswer as silence:
        cure = "check HEALTH_URL, and whether the app runs"
        return _probe(name, State.UNREACHABLE, str(silence), cure=cure, target=target)
    finally:
        client.close()
    seconds = clock.monotonic() - begun
    commit = shown_commit(answer.body)
    readiness = judge(answer)
    if commit is None:
        cure = "let it answer JSON with the commit, or name the field in health.commit_field"
        detail = f"{readiness.why}; it names no commit, so it cannot prove that a push is live"
        return _probe(name, State.UNUSABLE, detail, cure=cure, target=target, seconds=seconds)
    detail = f"{readiness.why}; it runs {commit[:7]}"
    return _probe(name, State.OK, detail, target=target, seconds=seconds)


def service_problems(probes: list[Probe]) -> list[Problem]:
    """What is wrong with the sources: an error when a watch would not start, or would learn nothing."""
    usable = [probe.service.name for probe in probes if probe.is_usable]
    configured = [probe for probe in probes if probe.service.configured]
    if not configured:
        return [
            error(
                "there is nothing to ask about a push: no source is configured",
                "set DIGITALOCEAN_TOKEN (scope app:read is enough), or DB_HOST and DB_PASS, or HEALTH_URL, "
                "in the environment or in .env",
                "pushing, merging, migrations, prompts, docs: all but watching deployments",
            )
        ]
    problems = [_source_problem(probe, usable) for probe in configured if not probe.is_usable]
    return problems + [problem for probe in probes for problem in probe.advice]


def _source_problem(probe: Probe, usable: list[str]) -> Problem:
    what = f"{probe.service.name}: {probe.service.detail}"
    if probe.service.state is State.MISCONFIGURED or not usable:
        return error(what, probe.cure, "all but watching deployments")
    return warning(what, probe.cure, f"watching, by {' and '.join(usable)}")
