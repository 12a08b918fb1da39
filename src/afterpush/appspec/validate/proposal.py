"""The platform's own word on a spec: what it rejects, else what it would cost and add.

The repository's spec is proposed (which changes nothing), never put: a `type: SECRET` variable without its
encrypted value would reach the containers empty.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from afterpush.appspec.spec import AppSpec
from afterpush.appspec.validate.problems import PlatformAnswer, PlatformWord, SpecProblem, error, warning
from afterpush.appspec.yaml_tree import Kind, Node
from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.errors import AfterpushError
from afterpush.infra.secrets import Secret
from afterpush.infra.secrets.redaction import Redactor

REJECTED: Final = (400, 409, 422)
_FIELD = re.compile(r'field "(?P<path>[\w.\[\]]+)"')
# Shorter values (3000, true, web) are no secrets, and words that a message needs.
_SHORTEST_REDACTED = 8
_SAID = re.compile(r"answered \d+: (?P<said>.*)", re.DOTALL)


def platform_word(api: AppPlatform, spec: AppSpec, wanted: Wanted, redact: Redactor) -> PlatformWord:
    """Asks the platform. Raises AfterpushError when a configured app does not exist."""
    try:
        app = _app(api, wanted)
        sent = as_json(spec.node)
        answer = _proposed(api, sent, app)
        if isinstance(answer, ApiFailure):
            return PlatformWord((_problem(answer, spec, redact),))
        before = _proposed(api, app["spec"], app) if app.get("spec") else {}
        cost_now = _number(before.get("app_cost")) if isinstance(before, dict) else None
    except ApiFailure as failure:
        return PlatformWord(why_not=f"the platform did not check the spec: {failure}")
    told = PlatformAnswer(
        _number(answer.get("app_cost")),
        cost_now,
        # Of the app itself the platform says that its name is taken.
        None if app.get("spec", {}).get("name") == spec.app_name else answer.get("app_name_available"),
        answer.get("app_name_suggestion") or None,
        tuple(_added(sent, answer.get("spec"))),
    )
    return PlatformWord(tuple(_name_problems(spec, told)), told)


def _app(api: AppPlatform, wanted: Wanted) -> dict[str, Any]:
    """The app that the spec would update; empty when it is not known which."""
    try:
        return find_app(api, wanted)
    except ApiFailure:
        raise
    except AfterpushError:
        if wanted.configured:
            raise
        return {}


def _proposed(api: AppPlatform, spec: Any, app: dict[str, Any]) -> dict[str, Any] | ApiFailure:
    """The answer, or the refusal. Raises ApiFailure when the platform cannot be asked."""
    body = {"spec": spec} | ({"app_id": str(app["id"])} if app else {})
    try:
        return api.request("POST", "apps/propose", body)
    except ApiFailure as failure:
        if failure.status not in REJECTED:
            raise
        return failure


def _problem(failure: ApiFailure, spec: AppSpec, redact: Redactor) -> SpecProblem:
    told = redact(said(failure, spec))
    cure = "correct it; the platform names only its first mistake, so check again"
    return error(_place(spec, told), f"the platform rejects the spec: {told}", cure)


def _name_problems(spec: AppSpec, told: PlatformAnswer) -> Iterator[SpecProblem]:
    if told.name_is_free is False:
        hint = f"take {told.suggested_name}" if told.suggested_name else "choose another"
        message = f"the name {spec.app_name} is taken"
        yield warning(spec.node.at("name"), message, f"{hint}, or name your app with AFTERPUSH_APP")


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _added(sent: Any, made: Any, path: str = "") -> Iterator[str]:
    """`path: value` of what the platform adds, variables left out: they may be secret."""
    if isinstance(sent, dict) and isinstance(made, dict):
        for key, value in made.items():
            place = f"{path}.{key}" if path else key
            if key == "envs":
                continue
            if key in sent:
                yield from _added(sent[key], value, place)
            elif isinstance(value, str | int | float):
                yield f"{place}: {json.dumps(value)}"
    elif isinstance(sent, list) and isinstance(made, list):
        for index, (own, theirs) in enumerate(zip(sent, made, strict=False)):
            yield from _added(own, theirs, f"{path}[{index}]")


def as_json(node: Node) -> Any:
    """The spec as the API takes it: with the types that the platform's tools read, without nulls."""
    real = node.real
    if real.kind is Kind.MAPPING:
        return {name: as_json(value) for name, (_, value) in real.entries().items() if not value.is_null}
    if real.kind is Kind.SEQUENCE:
        return [as_json(item) for item in real.items]
    value = real.value
    # JSON has no infinity and no NaN.
    return value if not isinstance(value, float) or json.dumps(value)[-1].isdigit() else real.raw


def said(failure: ApiFailure, spec: AppSpec) -> str:
    """What the platform said, without the values of variables, which it may quote from what it was sent."""
    found = _SAID.search(str(failure))
    texts = (variable.text for variable in spec.variables)
    values = Redactor(Secret(text) for text in texts if len(text) >= _SHORTEST_REDACTED)
    return values(found["said"] if found else str(failure))


def _place(spec: AppSpec, told: str) -> Node:
    """The part that a message names; the API gives paths without indices (services.health_check.port)."""
    found = _FIELD.search(told)
    if not found:
        return spec.node
    node = spec.node
    for name in re.split(r"[.\[\]]+", found["path"].rstrip("]")):
        items = node.children()
        node = next((item for item in items if item.get(name)), items[0] if items else node)
        inner = node.get(name)
        if inner is None:
            break
        node = inner
    return node if node.path else node.placed(found["path"])
