"""What the platform runs at this moment: the live deployment, and those on their way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from afterpush.deploy.watch.platform_source import PlatformSource
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.deployed_commits import Kinship, Ours, carried
from afterpush.digitalocean.deployment import Deployment, Spec, read_app, read_deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.clock import local_time
from afterpush.infra.errors import AfterpushError


@dataclass(frozen=True)
class RunningDeployment:
    """A deployment as it stands. `sha` is None when it does not tell its commit; times are epoch seconds."""

    sha: str | None
    deployment_id: str
    phase: str
    since: float | None

    @property
    def name(self) -> str:
        """For people: the short sha, else the deployment's id."""
        return self.sha[:7] if self.sha else f"deployment {self.deployment_id}"


@dataclass(frozen=True)
class Production:
    """What is live, and what is on its way."""

    live: RunningDeployment | None
    coming: tuple[RunningDeployment, ...]


def production(app: dict[str, Any], wanted: Wanted) -> Production:
    """Read from an app as the API tells it. Raises ValueError when its deployments are unusable."""
    spec = read_app(app).spec
    keys = ("in_progress_deployment", "pending_deployment")
    coming = [_standing(app[key], wanted, spec) for key in keys if isinstance(app.get(key), dict)]
    active = app.get("active_deployment")
    return Production(
        live=_standing(active, wanted, spec) if isinstance(active, dict) else None,
        coming=tuple({entry.deployment_id: entry for entry in coming}.values()),
    )


class _Strangers:
    """No commit is ours: only what is told counts."""

    def is_ours(self, commit: str) -> bool:
        return False

    def kinship(self, commit: str) -> Kinship:
        return Kinship.OTHER

    def full(self, commit: str) -> str:
        return commit


def _standing(document: Any, wanted: Wanted, spec: Spec | None) -> RunningDeployment:
    deployment = read_deployment(document)
    ours = carried(deployment, Ours(wanted.repos, wanted.branches), spec, _Strangers()).sha
    # An app that is configured by name may be built from a repository that the remote's URL does not tell.
    built = {one.commit for one in carried(deployment, Ours(), spec, _Strangers()).built}
    sha = ours or (built.pop() if len(built) == 1 else None)
    return RunningDeployment(sha, deployment.id, deployment.phase, deployment.phase_since)


def look_at_production(api: AppPlatform, wanted: Wanted) -> Production:
    """One look at the app. Raises AfterpushError when the API cannot be asked or its answer is unusable."""
    try:
        return production(find_app(api, wanted), wanted)
    except ValueError as error:
        raise ApiFailure(f"the platform's answer is unusable: {error}") from error


def production_if_told(api: AppPlatform, wanted: Wanted, warn: Callable[[str], None]) -> Production | None:
    """The same for who can do without: None when it cannot be had, and `warn` is told why."""
    try:
        return look_at_production(api, wanted)
    except AfterpushError as error:
        warn(str(error))
        return None


def predecessor(source: PlatformSource, failed: Deployment, wanted: Wanted, now: float) -> str | None:
    """After a failure: which commit production still runs, as a sentence. None when it is not known."""
    if source.app is None:
        return None
    try:
        app = source.api.get(path_of("apps", source.app.id)).get("app")
        live = production(app, wanted).live if isinstance(app, dict) else None
    except (ApiFailure, ValueError):
        return None
    if live is None or live.deployment_id == failed.id:
        return None
    since = f" from {local_time(live.since, now)}" if live.since else ""
    return f"production still runs {live.name}{since}"
