"""An app spec as far as we judge it: components, health checks, variables, sources, routes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afterpush.appspec.schema import Shape, health_check_fields, platform
from afterpush.appspec.yaml_reader import read_tree
from afterpush.appspec.yaml_tree import Node
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text

_HOSTS = ("github", "gitlab", "bitbucket")


@dataclass(frozen=True)
class HealthCheck:
    """A readiness or liveness check with the platform's defaults filled in; seconds throughout.

    Without `http_path` (None) the platform only opens a TCP connection.
    """

    http_path: str | None
    port: int | None
    initial_delay_seconds: int
    period_seconds: int
    timeout_seconds: int
    success_threshold: int
    failure_threshold: int

    @property
    def budget_seconds(self) -> int:
        """How long an app may take to become healthy before the platform gives it up."""
        return self.initial_delay_seconds + self.period_seconds * self.failure_threshold


@dataclass(frozen=True)
class ComponentSource:
    """Where a component is built from; `host` is github, gitlab, bitbucket, git or image."""

    host: str
    repo: str | None
    branch: str | None
    deploy_on_push: bool | None
    node: Node


@dataclass(frozen=True)
class SpecVariable:
    """An environment variable; its value is only ever looked at, never shown."""

    key: str
    node: Node
    is_secret: bool
    value: Node | None

    @property
    def text(self) -> str:
        return self.node.text("value") or ""


@dataclass(frozen=True)
class SpecComponent:
    """One entry of services, workers, ...; `where` leads to it from the root of the document."""

    kind: str
    name: str
    node: Node
    where: tuple[str | int, ...]

    @property
    def readiness(self) -> HealthCheck | None:
        """The check that decides whether a deployment goes live; None where the block is absent."""
        return _check(self.node.get("health_check"), health_check_fields())

    @property
    def liveness(self) -> HealthCheck | None:
        """The check that restarts a running instance; None where the block is absent."""
        return _check(self.node.get("liveness_health_check"), health_check_fields(is_liveness=True))

    @property
    def http_port(self) -> int:
        return whole(self.node.get("http_port"), 8080)

    @property
    def sources(self) -> list[ComponentSource]:
        found = ((host, self.node.get(host)) for host in (*_HOSTS, "git", "image"))
        return [_source(host, node) for host, node in found if node and node.is_mapping]

    @property
    def variables(self) -> list[SpecVariable]:
        return _variables(self.node)


@dataclass(frozen=True)
class AppSpec:
    """A whole spec: `root` is the document. A deploy template wraps it in `spec:`, which `node` is then."""

    name: str
    text: str
    root: Node
    node: Node
    is_template: bool
    components: tuple[SpecComponent, ...]

    @property
    def app_name(self) -> str:
        return self.node.text("name") or ""

    @property
    def own_variables(self) -> list[SpecVariable]:
        """Those of the whole app, which every component gets."""
        return _variables(self.node)

    @property
    def variables(self) -> list[SpecVariable]:
        """Those of the whole app, then those of the components."""
        return self.own_variables + [
            variable for component in self.components for variable in component.variables
        ]

    @property
    def has_database(self) -> bool:
        """Whether the app has a database, as far as the spec shows."""
        return bool(self.databases) or any(
            any(word in variable.key.upper() for word in ("DATABASE", "MYSQL", "POSTGRES", "MONGO", "DB_"))
            for variable in self.variables
        )

    @property
    def databases(self) -> list[tuple[str, Node]]:
        """(name, mapping) of each declared database."""
        listed = self.node.children("databases")
        return [(item.text("name") or "", item) for item in listed if item.is_mapping]

    def services(self) -> list[SpecComponent]:
        return [component for component in self.components if component.kind == "service"]


def read_spec(path: Path, name: str) -> AppSpec:
    """The spec in a file; `name` is for messages. Raises AfterpushError when it cannot be read."""
    if not path.is_file():
        raise AfterpushError(f"reading the app spec: there is no {name}; name it with --spec or appspec.path")
    return parse_spec(read_text(path, "reading the app spec"), name)


def parse_spec(text: str, name: str) -> AppSpec:
    """The spec in a text. Raises AfterpushError when it is not YAML or no mapping."""
    root = read_tree(text, name)
    if not root.is_mapping:
        raise AfterpushError(
            f"reading the app spec: {name} holds no mapping; it begins with name: and services:"
        )
    inner = root.get("spec")
    is_template = bool(inner and inner.is_mapping and "services" not in root.entries())
    node = inner if is_template and inner else root
    steps: tuple[str | int, ...] = ("spec",) if is_template else ()
    return AppSpec(name, text, root, node, is_template, tuple(_components(node, steps)))


def _components(node: Node, steps: tuple[str | int, ...]) -> Iterator[SpecComponent]:
    for section, kind in platform().components.items():
        for index, item in enumerate(node.children(section)):
            if item.is_mapping:
                name = item.text("name") or f"{section}[{index}]"
                yield SpecComponent(kind, name, item, (*steps, section, index))


def _check(node: Node | None, fields: Shape) -> HealthCheck | None:
    if node is None or not node.is_mapping:
        return None
    path, port = node.text("http_path") or node.text("path"), whole(node.get("port"))
    values = {name: whole(node.get(name), default) for name, default in _times(fields).items()}
    return HealthCheck(path, port or None, **values)


def defaults(fields: Shape) -> HealthCheck:
    """What the platform does where the block is absent."""
    return HealthCheck(http_path=None, port=None, **_times(fields))


def _times(fields: Shape) -> dict[str, int]:
    """The defaults of the seconds and thresholds of a check."""
    named = ((name, field.default or 0) for name, field in fields.items())
    return {name: default for name, default in named if name.endswith(("seconds", "threshold"))}


def _source(host: str, node: Node) -> ComponentSource:
    pushed = node.get("deploy_on_push")
    value = pushed.real.value if pushed else None
    return ComponentSource(
        host,
        node.text("repo") or node.text("repo_clone_url") or node.text("repository"),
        node.text("branch"),
        value if isinstance(value, bool) else None,
        node,
    )


def _variables(node: Node) -> list[SpecVariable]:
    return [
        SpecVariable(item.text("key") or "", item, item.text("type") == "SECRET", item.get("value"))
        for item in node.children("envs")
        if item.is_mapping
    ]


def whole(node: Node | None, default: int = 0) -> int:
    """The whole number there; `default` for anything else."""
    value = node.real.value if node else None
    return value if isinstance(value, int) and not isinstance(value, bool) else default
