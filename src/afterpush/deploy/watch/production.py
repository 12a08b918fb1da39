"""What the platform runs at this moment: the live deployment, and those on their way."""

from collections.abc import Callable
from dataclasses import dataclass

from afterpush.deploy.watch.outcome import InProduction
from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.deployed_commits import Kinship, Ours, carried
from afterpush.digitalocean.deployment import App, Deployment, Spec, read_app
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.find_app import Wanted, find_app
from afterpush.infra.clock import rfc3339
from afterpush.infra.errors import AfterpushError


@dataclass(frozen=True)
class Production:
    """What is live, and what is on its way, each with its phase."""

    live: InProduction | None
    coming: tuple[tuple[str, InProduction], ...]


def production(app: App, wanted: Wanted) -> Production:
    """What an app tells of itself."""
    coming = [one for one in (app.in_progress_deployment, app.pending_deployment) if one]
    told = {one.id: (one.phase, in_production(one, wanted, app.spec)) for one in coming}
    live = in_production(app.active_deployment, wanted, app.spec) if app.active_deployment else None
    return Production(live, tuple(told.values()))


class _Strangers:
    """No commit is ours: only what the platform reports counts."""

    def is_ours(self, commit: str) -> bool:
        return False

    def kinship(self, commit: str) -> Kinship:
        return Kinship.OTHER

    def full(self, commit: str) -> str:
        return commit


def in_production(deployment: Deployment, wanted: Wanted, spec: Spec | None) -> InProduction:
    """A deployment with the commit that it carries."""
    ours = carried(deployment, Ours(wanted.repos, wanted.branches), spec, _Strangers()).sha
    # An app that is configured by name may be built from a repository that the remote's URL does not tell.
    built = {one.commit for one in carried(deployment, Ours(), spec, _Strangers()).built}
    sha = ours or (built.pop() if len(built) == 1 else None)
    since = deployment.phase_since
    return InProduction(sha, rfc3339(since) if since else None, deployment.id)


def look_at_production(api: AppPlatform, wanted: Wanted) -> Production:
    """One look at the app. Raises AfterpushError when the API cannot be asked or its answer is unusable."""
    try:
        return production(read_app(find_app(api, wanted)), wanted)
    except ValueError as error:
        raise ApiFailure(f"the platform's answer is unusable: {error}") from error


def production_if_told(api: AppPlatform, wanted: Wanted, warn: Callable[[str], None]) -> Production | None:
    """The same for callers that can do without it: None when it cannot be had; `warn` gets the reason."""
    try:
        return look_at_production(api, wanted)
    except AfterpushError as error:
        warn(str(error))
        return None
