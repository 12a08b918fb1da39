"""Routes and ingress rules: rules that are never reached, that lead nowhere, or to what takes no requests."""

from collections.abc import Iterator

from afterpush.appspec.routing import Rule, ingress_rules, is_true, routes
from afterpush.appspec.spec import AppSpec
from afterpush.appspec.templates import has_template
from afterpush.appspec.validate.problems import SpecProblem, error, warning

_HTTP_KINDS = ("service", "static_site", "function")


def ingress_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Problems of the deprecated routes and of the ingress rules."""
    rules, old = ingress_rules(spec), routes(spec)
    if rules and old:
        message = "routes are set together with ingress, which replaces them"
        yield warning(old[0].node, message, "move every route into ingress.rules")
    yield from _order_problems(rules)
    yield from _order_problems(old, is_sorted=True)
    for rule in rules:
        yield from _target_problems(rule)
        yield from _component_problems(spec, rule)


def _order_problems(rules: list[Rule], *, is_sorted: bool = False) -> Iterator[SpecProblem]:
    """The first rule that matches wins, and the platform refuses two with one match (app_action#261).

    `is_sorted`: the platform sorts them by itself, as it does routes.
    """
    seen: list[Rule] = []
    for rule in rules:
        if has_template(rule.path + rule.authority):
            continue
        twin = next((one for one in seen if one.match == rule.match), None)
        cover = next((one for one in seen if one.covers(rule)), None)
        if twin:
            message = f"{_shown(twin)} and {_shown(rule)} have the same match {rule.path}"
            yield error(rule.node, message, "change one of them, or remove it")
        elif cover and not is_sorted:
            message = f"the rule for {rule.path} is never reached: {cover.path} before it takes all of it"
            yield warning(rule.node, message, f"put the rule for {rule.path} first: the order counts")
        seen.append(rule)


def _shown(rule: Rule) -> str:
    return rule.component or "a redirect"


def _target_problems(rule: Rule) -> Iterator[SpecProblem]:
    target, redirect = rule.node.get("component"), rule.node.get("redirect")
    if target and redirect:
        message = "the rule has component and redirect, and only one of them may be set"
        yield error(redirect, message, "remove one of them, or make two rules of it")
    if not target and not redirect:
        message = "the rule leads nowhere: it has neither component nor redirect"
        yield error(rule.node, message, "add component: {name: ...} or redirect:")
    rewrite = rule.node.get("component", "rewrite")
    if rewrite and not rewrite.is_null and is_true(rule.node.get("component", "preserve_path_prefix")):
        message = "rewrite and preserve_path_prefix exclude each other"
        yield error(rewrite, message, "remove one of them")


def _component_problems(spec: AppSpec, rule: Rule) -> Iterator[SpecProblem]:
    """Requests go to what listens for them: services, static sites and functions."""
    name, node = rule.component, rule.node.get("component", "name")
    if name is None or node is None or has_template(name):
        return
    kinds = [component.kind for component in spec.components if component.name == name]
    kinds += ["database"] * any(name == own for own, _ in spec.databases)
    takers = sorted(component.name for component in spec.components if component.kind in _HTTP_KINDS)
    cure = f"name one of {', '.join(takers)}" if takers else "add a service"
    if not kinds and any(has_template(component.name) for component in spec.components):
        return
    if not kinds:
        message = f"the rule leads to {name}, which is no component of this spec"
        yield error(node, message, cure)
    elif kinds[0] not in _HTTP_KINDS:
        message = f"the rule leads to the {kinds[0]} {name}, which takes no requests from outside"
        yield error(node, message, cure)
