"""What makes a health check lie: rules that go beyond types and bounds."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from afterpush.appspec.healthcheck.startup import SHORT_BUDGET_SECONDS, Startup
from afterpush.appspec.schema import health_check_fields
from afterpush.appspec.spec import AppSpec, HealthCheck, SpecComponent, defaults
from afterpush.appspec.templates import could_match
from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.appspec.yaml_tree import Node
from afterpush.infra.invocation import program

_LIVENESS_NAME = re.compile(r"(?:^|[/_-])(?:live|livez|liveness|alive|ping)(?:$|[/_.-])", re.IGNORECASE)
_READINESS_NAME = re.compile(r"(?:^|[/_-])(?:ready|readyz|readiness)(?:$|[/_.-])", re.IGNORECASE)


def health_problems(spec: AppSpec, startup: Startup | None) -> Iterator[SpecProblem]:
    """Problems of all health checks; `startup` is how long a start takes, if known."""
    for component in spec.components:
        if component.kind == "service":
            yield from _service_problems(component, startup)
        for name, check in (
            ("health_check", component.readiness),
            ("liveness_health_check", component.liveness),
        ):
            if check:
                yield from _check_problems(component, name, check)
        if component.liveness:
            yield from _liveness_problems(component, component.liveness, startup)


def is_liveness_name(path: str) -> bool:
    """Whether a path by its name tells that the process lives, and no more."""
    return bool(_LIVENESS_NAME.search(path))


def _service_problems(component: SpecComponent, startup: Startup | None) -> Iterator[SpecProblem]:
    check, node = component.readiness, component.node
    if not check:
        yield from _unchecked_problems(component, startup)
        return
    if check.http_path and is_liveness_name(check.http_path):
        yield warning(
            _path_of(node.at("health_check")),
            f"{check.http_path} looks like a liveness endpoint: it stays green while the database is down, "
            "and the deployment goes live anyway",
            "point health_check at the readiness endpoint",
        )
    yield from _startup_problems(component, node.key_of("health_check"), check, startup)


def _path_of(check: Node) -> Node:
    """Where the path of a check is, or is to be: `path` is its old name."""
    return check.get("http_path") or check.at("path").placed(check.at("http_path").path)


def _unchecked_problems(component: SpecComponent, startup: Startup | None) -> Iterator[SpecProblem]:
    """The platform's own check is one too: it opens a connection, and its window can be too short."""
    said = component.node.at("health_check")
    if not said.is_null:
        return  # Something is there that is no mapping: that is reported as such.
    yield warning(
        component.node,
        f"service {component.name} has no health_check: the platform only opens a TCP connection, "
        "so a process that listens and fails every request goes live",
        f"measure one with {program()} doappspec.healthcheck",
    )
    if startup:
        yield from _startup_problems(component, said, defaults(health_check_fields()), startup)


def _startup_problems(
    component: SpecComponent, node: Node, check: HealthCheck, startup: Startup | None
) -> Iterator[SpecProblem]:
    given_up = f"the platform gives service {component.name} up after {_sum(check)}"
    raising = f"raise failure_threshold; {program()} doappspec.healthcheck computes it"
    if startup is None:
        if check.budget_seconds < SHORT_BUDGET_SECONDS:
            yield warning(
                node,
                f"{given_up}; how long it takes to start was not measured",
                f"run {program()} doappspec.healthcheck during a start, or pass --startup-seconds",
            )
    elif check.budget_seconds < startup.seconds:
        # A bound from deployments that went live proves no error: the start was only a part of them.
        yield (error if startup.is_exact else warning)(node, f"{given_up}, but {startup}", raising)
    elif startup.is_exact and check.budget_seconds < startup.seconds * 1.5:
        yield warning(node, f"{given_up}, which leaves little: {startup}", raising)


def _check_problems(component: SpecComponent, name: str, check: HealthCheck) -> Iterator[SpecProblem]:
    node = component.node.at(name)
    if not check.http_path:
        yield warning(
            component.node.key_of(name),
            f"{name} of {component.name} has no http_path, which silently means a TCP check: "
            "whatever listens counts as healthy",
            "add http_path: with an endpoint that answers for the app",
        )
    else:
        yield from _path_problems(_path_of(node), check.http_path)
    if check.timeout_seconds >= check.period_seconds:
        yield warning(
            node.at("timeout_seconds" if node.get("timeout_seconds") else "period_seconds"),
            f"the timeout ({check.timeout_seconds} s) is not shorter than the period "
            f"({check.period_seconds} s): the next check is due before this one has failed",
            "make timeout_seconds smaller than period_seconds",
        )
    ports = {component.http_port} | {item.real.value for item in component.node.children("internal_ports")}
    if component.kind == "service" and check.port and check.port not in ports:
        yield warning(
            node.at("port"),
            f"port {check.port} is neither the http_port ({component.http_port}) nor one of the "
            "internal_ports; the platform has refused such specs",
            "remove port, or add it to internal_ports",
        )


def _path_problems(node: Node, path: str) -> Iterator[SpecProblem]:
    if not could_match("^/", path):
        own = urlsplit(path).path or "/" if "://" in path else f"/{path}"
        message = f"http_path is {_without_query(path)}, which does not begin with /"
        yield error(node, message, f"write {_without_query(own)}")
    if path == "/":
        yield warning(
            node,
            "http_path is /, where a catch-all route answers 200 with a page whatever state the app is in",
            "name an endpoint that answers for the app, such as /health/ready",
        )


def _liveness_problems(
    component: SpecComponent, check: HealthCheck, startup: Startup | None
) -> Iterator[SpecProblem]:
    readiness = component.readiness
    node = _path_of(component.node.at("liveness_health_check"))
    asks_nothing_else = "point liveness_health_check at an endpoint that asks nothing else"
    if check.http_path and _READINESS_NAME.search(check.http_path):
        yield warning(
            node,
            f"{check.http_path} looks like a readiness endpoint: when the database is away, "
            "the platform restarts instances that a restart cannot help",
            asks_nothing_else,
        )
    elif check.http_path and readiness and check.http_path == readiness.http_path:
        yield warning(
            node,
            f"liveness and readiness ask the same endpoint {check.http_path}: if it depends on the database, "
            "an outage there restarts every instance",
            asks_nothing_else,
        )
    if startup and check.budget_seconds < startup.seconds:
        yield (error if startup.is_exact else warning)(
            component.node.key_of("liveness_health_check"),
            f"{component.name} is restarted after {_sum(check)} without an answer, but {startup}: "
            "it never gets there",
            "raise initial_delay_seconds above the start-up",
        )


def _without_query(path: str) -> str:
    """A query may hold a key."""
    return path.partition("?")[0].rpartition("@")[2]


def _sum(check: HealthCheck) -> str:
    return (
        f"{check.budget_seconds} s ({check.initial_delay_seconds} + "
        f"{check.period_seconds} x {check.failure_threshold})"
    )
