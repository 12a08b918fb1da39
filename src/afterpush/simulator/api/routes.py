"""The paths of the API: who answers what, and with which scope.

The paths, parameters and bodies are those of the published description; where it is silent (the words of a
400), those that users have quoted.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from afterpush.simulator.api import answers
from afterpush.simulator.api.exchange import Refused, Request
from afterpush.simulator.api.log_addresses import Address, addresses
from afterpush.simulator.apps import App
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.jobs import job_run_id, job_runs
from afterpush.simulator.logs import TYPES, Unavailable, read_log
from afterpush.simulator.model import FakePlatform

_LONG_PAGE = 20  # The size at which terraform-provider-digitalocean issue 1466 saw the list time out.

Route = Callable[[FakePlatform, Request, re.Match[str]], Any]


def _app(platform: FakePlatform, found: re.Match[str]) -> App:
    app = platform.apps.get(found["app"])
    if app is None:
        raise Refused(404, "not_found", "app not found")
    return app


def _deployment(platform: FakePlatform, found: re.Match[str]) -> Deployment:
    app = _app(platform, found)
    for deployment in platform.history(app.id):
        if deployment.id == found["deployment"]:
            return deployment
    raise Refused(404, "not_found", "deployment not found")


def _sent(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Refused(400, "bad_request", "the body is not valid JSON") from error
    if not isinstance(document, dict):
        raise Refused(400, "bad_request", "the body must be a JSON object")
    return document


def _page(request: Request) -> answers.Page:
    try:
        page = answers.Page(int(request.query.get("page", 1)), int(request.query.get("per_page", 20)))
    except ValueError as error:
        raise Refused(400, "bad_request", "page and per_page must be whole numbers") from error
    if page.number < 1 or not 1 <= page.size <= 200:
        raise Refused(400, "bad_request", "page must be at least 1, per_page between 1 and 200")
    return page


def _link(request: Request) -> Callable[[int], str]:
    def link(number: int) -> str:
        query = urlencode({**request.query, "page": str(number)})
        return f"{request.base}{quote(request.path)}?{query}"

    return link


def _list_apps(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    documents = [platform.app_document(app) for app in platform.apps.values()]
    return answers.listed("apps", documents, _page(request), _link(request))


def _create_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    spec = _judged(_sent(request))
    if any(app.name == spec["name"] for app in platform.apps.values()):
        raise Refused(409, "conflict", f'app name "{spec["name"]}" is already in use')
    app = platform.add_app(spec)
    platform.deploy(app, cause="initial deployment")
    return {"app": platform.app_document(app)}


def _get_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    return {"app": platform.app_document(_app(platform, found))}


def _update_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    app = _app(platform, found)
    app.spec = answers.normalised(_judged(_sent(request)))
    app.updated_at = platform.clock.now()
    platform.deploy(app, cause="app spec updated")
    return {"app": platform.app_document(app)}


def _delete_app(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    app = _app(platform, found)
    platform.remove_app(app)
    return {"id": app.id}


def _judged(document: Mapping[str, Any]) -> dict[str, Any]:
    mistake = answers.first_mistake(document.get("spec"))
    if mistake:
        raise Refused(400, "bad_request", mistake)
    return dict(document["spec"])


def _propose(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    document = _sent(request)
    app_id = document.get("app_id")
    if app_id is not None and app_id not in platform.apps:
        raise Refused(404, "not_found", "app not found")
    others = {app.name for app in platform.apps.values() if app.id != app_id}
    return answers.proposal(_judged(document), others)


def _list_deployments(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    wanted, page = request.values("deployment_types"), _page(request)
    now = platform.clock.now()
    history = platform.history(_app(platform, found).id)
    if len(history) > platform.list_limit and not wanted and page.size >= _LONG_PAGE:
        raise Refused.by_proxy(524)
    shown = [one.document(now) for one in history if not wanted or one.cause.type in wanted]
    return answers.listed("deployments", shown, page, _link(request))


def _get_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    return {"deployment": _deployment(platform, found).document(platform.clock.now())}


def _create_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    _sent(request)
    made = platform.deploy(_app(platform, found))
    return {"deployment": made.document(platform.clock.now())}


def _cancel_deployment(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    deployment = _deployment(platform, found)
    if not deployment.is_in_flight:
        raise Refused(400, "bad_request", f"deployment {deployment.id} is not in progress")
    platform.cancel(deployment)
    return {"deployment": deployment.document(platform.clock.now())}


def _get_logs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    groups = found.groupdict()
    app = _app(platform, found)
    deployment = _deployment(platform, found) if "deployment" in groups else platform.active(app.id)
    if deployment is None:
        raise Refused(404, "not_found", "the app has no active deployment")
    type = request.query.get("type", "UNSPECIFIED")
    if type not in TYPES:
        raise Refused(400, "bad_request", f"invalid log type {type}")
    component = groups.get("component") or request.query.get("component_name")
    if component and not any(part.name == component for part in answers.components(deployment.spec)):
        raise Refused(404, "not_found", f'component "{component}" not found')
    try:
        log = read_log(deployment, type, component, platform.clock.now())
    except Unavailable as unavailable:
        raise Refused(400, "bad_request", unavailable.message) from unavailable
    address = Address(deployment, type, component)
    return addresses(request.base, log, address, follow=request.query.get("follow") == "true")


def _list_job_runs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    history = platform.history(_app(platform, found).id)
    wanted, names = request.query.get("deployment_id"), request.values("job_names")
    runs = [run for one in history if wanted in (None, one.id) for run in job_runs(one)]
    shown = [run for run in runs if not names or run["job_name"] in names]
    listed = answers.listed("job_invocations", shown, _page(request), _link(request))
    del listed["meta"]  # This list is published without a total.
    return listed


def _job_logs(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    for deployment in platform.history(_app(platform, found).id):
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


def _health(platform: FakePlatform, request: Request, found: re.Match[str]) -> Any:
    app = _app(platform, found)
    return answers.health(app.spec, is_serving=platform.active(app.id) is not None)


_READ, _CREATE, _UPDATE, _DELETE = "app:read", "app:create", "app:update", "app:delete"
_ONE = r"/v2/apps/(?P<app>[^/]+)"
_DEPLOYMENT = rf"{_ONE}/deployments/(?P<deployment>[^/]+)"
_COMPONENT = r"/components/(?P<component>[^/]+)"
_ROUTES: list[tuple[str, str, re.Pattern[str], Route]] = [
    (method, scope, re.compile(pattern), route)
    for method, scope, pattern, route in (
        ("GET", _READ, "/v2/apps", _list_apps),
        ("POST", _CREATE, "/v2/apps", _create_app),
        ("POST", _READ, "/v2/apps/propose", _propose),
        ("GET", _READ, _ONE, _get_app),
        ("PUT", _UPDATE, _ONE, _update_app),
        ("DELETE", _DELETE, _ONE, _delete_app),
        ("GET", _READ, f"{_ONE}/deployments", _list_deployments),
        ("POST", _UPDATE, f"{_ONE}/deployments", _create_deployment),
        ("GET", _READ, _DEPLOYMENT, _get_deployment),
        ("POST", _UPDATE, f"{_DEPLOYMENT}/cancel", _cancel_deployment),
        ("GET", _READ, f"{_DEPLOYMENT}/logs", _get_logs),
        ("GET", _READ, f"{_DEPLOYMENT}{_COMPONENT}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}{_COMPONENT}/logs", _get_logs),
        ("GET", _READ, f"{_ONE}/job-invocations", _list_job_runs),
        ("GET", _READ, rf"{_ONE}/jobs/(?P<job>[^/]+)/invocations/(?P<run>[^/]+)/logs", _job_logs),
        ("GET", _READ, f"{_ONE}/health", _health),
    )
]


def routed(platform: FakePlatform, request: Request, scopes: frozenset[str]) -> Any:
    """The document that answers a request. Raises Refused."""
    for method, scope, pattern, route in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            if scope not in scopes:
                raise Refused(403, "forbidden", "You are not authorized to perform this operation")
            return route(platform, request, found)
    raise Refused(404, "not_found", "The resource you requested could not be found.")
