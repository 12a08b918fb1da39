"""App specs: making them, and reading which components are built from what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("services", "workers", "jobs", "static_sites", "functions")
_FORGES = ("github", "gitlab", "bitbucket")


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


def normalised(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec as the platform gives it back: with its defaults filled in."""
    complete = {"region": "fra", **spec}
    for kind in ("services", "workers", "jobs"):
        if spec.get(kind):
            defaults = {"instance_count": 1, "instance_size_slug": "apps-s-1vcpu-0.5gb"}
            ports = {"http_port": 8080} if kind == "services" else {}
            complete[kind] = [defaults | ports | entry for entry in spec[kind]]
    return complete
