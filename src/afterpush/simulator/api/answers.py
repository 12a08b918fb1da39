"""The documents that the API answers with, beside apps and deployments themselves."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from afterpush.simulator.api.exchange import Refused, Request


def listed(request: Request, key: str, documents: Sequence[Any]) -> dict[str, Any]:
    """The page of a list that is asked for, with the links and the total as the API gives them."""
    try:
        number, size = int(request.query.get("page", 1)), int(request.query.get("per_page", 20))
    except ValueError as error:
        raise Refused(400, "bad_request", "page and per_page must be whole numbers") from error
    if number < 1 or not 1 <= size <= 200:
        raise Refused(400, "bad_request", "page must be at least 1, per_page between 1 and 200")
    last = max(1, -(-len(documents) // size))
    links = {"first": 1, "prev": number - 1} if number > 1 else {}
    links |= {"next": number + 1, "last": last} if number < last else {}
    address = f"{request.base}{quote(request.path)}"
    pages = {name: f"{address}?{urlencode({**request.query, 'page': to})}" for name, to in links.items()}
    return {
        key: list(documents[(number - 1) * size : number * size]),
        "links": {"pages": pages} if pages else {},
        "meta": {"total": len(documents)},
    }


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
