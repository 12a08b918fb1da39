"""Routes and ingress rules: prefixes that cannot work, components that are not there."""

from collections.abc import Iterator

from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.appspec.yaml_tree import Node


def route_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Problems of the deprecated routes and of the ingress rules."""
    taken: dict[str, str] = {}
    for component in spec.components:
        routes = component.node.get("routes")
        for index, route in enumerate(routes.children() if routes else []):
            path = route.get("path")
            if path and not path.is_null:
                yield from _prefix_problems(
                    f"{component.path}.routes[{index}].path", path, component.name, taken
                )
    names = {component.name for component in spec.components}
    for place, rule in ingress_rules(spec):
        yield from _rule_problems(place, rule, names)


def ingress_rules(spec: AppSpec) -> Iterator[tuple[str, Node]]:
    """(YAML path, rule) of each ingress rule, in order: the first that matches wins."""
    ingress = spec.node.get("ingress")
    rules = ingress.get("rules") if ingress else None
    for index, rule in enumerate(rules.children() if rules else []):
        if rule.is_mapping:
            yield f"ingress.rules[{index}]", rule


def public_prefix(spec: AppSpec, component: SpecComponent) -> str | None:
    """What stands before a component's own paths in the app's public address; None: not reached by a prefix.

    The platform cuts the matched prefix off unless told to keep it; a rewrite can hide any path.
    """
    for _, rule in ingress_rules(spec):
        target = rule.get("component")
        if target and _raw(target.get("name")) == component.name:
            return _prefix(_raw(_below(rule.get("match"), "path", "prefix")), target)
    routes = component.node.get("routes")
    for route in routes.children() if routes else []:
        return _prefix(_raw(route.get("path")), route)
    # Without any rule the platform routes / to the one service that there is.
    is_alone = not list(ingress_rules(spec)) and len(spec.services()) == 1
    return "" if is_alone and component.kind == "service" else None


def _prefix(matched: str | None, rule: Node) -> str | None:
    keeps = rule.get("preserve_path_prefix")
    is_kept = bool(keeps and str(keeps.real.raw).lower() == "true")
    stem = (matched or "/").rstrip("/")
    if _raw(rule.get("rewrite")):
        return None
    # A kept prefix leaves only the paths below it reachable; those are asked as they are.
    return "" if is_kept else stem


def _prefix_problems(place: str, path: Node, name: str, taken: dict[str, str]) -> Iterator[SpecProblem]:
    prefix = path.real.raw
    if not prefix.startswith("/") and "${" not in prefix:
        yield error(place, path, f"the route {prefix} does not begin with /", f"write /{prefix}")
    if prefix in taken:
        yield error(
            place, path, f"{taken[prefix]} and {name} have the same route {prefix}", "change one of them"
        )
    taken[prefix] = name


def _rule_problems(place: str, rule: Node, names: set[str]) -> Iterator[SpecProblem]:
    target = rule.get("component")
    name = _raw(target.get("name")) if target else None
    if target and name and name not in names:
        yield error(
            f"{place}.component.name",
            target,
            f"the rule leads to {name}, which is no component of this spec",
            f"name one of {', '.join(sorted(names)) or 'the components'}",
        )
    prefix = _below(rule.get("match"), "path", "prefix")
    if prefix and _raw(prefix) and not prefix.real.raw.startswith("/"):
        yield warning(
            f"{place}.match.path.prefix",
            prefix,
            f"the prefix {prefix.real.raw} does not begin with /",
            f"write /{prefix.real.raw}",
        )


def _below(node: Node | None, *names: str) -> Node | None:
    for name in names:
        node = node.get(name) if node else None
    return node


def _raw(node: Node | None) -> str | None:
    return node.real.raw if node and not node.is_null and node.real.raw else None
