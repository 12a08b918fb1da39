"""An app spec as far as we judge it: components, health checks, variables, sources, routes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.appspec.validate.schema import COMPONENTS, LIVENESS, READINESS, Field
from afterpush.appspec.yaml_tree import Node, read_tree
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
    path: str
    is_secret: bool
    value: Node | None

    @property
    def text(self) -> str:
        return self.value.real.raw if self.value and not self.value.is_null else ""


@dataclass(frozen=True)
class SpecComponent:
    """One entry of services, workers, ...; `where` leads to it from the root of the document."""

    kind: str
    name: str
    node: Node
    path: str
    where: tuple[str | int, ...]

    @property
    def readiness(self) -> HealthCheck | None:
        """The check that decides whether a deployment goes live; None where the block is absent."""
        return _check(self.node.get("health_check"), READINESS)

    @property
    def liveness(self) -> HealthCheck | None:
        """The check that restarts a running instance; None where the block is absent."""
        return _check(self.node.get("liveness_health_check"), LIVENESS)

    @property
    def http_port(self) -> int:
        return _whole(self.node.get("http_port"), 8080)

    @property
    def sources(self) -> list[ComponentSource]:
        found = ((host, self.node.get(host)) for host in (*_HOSTS, "git", "image"))
        return [_source(host, node) for host, node in found if node and node.is_mapping]

    @property
    def variables(self) -> list[SpecVariable]:
        return _variables(self.node, self.path)


@dataclass(frozen=True)
class AppSpec:
    """A whole spec. A deploy template wraps it in `spec:`."""

    name: str
    text: str
    node: Node
    is_template: bool
    components: tuple[SpecComponent, ...]

    @property
    def app_name(self) -> str:
        return _text(self.node.get("name")) or ""

    @property
    def variables(self) -> list[SpecVariable]:
        """Those of the whole app, then those of the components."""
        own = _variables(self.node, "")
        return own + [variable for component in self.components for variable in component.variables]

    @property
    def has_database(self) -> bool:
        """Whether the app has a database, as far as the spec shows."""
        declared = self.node.get("databases")
        return bool(declared and declared.children()) or any(
            any(word in variable.key.upper() for word in ("DATABASE", "MYSQL", "POSTGRES", "MONGO", "DB_"))
            for variable in self.variables
        )

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
    return AppSpec(name, text, node, is_template, tuple(_components(node, steps)))


def _components(node: Node, steps: tuple[str | int, ...]) -> Iterator[SpecComponent]:
    for section, kind in COMPONENTS.items():
        listed = node.get(section)
        for index, item in enumerate(listed.children() if listed else []):
            if item.is_mapping:
                name = _text(item.get("name")) or f"{section}[{index}]"
                yield SpecComponent(kind, name, item, f"{section}[{index}]", (*steps, section, index))


def _check(node: Node | None, fields: Mapping[str, Field]) -> HealthCheck | None:
    if node is None or not node.is_mapping:
        return None

    def seconds(name: str) -> int:
        return _whole(node.get(name), fields[name].default or 0)

    port = node.get("port")
    return HealthCheck(
        http_path=_text(node.get("http_path")) or _text(node.get("path")),
        port=_whole(port, 0) or None,
        initial_delay_seconds=seconds("initial_delay_seconds"),
        period_seconds=seconds("period_seconds"),
        timeout_seconds=seconds("timeout_seconds"),
        success_threshold=seconds("success_threshold"),
        failure_threshold=seconds("failure_threshold"),
    )


def defaults(fields: Mapping[str, Field]) -> HealthCheck:
    """What the platform does where the block is absent."""
    values = {
        name: field.default or 0 for name, field in fields.items() if name.endswith(("seconds", "threshold"))
    }
    return HealthCheck(http_path=None, port=None, **values)


def _source(host: str, node: Node) -> ComponentSource:
    pushed = node.get("deploy_on_push")
    value = pushed.real.value if pushed else None
    return ComponentSource(
        host,
        _text(node.get("repo")) or _text(node.get("repo_clone_url")) or _text(node.get("repository")),
        _text(node.get("branch")),
        value if isinstance(value, bool) else None,
        node,
    )


def _variables(node: Node, path: str) -> list[SpecVariable]:
    listed = node.get("envs")
    return [
        SpecVariable(
            _text(item.get("key")) or "",
            item,
            f"{path}.envs[{index}]" if path else f"envs[{index}]",
            _text(item.get("type")) == "SECRET",
            item.get("value"),
        )
        for index, item in enumerate(listed.children() if listed else [])
        if item.is_mapping
    ]


def _text(node: Node | None) -> str | None:
    return node.real.raw if node and not node.is_null and node.real.raw else None


def _whole(node: Node | None, default: int) -> int:
    value = node.real.value if node else None
    return value if isinstance(value, int) and not isinstance(value, bool) else default
