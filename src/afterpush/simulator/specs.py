"""App specs: making them, reading which components are built from what, and judging a proposed one.

The judging follows `app_spec.yml` as far as the simulation needs it, and like the platform it names only
the first mistake (digitalocean/godo issue 415).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("services", "workers", "jobs", "static_sites", "functions")
_FORGES = ("github", "gitlab", "bitbucket")
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
_TOP = {
    *KINDS,
    "name",
    "region",
    "databases",
    "domains",
    "ingress",
    "egress",
    "envs",
    "alerts",
    "features",
} | {
    "maintenance",
    "vpc",
    "disable_edge_cache",
    "disable_email_obfuscation",
    "enhanced_threat_control_enabled",
}
_HEALTH_BOUNDS = {
    "port": (1, 65535),
    "initial_delay_seconds": (0, 3600),
    "period_seconds": (1, 300),
    "timeout_seconds": (1, 120),
    "success_threshold": (1, 50),
    "failure_threshold": (1, 50),
}
_MONTHLY_DOLLARS = {"services": 5, "workers": 5, "jobs": 0, "static_sites": 0, "functions": 0}


@dataclass(frozen=True)
class Component:
    """A component and what it is built from; `repo` is owner/name, None for images and plain git URLs."""

    kind: str
    name: str
    repo: str | None
    branch: str | None
    deploy_on_push: bool
    is_image: bool


def components(spec: Mapping[str, Any]) -> list[Component]:
    """Every component of a spec, in the API's order of kinds."""
    return [_component(kind, entry) for kind in KINDS for entry in spec.get(kind) or ()]


def _component(kind: str, entry: Mapping[str, Any]) -> Component:
    source: Mapping[str, Any] = next((entry[forge] for forge in _FORGES if entry.get(forge)), {})
    plain: Mapping[str, Any] = entry.get("git") or {}
    return Component(
        kind,
        entry["name"],
        source.get("repo"),
        source.get("branch") or plain.get("branch"),
        bool(source.get("deploy_on_push")),
        "image" in entry,
    )


def from_github(
    name: str, repo: str, branch: str = "main", *, deploy_on_push: bool = True, **more: Any
) -> dict[str, Any]:
    """A component that is built from a GitHub repository (`owner/name`)."""
    source = {"repo": repo, "branch": branch, "deploy_on_push": deploy_on_push}
    return {"name": name, "github": source, **more}


def from_image(name: str, repository: str, tag: str = "latest", **more: Any) -> dict[str, Any]:
    """A component that is a ready image."""
    image = {"registry_type": "DOCR", "repository": repository, "tag": tag}
    return {"name": name, "image": image, **more}


def app_spec(
    name: str = "shop", repo: str = "acme/shop", branch: str = "main", *, deploy_on_push: bool = True
) -> dict[str, Any]:
    """The usual app: one service `web`, built from a branch of a repository."""
    web = from_github("web", repo, branch, deploy_on_push=deploy_on_push)
    return {
        "name": name,
        "region": "fra",
        "services": [
            web
            | {
                "http_port": 8080,
                "instance_count": 1,
                "instance_size_slug": "apps-s-1vcpu-0.5gb",
                "health_check": {"http_path": "/health"},
            }
        ],
    }


def first_mistake(spec: object) -> str | None:
    """What the platform would reject in a spec, in its form of words, or None."""
    return next(_mistakes(spec), None)


def _mistakes(spec: object) -> Iterator[str]:
    if not isinstance(spec, dict):
        yield "app spec is required"
        return
    for key in spec:
        if key not in _TOP:
            yield f'json: unknown field "{key}"'
    if not _NAME.match(str(spec.get("name", ""))):
        yield _wrong("name", "must match the regex ^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
    names: set[str] = set()
    for kind in KINDS:
        for entry in spec.get(kind) or ():
            yield from _mistakes_of(kind, entry, names)
    if not any(spec.get(kind) for kind in KINDS):
        yield _wrong("name", "the app must have at least one component")


def _mistakes_of(kind: str, entry: object, names: set[str]) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield _wrong(kind, "must be a list of components")
        return
    name = str(entry.get("name", ""))
    if not _NAME.match(name):
        yield _wrong(f"{kind}.name", "must match the regex ^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
    if name in names:
        yield _wrong(f"{kind}.name", f'component name "{name}" is used more than once')
    names.add(name)
    if not any(entry.get(source) for source in (*_FORGES, "git", "image")):
        yield _wrong(f"{kind}", f'component "{name}" has no source')
    checks = entry.get("health_check") or {}
    for key, value in checks.items():
        low, high = _HEALTH_BOUNDS.get(key, (0, 0))
        if key in _HEALTH_BOUNDS and not (isinstance(value, int) and low <= value <= high):
            yield _wrong(f"{kind}.health_check.{key}", f"must be between {low} and {high}")
        if key not in _HEALTH_BOUNDS and key not in ("http_path", "path"):
            yield f'json: unknown field "{key}"'


def _wrong(path: str, said: str) -> str:
    return f'error validating app spec field "{path}": {said}'


def normalised(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec as the platform gives it back: with its defaults filled in."""
    complete = {"region": "fra", **spec}
    for kind in ("services", "workers", "jobs"):
        if spec.get(kind):
            defaults = {"instance_count": 1, "instance_size_slug": "apps-s-1vcpu-0.5gb"}
            ports = {"http_port": 8080} if kind == "services" else {}
            complete[kind] = [defaults | ports | entry for entry in spec[kind]]
    return complete


def monthly_dollars(spec: Mapping[str, Any]) -> int:
    """What the app would cost: the smallest size for every instance."""
    return sum(
        _MONTHLY_DOLLARS[kind] * int(entry.get("instance_count", 1))
        for kind in KINDS
        for entry in spec.get(kind) or ()
    )
