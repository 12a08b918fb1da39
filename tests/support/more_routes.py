"""What the simulated platform of the demo does without: judging specs, and the runs of jobs.

The judging follows `app_spec.yml` as far as tests need it, and like the platform it names only the first
mistake (digitalocean/godo issue 415).
"""

import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from afterpush.simulator.api.exchange import Refused, Request
from afterpush.simulator.api.log_addresses import Address, addresses
from afterpush.simulator.api.routes import ROUTES, Entry, app_of, listed, sent
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.logs import Unavailable, read_log
from afterpush.simulator.model import FakePlatform
from afterpush.simulator.specs import KINDS, components, normalised
from afterpush.simulator.steps import seconds_only

_FORGES = ("github", "gitlab", "bitbucket")
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
_TOP = {
    *KINDS,
    "name",
    "region",
    "databases",
    "domains",
    "ingress",
    "egress",
    "envs",
    "alerts",
    "features",
} | {
    "maintenance",
    "vpc",
    "disable_edge_cache",
    "disable_email_obfuscation",
    "enhanced_threat_control_enabled",
}
_HEALTH_BOUNDS = {
    "port": (1, 65535),
    "initial_delay_seconds": (0, 3600),
    "period_seconds": (1, 300),
    "timeout_seconds": (1, 120),
    "success_threshold": (1, 50),
    "failure_threshold": (1, 50),
}
_MONTHLY_DOLLARS = {"services": 5, "workers": 5, "jobs": 0, "static_sites": 0, "functions": 0}


def first_mistake(spec: object) -> str | None:
    """What the platform would reject in a spec, in its form of words, or None."""
    return next(_mistakes(spec), None)


def _mistakes(spec: object) -> Iterator[str]:
    if not isinstance(spec, dict):
        yield "app spec is required"
        return
    for key in spec:
        if key not in _TOP:
            yield f'json: unknown field "{key}"'
    if not _NAME.match(str(spec.get("name", ""))):
        yield _wrong("name", "must match the regex ^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
    names: set[str] = set()
    for kind in KINDS:
        for entry in spec.get(kind) or ():
            yield from _mistakes_of(kind, entry, names)
    if not any(spec.get(kind) for kind in KINDS):
        yield _wrong("name", "the app must have at least one component")


def _mistakes_of(kind: str, entry: object, names: set[str]) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield _wrong(kind, "must be a list of components")
        return
    name = str(entry.get("name", ""))
    if not _NAME.match(name):
        yield _wrong(f"{kind}.name", "must match the regex ^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
    if name in names:
        yield _wrong(f"{kind}.name", f'component name "{name}" is used more than once')
    names.add(name)
    if not any(entry.get(source) for source in (*_FORGES, "git", "image")):
        yield _wrong(f"{kind}", f'component "{name}" has no source')
    checks = entry.get("health_check") or {}
    for key, value in checks.items():
        low, high = _HEALTH_BOUNDS.get(key, (0, 0))
        if key in _HEALTH_BOUNDS and not (isinstance(value, int) and low <= value <= high):
            yield _wrong(f"{kind}.health_check.{key}", f"must be between {low} and {high}")
        if key not in _HEALTH_BOUNDS and key not in ("http_path", "path"):
            yield f'json: unknown field "{key}"'


def _wrong(path: str, said: str) -> str:
    return f'error validating app spec field "{path}": {said}'


def monthly_dollars(spec: Mapping[str, Any]) -> int:
    """What the app would cost: the smallest size for every instance."""
    return sum(
        _MONTHLY_DOLLARS[kind] * int(entry.get("instance_count", 1))
        for kind in KINDS
        for entry in spec.get(kind) or ()
    )


def _proposal(spec: Mapping[str, Any], taken_names: Collection[str]) -> dict[str, Any]:
    """What the platform says to a spec that it would accept."""
    available = spec["name"] not in taken_names
    suggestion = {} if available else {"app_name_suggestion": f"{spec['name']}2"[:32]}
    return {
        "app_name_available": available,
        "app_is_static": all(part.kind == "static_sites" for part in components(spec)),
        "existing_static_apps": "0",
        "spec": normalised(spec),
        "app_cost": monthly_dollars(spec),
    } | suggestion


def _judged(document: Mapping[str, Any]) -> dict[str, Any]:
    mistake = first_mistake(document.get("spec"))
    if mistake:
        raise Refused(400, "bad_request", mistake)
    return dict(document["spec"])


def _propose(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    document = sent(request)
    app_id = document.get("app_id")
    if app_id is not None and app_id not in platform.apps:
        raise Refused(404, "not_found", "app not found")
    others = {app.name for app in platform.apps.values() if app.id != app_id}
    return _proposal(_judged(document), others)


_LASTS_SECONDS = 5


def job_run_id(deployment: Deployment, job: str) -> str:
    return str(uuid.uuid5(uuid.UUID(deployment.id), job))


def job_runs(deployment: Deployment) -> list[dict[str, Any]]:
    """The documents of a deployment's runs; one whose log says that it failed has failed."""
    if deployment.final not in ("ACTIVE", "SUPERSEDED"):
        return []
    began = deployment.created_at + deployment.plan.seconds
    failed = any("failed" in line for line in deployment.plan.logs.get("JOB_INVOCATION", ()))
    return [
        {
            "id": job_run_id(deployment, part.name),
            "job_name": part.name,
            "deployment_id": deployment.id,
            "phase": "FAILED" if failed else "SUCCEEDED",
            "trigger": {"type": "SCHEDULE"},
            "created_at": seconds_only(began),
            "started_at": seconds_only(began),
            "completed_at": seconds_only(began + _LASTS_SECONDS),
        }
        for part in components(deployment.spec)
        if part.kind == "jobs"
    ]


def _list_job_runs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    history = platform.history(app_of(platform, found).id)
    wanted, names = request.query.get("deployment_id"), request.values("job_names")
    runs = [run for one in history if wanted in (None, one.id) for run in job_runs(one)]
    shown = [run for run in runs if not names or run["job_name"] in names]
    found_runs = listed(request, "job_invocations", shown)
    del found_runs["meta"]  # This list is published without a total.
    return found_runs


def _job_logs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    for deployment in platform.history(app_of(platform, found).id):
        if job_run_id(deployment, found["job"]) == found["run"]:
            now = platform.clock.now()
            try:
                log = read_log(deployment, "JOB_INVOCATION", found["job"], now)
            except Unavailable as unavailable:
                raise Refused(400, "bad_request", unavailable.message) from unavailable
            return addresses(
                request.base, log, Address(deployment, "JOB_INVOCATION", found["job"]), follow=False
            )
    raise Refused(404, "not_found", "job invocation not found")


def _update_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    _judged(sent(request))
    return next(entry[3] for entry in ROUTES if entry[0] == "PUT")(platform, request, found)


_ONE = r"/v2/apps/(?P<app>[^/]+)"
MORE_ROUTES: tuple[Entry, ...] = (
    ("POST", "app:read", re.compile("/v2/apps/propose"), _propose),
    ("PUT", "app:update", re.compile(_ONE), _update_app),
    ("GET", "app:read", re.compile(f"{_ONE}/job-invocations"), _list_job_runs),
    (
        "GET",
        "app:read",
        re.compile(rf"{_ONE}/jobs/(?P<job>[^/]+)/invocations/(?P<run>[^/]+)/logs"),
        _job_logs,
    ),
    *ROUTES,
)
