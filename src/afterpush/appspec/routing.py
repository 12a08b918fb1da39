"""Which component a public path leads to, and what of the path the component sees.

The platform cuts the matched prefix off unless told to keep or to rewrite it; health checks do not come
through the ingress, they ask the container (godo, AppIngressSpecRuleRoutingComponent):

    match /api                                  /api/health  ->  /health
    match /api, preserve_path_prefix: true      /api/health  ->  /api/health
    match /api, rewrite: /v1                    /api/health  ->  /v1/health
"""

from dataclasses import dataclass

from afterpush.appspec.spec import AppSpec, SpecComponent
from afterpush.appspec.yaml_tree import Node


@dataclass(frozen=True)
class Rule:
    """An ingress rule, or a deprecated route. `path` is matched as a prefix unless `is_exact`.

    `component` is where it leads, None for a redirect; `authority` is the host that it is for ("": any).
    """

    node: Node
    path: str
    is_exact: bool
    authority: str
    component: str | None
    public: str
    inside: str

    def matches(self, path: str) -> bool:
        return path == self.path if self.is_exact else _is_below(path, self.public)

    @property
    def match(self) -> tuple[str, bool, str]:
        """What tells two rules apart."""
        return self.path.rstrip("/") or "/", self.is_exact, self.authority

    def covers(self, later: "Rule") -> bool:
        """Whether a later rule, with a longer path, is never reached."""
        is_same_host = self.authority in ("", later.authority)
        return is_same_host and not self.is_exact and _is_below(later.path, self.public)

    def to_inside(self, public_path: str) -> str:
        """The component's own path for a public one."""
        return _moved(public_path, self.public, self.inside) or "/"

    def to_public(self, own_path: str) -> str | None:
        """The public path for the component's own; None where no request from outside gets there."""
        return _moved(own_path, self.inside, self.public) if _is_below(own_path, self.inside) else None


def ingress_rules(spec: AppSpec) -> list[Rule]:
    """The rules of the ingress in order: the first that matches wins."""
    return [_rule(node) for node in spec.node.children("ingress", "rules") if node.is_mapping]


def routes(spec: AppSpec) -> list[Rule]:
    """The deprecated routes of the components."""
    return [
        _route(component, node)
        for component in spec.components
        for node in component.node.children("routes")
        if node.is_mapping and node.get("path")
    ]


def rule_for(spec: AppSpec, component: SpecComponent) -> Rule | None:
    """The rule that leads to a component by a prefix; None: it cannot be reached that way."""
    rules = [*ingress_rules(spec), *routes(spec)]
    own = [rule for rule in rules if rule.component == component.name and not rule.is_exact]
    if own or rules or component.kind != "service" or len(spec.services()) != 1:
        return own[0] if own else None
    # Without any rule the platform routes / to the one service that there is.
    return Rule(component.node, "/", False, "", component.name, "", "")


def rule_that_matches(spec: AppSpec, public_path: str) -> Rule | None:
    """The rule with the longest path that takes a public path."""
    matching = [rule for rule in [*ingress_rules(spec), *routes(spec)] if rule.matches(public_path)]
    return max(matching, key=lambda rule: len(rule.path), default=None)


def _rule(node: Node) -> Rule:
    exact = node.text("match", "path", "exact")
    path = exact or node.text("match", "path", "prefix") or "/"
    host = node.text("match", "authority", "prefix")
    authority = f"{host}*" if host else node.text("match", "authority", "exact") or ""
    stem, rewritten = path.rstrip("/"), node.text("component", "rewrite") or ""
    inside = stem if is_true(node.get("component", "preserve_path_prefix")) else rewritten.rstrip("/")
    name = node.text("component", "name")
    return Rule(node, path, exact is not None, authority, name, stem, inside)


def _route(component: SpecComponent, node: Node) -> Rule:
    path = node.text("path") or "/"
    stem = path.rstrip("/")
    inside = stem if is_true(node.get("preserve_path_prefix")) else ""
    return Rule(node, path, False, "", component.name, stem, inside)


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix.rstrip('/')}/")


def _moved(path: str, old: str, new: str) -> str:
    return new + path[len(old) :]


def is_true(node: Node | None) -> bool:
    """A truth value, or the text that the published description asks for."""
    return bool(node and node.real.raw.lower() == "true")
