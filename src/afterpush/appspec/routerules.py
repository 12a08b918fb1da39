"""Routes and ingress rules: prefixes that cannot work, components that are not there."""

from collections.abc import Iterator

from afterpush.appspec.problems import Problem, error, warning
from afterpush.appspec.spec import Component, Spec
from afterpush.appspec.yamltree import Node


def route_problems(spec: Spec) -> Iterator[Problem]:
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


def ingress_rules(spec: Spec) -> Iterator[tuple[str, Node]]:
    """(YAML path, rule) of each ingress rule, in order: the first that matches wins."""
    ingress = spec.node.get("ingress")
    rules = ingress.get("rules") if ingress else None
    for index, rule in enumerate(rules.children() if rules else []):
        if rule.is_mapping:
            yield f"ingress.rules[{index}]", rule


def public_path(spec: Spec, component: Component, http_path: str) -> str | None:
    """Under which path of the public address a component's own path is reached; None: under none.

    The platform cuts the matched prefix off unless told to keep it.
    """
    for _, rule in ingress_rules(spec):
        target = rule.get("component")
        if target and _raw(target.get("name")) == component.name:
            match = rule.get("match")
            return _outside(_raw(_below(match, "path", "prefix")) or "/", target, http_path)
    routes = component.node.get("routes")
    for route in routes.children() if routes else []:
        return _outside(_raw(route.get("path")) or "/", route, http_path)
    # Without any rule the platform routes / to the one service that there is.
    return http_path if len(spec.services()) == 1 else None


def _outside(prefix: str, rule: Node, http_path: str) -> str | None:
    keeps = rule.get("preserve_path_prefix")
    if keeps and keeps.real.value is True:
        inside = http_path == prefix or http_path.startswith(prefix.rstrip("/") + "/")
        return http_path if inside else None
    rewrite = _raw(rule.get("rewrite"))
    if rewrite:
        stem = rewrite.rstrip("/")
        return prefix.rstrip("/") + http_path.removeprefix(stem) if http_path.startswith(stem + "/") else None
    return prefix.rstrip("/") + http_path


def _prefix_problems(place: str, path: Node, name: str, taken: dict[str, str]) -> Iterator[Problem]:
    prefix = path.real.raw
    if not prefix.startswith("/") and "${" not in prefix:
        yield error(place, path, f"the route {prefix} does not begin with /", f"write /{prefix}")
    if prefix in taken:
        yield error(
            place, path, f"{taken[prefix]} and {name} have the same route {prefix}", "change one of them"
        )
    taken[prefix] = name


def _rule_problems(place: str, rule: Node, names: set[str]) -> Iterator[Problem]:
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
