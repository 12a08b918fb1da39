"""The documents that the API answers with, beside apps and deployments themselves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.simulator.specs import components, first_mistake, monthly_dollars, normalised

__all__ = ["Page", "components", "first_mistake", "health", "listed", "normalised", "proposal"]


@dataclass(frozen=True)
class Page:
    """Which part of a list; numbered from one."""

    number: int
    size: int


def listed(key: str, documents: Sequence[Any], page: Page, link: Callable[[int], str]) -> dict[str, Any]:
    """One page of a list, with the links and the total as the API gives them."""
    last = max(1, -(-len(documents) // page.size))
    pages: dict[str, str] = {}
    if page.number > 1:
        pages |= {"first": link(1), "prev": link(page.number - 1)}
    if page.number < last:
        pages |= {"next": link(page.number + 1), "last": link(last)}
    start = (page.number - 1) * page.size
    return {
        key: list(documents[start : start + page.size]),
        "links": {"pages": pages} if pages else {},
        "meta": {"total": len(documents)},
    }


def proposal(spec: Mapping[str, Any], taken_names: Collection[str]) -> dict[str, Any]:
    """What the platform says to a spec that it would accept."""
    available = spec["name"] not in taken_names
    suggestion = {} if available else {"app_name_suggestion": f"{spec['name']}2"[:32]}
    return {
        "app_name_available": available,
        "app_is_static": all(part.kind == "static_sites" for part in components(spec)),
        "existing_static_apps": "0",
        "spec": normalised(spec),
        "app_cost": monthly_dollars(spec),
    } | suggestion


def health(spec: Mapping[str, Any], *, is_serving: bool) -> dict[str, Any]:
    """The health of each component that runs all the time."""
    shown = [
        {
            "name": entry["name"],
            "cpu_usage_percent": 3.5 if is_serving else 0.0,
            "memory_usage_percent": 41.0 if is_serving else 0.0,
            "replicas_desired": int(entry.get("instance_count", 1)),
            "replicas_ready": int(entry.get("instance_count", 1)) if is_serving else 0,
            "state": "HEALTHY" if is_serving else "UNKNOWN",
        }
        for kind in ("services", "workers")
        for entry in spec.get(kind) or ()
    ]
    return {"app_health": {"components": shown}}
