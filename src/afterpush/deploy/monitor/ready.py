"""Whether the app answers ready, as this commit and not as the one before it."""

from afterpush.deploy.monitor.setup import Prepared, health_url
from afterpush.deploy.watch.sources.health import shown_commit
from afterpush.digitalocean.component_health import platform_ready
from afterpush.digitalocean.deployed_commits import Kin, Kinship
from afterpush.digitalocean.readiness import Readiness, judged_at, settled
from afterpush.infra.clock import Clock
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.configuration.variables import Environment
from afterpush.infra.http import Client, Response


def readiness_of(
    prepared: Prepared, settings: Settings, environment: Environment, clock: Clock
) -> Readiness | None:
    """By the health URL, else by what the platform sees; None where neither says anything."""
    # `--timeout` bounds this wait too.
    seconds = min(settings.health.ready_seconds, max(prepared.countdown.left(), 0.0))
    url = health_url(settings, environment)
    if url:
        return is_ready(url, settings.health.commit_field, prepared.kin, clock, seconds)
    platform = prepared.platform
    if platform is None or platform.app is None:
        return None
    return platform_ready(platform.api, platform.app.id, clock, seconds)


def is_ready(url: str, commit_field: str | None, kin: Kin, clock: Clock, limit_seconds: float) -> Readiness:
    """Asks until this commit, or one that contains it, is ready, or the time is over.

    A body that names no commit tells nothing about whose it is: then the answer counts.
    """
    client = Client(timeout_seconds=10)

    def judged(response: Response) -> Readiness:
        readiness, shown = judged_at(client, url, response), shown_commit(response.body, commit_field)
        is_ours = shown is None or kin.kinship(shown) in (Kinship.SAME, Kinship.CONTAINS)
        if is_ours or not readiness.ready:
            return readiness
        return Readiness(False, False, f"it still shows {shown[:7] if shown else ''}")

    return settled(lambda: client.get(url), clock, limit_seconds, judged=judged)
