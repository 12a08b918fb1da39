"""Whether the platform itself sees the running components ready: workers too, which have no URL to ask.

Fact: `GET /v2/apps/ID/health` tells for each component a state, and how many of the desired instances are
ready (models/app_component_health.yml); the scope app:read is enough.
"""

from collections.abc import Mapping
from typing import Any

from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.health_verdict import Readiness, settled
from afterpush.digitalocean.lenient_json import read_as
from afterpush.digitalocean.steps import Wire
from afterpush.infra.clock import Clock

_INTERVAL_SECONDS = 4.0


class ComponentHealth(Wire, frozen=True):
    """One component: its state in the platform's word, and its instances; the API leaves zeros out."""

    name: str = ""
    state: str = "UNKNOWN"
    replicas_ready: int = 0
    replicas_desired: int = 0

    @property
    def is_ready(self) -> bool | None:
        """None: the platform does not know, or nothing is meant to run."""
        if self.state == "UNHEALTHY" or self.replicas_ready < self.replicas_desired:
            return False
        return True if self.replicas_desired > 0 or self.state == "HEALTHY" else None

    def __str__(self) -> str:
        instances = f"{self.replicas_ready} of {self.replicas_desired} instances"
        return f"{self.name} {self.state}, {instances} ready"


class AppHealth(Wire, frozen=True):
    components: tuple[ComponentHealth, ...] = ()


class HealthAnswer(Wire, frozen=True):
    app_health: AppHealth = AppHealth()


def platform_ready(api: AppPlatform, app_id: str, clock: Clock, limit_seconds: float) -> Readiness | None:
    """What the platform sees; it is asked again until all is ready or the time is over.

    None where it does not answer or knows nothing: then nobody said that the app is not ready.
    """

    def ask() -> Readiness | None:
        try:
            return judge_components(api.get(path_of("apps", app_id, "health")))
        except (ApiFailure, ValueError):
            return None

    return settled(ask, clock, limit_seconds, _INTERVAL_SECONDS)


def judge_components(answer: Mapping[str, Any]) -> Readiness | None:
    """The judgement on an answer of the API."""
    listed = read_as(answer, HealthAnswer).app_health.components
    known = [one for one in listed if one.name and one.is_ready is not None]
    late = [str(one) for one in known if not one.is_ready]
    if late:
        return Readiness(False, False, f"the platform says: {'; '.join(late)}")
    names = ", ".join(one.name for one in known)
    return Readiness(True, False, f"the platform sees {names} ready") if known else None
