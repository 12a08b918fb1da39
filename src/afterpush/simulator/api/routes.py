"""The paths of the API: who answers what, and with which scope.

The paths, parameters and bodies are those of the published description; where it is silent (the words of a
400), those that users have quoted.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from afterpush.simulator.api.exchange import Refused, Request
from afterpush.simulator.api.log_addresses import Address, addresses
from afterpush.simulator.apps import App
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.logs import TYPES, Unavailable, read_log
from afterpush.simulator.model import FakePlatform
from afterpush.simulator.specs import components, normalised


def listed(request: Request, key: str, documents: Sequence[Any]) -> dict[str, Any]:
    """The page of a list that is asked for, with the links and the total as the API gives them."""
    try:
        number, size = int(request.query.get("page", 1)), int(request.query.get("per_page", 20))
    except ValueError as error:
        raise Refused(400, "bad_request", "page and per_page must be whole numbers") from error
    if number < 1 or not 1 <= size <= 200:
        raise Refused(400, "bad_request", "page must be at least 1, per_page between 1 and 200")
    last = max(1, -(-len(documents) // size))
    links = {"first": 1, "prev": number - 1} if number > 1 else {}
    links |= {"next": number + 1, "last": last} if number < last else {}
    address = f"{request.base}{quote(request.path)}"
    pages = {name: f"{address}?{urlencode({**request.query, 'page': to})}" for name, to in links.items()}
    return {
        key: list(documents[(number - 1) * size : number * size]),
        "links": {"pages": pages} if pages else {},
        "meta": {"total": len(documents)},
    }


Route = Callable[[FakePlatform, Request, re.Match[str]], Any]
Entry = tuple[str, str, re.Pattern[str], Route]
"""Method, scope and path, and who answers."""


def app_of(platform: FakePlatform, found: re.Match[str]) -> App:
    app = platform.apps.get(found["app"])
    if app is None:
        raise Refused(404, "not_found", "app not found")
    return app


def _deployment(platform: FakePlatform, found: re.Match[str]) -> Deployment:
    app = app_of(platform, found)
    for deployment in platform.history(app.id):
        if deployment.id == found["deployment"]:
            return deployment
    raise Refused(404, "not_found", "deployment not found")


def sent(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Refused(400, "bad_request", "the body is not valid JSON") from error
    if not isinstance(document, dict):
        raise Refused(400, "bad_request", "the body must be a JSON object")
    return document


def _list_apps(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    documents = [platform.app_document(app) for app in platform.apps.values()]
    return listed(request, "apps", documents)


def _get_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    return {"app": platform.app_document(app_of(platform, found))}


def _update_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    app = app_of(platform, found)
    app.spec = normalised(_spec(request))
    app.updated_at = platform.clock.now()
    platform.deploy(app, cause="app spec updated")
    return {"app": platform.app_document(app)}


def _propose(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    """Takes any spec: nothing here judges one."""
    return {"app_name_available": True, "spec": normalised(_spec(request))}


def _spec(request: Request) -> dict[str, Any]:
    spec = sent(request).get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise Refused(400, "bad_request", "app spec is required")
    return spec


def _list_deployments(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    wanted, now = request.values("deployment_types"), platform.clock.now()
    history = platform.history(app_of(platform, found).id)
    shown = [one.document(now) for one in history if not wanted or one.cause.type in wanted]
    return listed(request, "deployments", shown)


def _get_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    return {"deployment": _deployment(platform, found).document(platform.clock.now())}


def _create_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    sent(request)
    made = platform.deploy(app_of(platform, found))
    return {"deployment": made.document(platform.clock.now())}


def _cancel_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    deployment = _deployment(platform, found)
    if not deployment.is_in_flight:
        raise Refused(400, "bad_request", f"deployment {deployment.id} is not in progress")
    platform.cancel(deployment)
    return {"deployment": deployment.document(platform.clock.now())}


def _get_logs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    groups = found.groupdict()
    app = app_of(platform, found)
    deployment = _deployment(platform, found) if "deployment" in groups else platform.active(app.id)
    if deployment is None:
        raise Refused(404, "not_found", "the app has no active deployment")
    type = request.query.get("type", "UNSPECIFIED")
    if type not in TYPES:
        raise Refused(400, "bad_request", f"invalid log type {type}")
    component = groups.get("component") or request.query.get("component_name")
    if component and not any(part.name == component for part in components(deployment.spec)):
        raise Refused(404, "not_found", f'component "{component}" not found')
    try:
        log = read_log(deployment, type, component, platform.clock.now())
    except Unavailable as unavailable:
        raise Refused(400, "bad_request", unavailable.message) from unavailable
    address = Address(deployment, type, component)
    return addresses(request.base, log, address, follow=request.query.get("follow") == "true")


def _health(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    """The health of each component that runs all the time."""
    app = app_of(platform, found)
    is_serving = platform.active(app.id) is not None
    shown = [
        {
            "name": entry["name"],
            "cpu_usage_percent": 3.5 if is_serving else 0.0,
            "memory_usage_percent": 41.0 if is_serving else 0.0,
            "replicas_desired": int(entry.get("instance_count", 1)),
            "replicas_ready": int(entry.get("instance_count", 1)) if is_serving else 0,
            "state": "HEALTHY" if is_serving else "UNKNOWN",
        }
        for kind in ("services", "workers")
        for entry in app.spec.get(kind) or ()
    ]
    return {"app_health": {"components": shown}}


_READ, _UPDATE = "app:read", "app:update"
_ONE = r"/v2/apps/(?P<app>[^/]+)"
_DEPLOYMENT = rf"{_ONE}/deployments/(?P<deployment>[^/]+)"
_COMPONENT = r"/components/(?P<component>[^/]+)"
ROUTES: tuple[Entry, ...] = tuple(
    (method, scope, re.compile(pattern), route)
    for method, scope, pattern, route in (
        ("GET", _READ, "/v2/apps", _list_apps),
        ("POST", _READ, "/v2/apps/propose", _propose),
        ("GET", _READ, _ONE, _get_app),
        ("PUT", _UPDATE, _ONE, _update_app),
        ("GET", _READ, f"{_ONE}/deployments", _list_deployments),
        ("POST", _UPDATE, f"{_ONE}/deployments", _create_deployment),
        ("GET", _READ, _DEPLOYMENT, _get_deployment),
        ("POST", _UPDATE, f"{_DEPLOYMENT}/cancel", _cancel_deployment),
        ("GET", _READ, f"{_DEPLOYMENT}/logs", _get_logs),
        ("GET", _READ, f"{_DEPLOYMENT}{_COMPONENT}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}{_COMPONENT}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}/health", _health),
    )
)


def routed(platform: FakePlatform, request: Request, scopes: frozenset[str], routes: Iterable[Entry]) -> Any:
    """The document that answers a request. Raises Refused."""
    for method, scope, pattern, route in routes:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            if scope not in scopes:
                raise Refused(403, "forbidden", "You are not authorized to perform this operation")
            return route(platform, request, found)
    raise Refused(404, "not_found", "The resource you requested could not be found.")
