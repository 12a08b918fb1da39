"""The platform's own word on a spec, and the live spec with nothing but its health check changed.

What the repository's spec says is proposed (which changes nothing), never put: a `type: SECRET` variable
without its encrypted value would reach the containers empty.
"""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterpush.appspec.healthcheck.edit import unified
from afterpush.appspec.spec import AppSpec, parse_spec
from afterpush.appspec.validate.problems import Severity, SpecProblem
from afterpush.appspec.validate.schema import COMPONENTS, SHAPES
from afterpush.appspec.yaml_tree import Kind, Node, same
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor

_REJECTED = (400, 409, 422)
_FIELD = re.compile(r'field "(?P<path>[\w.\[\]]+)"')
# Shorter values (3000, true, web) are no secrets, and words that a message needs.
_SHORTEST_REDACTED = 8
_SAID = re.compile(r"answered \d+: (?P<said>.*)", re.DOTALL)


def platform_word(
    api: AppPlatform, spec: AppSpec, wanted: Wanted, redact: Redactor
) -> tuple[list[SpecProblem], str | None]:
    """The platform's problems with the spec, and why it could not be asked (None when it was).

    Raises AfterpushError when a configured app does not exist.
    """
    try:
        problem = proposal_problem(api, spec, _app_id(api, wanted), redact)
    except ApiFailure as error:
        return [], f"the platform did not check the spec: {error}"
    return [problem] if problem else [], None


def _app_id(api: AppPlatform, wanted: Wanted) -> str | None:
    """The app that the spec would update; None when it is not known which."""
    try:
        return str(find_app(api, wanted)["id"])
    except ApiFailure:
        raise
    except AfterpushError:
        if wanted.configured:
            raise
        return None


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


def proposal_problem(
    api: AppPlatform, spec: AppSpec, app_id: str | None, redact: Redactor
) -> SpecProblem | None:
    """What the platform would reject in the spec; it names only its first mistake.

    Raises ApiFailure when the platform cannot be asked.
    """
    body: dict[str, Any] = {"spec": as_json(spec.node)} | ({"app_id": app_id} if app_id else {})
    try:
        api.request("POST", "apps/propose", body)
    except ApiFailure as error:
        if error.status not in _REJECTED:
            raise
        said = redact(_said(error, spec))
        node, path = _place(spec, said)
        return SpecProblem(
            path,
            node.line,
            Severity.ERROR,
            f"the platform rejects the spec: {said}",
            "correct it; the platform names only its first mistake, so check again",
            spec.name,
        )
    return None


def as_json(node: Node, shape: str | None = "app") -> Any:
    """The spec as the API takes it: where text is expected, a number is sent as it is written."""
    real = node.real
    if real.kind is Kind.MAPPING:
        fields = SHAPES.get(shape or "", {})
        return {
            name: real_text(value)
            if (field := fields.get(name)) and field.type == "text" and value.real.kind is Kind.SCALAR
            else as_json(value, field.shape if field else None)
            for name, (_, value) in real.entries().items()
            if not value.is_null
        }
    if real.kind is Kind.SEQUENCE:
        return [as_json(item, shape) for item in real.items]
    value = real.value
    return value if not isinstance(value, float) or json.dumps(value)[-1].isdigit() else real.raw


def real_text(node: Node) -> str:
    """A scalar as it is written: `1.10` stays 1.10, `on` stays on."""
    return node.real.raw


def _said(error: ApiFailure, spec: AppSpec) -> str:
    """What the platform said, without the values of variables, which it may quote from what it was sent."""
    found = _SAID.search(str(error))
    texts = (variable.text for variable in spec.variables)
    values = Redactor(Secret(text) for text in texts if len(text) >= _SHORTEST_REDACTED)
    return values(found["said"] if found else str(error))


def _place(spec: AppSpec, said: str) -> tuple[Node, str]:
    """The part that a message names; the API gives paths without indices (services.health_check.port)."""
    found = _FIELD.search(said)
    if not found:
        return spec.node, "."
    node, shown = spec.node, ""
    for name in re.split(r"[.\[\]]+", found["path"].rstrip("]")):
        items = node.children()
        if items:
            holders = [index for index, item in enumerate(items) if item.get(name)]
            index = holders[0] if holders else 0
            node, shown = items[index], f"{shown}[{index}]"
        inner = node.get(name)
        if inner is None:
            break
        node, shown = inner, f"{shown}.{name}" if shown else name
    return node, shown or found["path"]


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
    section = next(section for section, of in COMPONENTS.items() if of == kind)
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
        if error.status not in _REJECTED:
            raise
        raise AfterpushError(
            f"the platform rejects the changed spec of {change.app_name}: "
            f"{_said(error, _parsed(change.after))}; nothing was put",
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
