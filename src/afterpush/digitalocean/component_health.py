"""Whether the platform itself sees the running components ready: workers too, which have no URL to ask.

Fact: `GET /v2/apps/ID/health` tells for each component a state, and how many of the desired instances are
ready (models/app_component_health.yml); the scope app:read is enough.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.readiness import Readiness
from afterpush.infra.clock import Clock

_INTERVAL_SECONDS = 4.0


@dataclass(frozen=True)
class ComponentHealth:
    """One component: its state in the platform's word, and its instances."""

    name: str
    state: str
    ready: int
    desired: int

    @property
    def is_ready(self) -> bool | None:
        """None: the platform does not know, or nothing is meant to run."""
        if self.state == "UNHEALTHY" or 0 <= self.ready < self.desired:
            return False
        return True if self.desired > 0 or self.state == "HEALTHY" else None

    def __str__(self) -> str:
        return f"{self.name} {self.state}, {self.ready} of {self.desired} instances ready"


def platform_ready(
    api: AppPlatform, app_id: str, clock: Clock | None = None, limit_seconds: float = 0
) -> Readiness | None:
    """What the platform sees; with a limit it is asked again until all is ready or the time is over.

    None where it does not answer or knows nothing: then nobody said that the app is not ready.
    """
    deadline = clock.monotonic() + limit_seconds if clock else 0.0
    while True:
        try:
            found = judge_components(api.get(path_of("apps", app_id, "health")))
        except ApiFailure:
            return None
        left = deadline - clock.monotonic() if clock else 0.0
        if found is None or found.ready or clock is None or left <= 0:
            return found
        clock.sleep(min(_INTERVAL_SECONDS, left))


def judge_components(answer: Mapping[str, Any]) -> Readiness | None:
    """The judgement on an answer of the API."""
    known = [one for one in _components(answer) if one.is_ready is not None]
    late = [str(one) for one in known if not one.is_ready]
    if late:
        return Readiness(False, False, f"the platform says: {'; '.join(late)}")
    names = ", ".join(one.name for one in known)
    return Readiness(True, False, f"the platform sees {names} ready") if known else None


def _components(answer: Mapping[str, Any]) -> Iterator[ComponentHealth]:
    health = answer.get("app_health")
    listed = health.get("components") if isinstance(health, dict) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            state = entry.get("state")
            yield ComponentHealth(
                entry["name"],
                state if isinstance(state, str) else "UNKNOWN",
                _count(entry.get("replicas_ready")),
                _count(entry.get("replicas_desired")),
            )


def _count(value: object) -> int:
    """A count; the API leaves zeros out."""
    return value if isinstance(value, int) and value > 0 else 0
