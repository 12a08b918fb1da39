"""The live spec with nothing but its health check changed: proposed, then put."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterpush.appspec.healthcheck.checked_edit import unified
from afterpush.appspec.schema import platform
from afterpush.appspec.spec import AppSpec, parse_spec
from afterpush.appspec.validate.proposal import REJECTED, said
from afterpush.appspec.yaml_tree import same
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.errors import AfterpushError, ExitCode


def live_app(api: AppPlatform, wanted: Wanted) -> dict[str, Any]:
    """The app as it is now. Raises AfterpushError when it is not known which, ApiFailure."""
    app = find_app(api, wanted)
    fresh = api.get(f"apps/{path_of(str(app['id']))}").get("app")
    return fresh if isinstance(fresh, dict) else app


def live_spec(app: Mapping[str, Any]) -> AppSpec:
    """The live spec as one that can be judged. Raises AfterpushError when the app has none."""
    spec = app.get("spec")
    if not isinstance(spec, dict):
        raise AfterpushError(f"the app {app.get('id')} has no spec yet")
    return _parsed(spec)


def _parsed(spec: Mapping[str, Any]) -> AppSpec:
    return parse_spec(json.dumps(spec, ensure_ascii=False), f"the live spec of {spec.get('name')}")


@dataclass(frozen=True)
class LiveChange:
    """The live app, its spec before and after, and the difference for people: the health checks alone."""

    app_id: str
    app_name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    diff: str

    @property
    def is_empty(self) -> bool:
        return same(self.before, self.after)


def live_change(
    app: Mapping[str, Any], name: str, checks: Mapping[str, Mapping[str, int | str]], kind: str = "service"
) -> LiveChange:
    """The live spec with the checks (`health_check`, ...) of one component changed, and nothing else.

    Raises AfterpushError when the live app has no such component.
    """
    before = app.get("spec")
    if not isinstance(before, dict):
        raise AfterpushError(f"the app {app.get('id')} has no spec; nothing was changed")
    after = copy.deepcopy(before)
    component = _component(after, name, kind)
    old, new = {}, {}
    for block, values in checks.items():
        said = component.get(block)
        old[block] = dict(said) if isinstance(said, dict) else {}
        kept = {key: value for key, value in old[block].items() if key != "path" or "http_path" not in values}
        new[block] = component[block] = kept | dict(values)
    diff = unified(f"live spec, {name}", _lines(old), _lines(new))
    return LiveChange(str(app.get("id")), str(before.get("name")), before, after, diff)


def _component(spec: Mapping[str, Any], name: str, kind: str) -> dict[str, Any]:
    section = next(section for section, of in platform().components.items() if of == kind)
    listed = spec.get(section)
    found = [entry for entry in listed or [] if isinstance(entry, dict)]
    for entry in found:
        if entry.get("name") == name:
            return entry
    names = ", ".join(str(entry.get("name")) for entry in found) or "none"
    raise AfterpushError(
        f"the live app has no {kind} {name} (it has: {names}); name one with --component; nothing was changed"
    )


def _lines(blocks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for block, values in blocks.items():
        if values:
            lines += [f"{block}:", *(f"  {key}: {value}" for key, value in values.items())]
    return lines


def propose(api: AppPlatform, change: LiveChange) -> None:
    """Lets the platform check the changed spec, which changes nothing.

    Raises AfterpushError (exit 1) when the platform rejects it, ApiFailure.
    """
    try:
        api.request("POST", "apps/propose", {"spec": change.after, "app_id": change.app_id})
    except ApiFailure as error:
        if error.status not in REJECTED:
            raise
        raise AfterpushError(
            f"the platform rejects the changed spec of {change.app_name}: "
            f"{said(error, _parsed(change.after))}; nothing was put",
            ExitCode.BAD_ANSWER,
        ) from error


def put(api: AppPlatform, change: LiveChange) -> None:
    """Puts the changed spec, unless somebody changed the live one meanwhile; this starts a deployment.

    Raises AfterpushError, ApiFailure.
    """
    path = f"apps/{path_of(change.app_id)}"
    app = api.get(path).get("app")
    if not isinstance(app, dict) or not same(app.get("spec"), change.before):
        raise AfterpushError(
            f"the live spec of {change.app_name} was changed by somebody else meanwhile; "
            "nothing was put: look at it and try again"
        )
    try:
        api.request("PUT", path, {"spec": change.after})
    except ApiFailure as error:
        if not error.is_refused:
            raise
        raise ApiFailure(
            f"putting the spec of {change.app_name}: the token may not do this ({error.status}); "
            "--apply needs a DIGITALOCEAN_TOKEN with the scope app:update",
            error.status,
        ) from error
