"""Deployments that no push makes: pipelines, restarts, the autoscaler, rollbacks by hand."""

from typing import Any

from afterpush.simulator.apps import App
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.scenario import Plan
from tests.support.faults import FakePlatform


def _by_user(action: str) -> dict[str, Any]:
    """What the API tells of a deployment that somebody asked for (known from its Go client)."""
    user = {"email": "ada@example.org", "full_name": "Ada"}
    return {"digitalocean_user_action": {"user": user, "name": action}}


def pipeline(platform: FakePlatform, app: App, sha: str, plan: Plan | None = None) -> Deployment:
    """A pipeline brings a commit, as the official deploy action does: it updates the spec."""
    return platform.deploy(app, sha=sha, plan=plan, cause="app spec updated", details=_by_user("UPDATE_SPEC"))


def restart(platform: FakePlatform, app: App, plan: Plan | None = None) -> Deployment:
    """Somebody restarts the app: an exact copy of what was deployed last, the commits too."""
    return platform.deploy(app, plan=plan, cause="app restarted", details=_by_user("RESTART"))


def autoscale(platform: FakePlatform, app: App, plan: Plan | None = None) -> Deployment:
    """The autoscaler changes the number of instances, which is a deployment of the same commits."""
    return platform.deploy(app, type="AUTOSCALED", plan=plan, cause="autoscaled", details={"internal": True})


def roll_back(platform: FakePlatform, app: App, to: Deployment, plan: Plan | None = None) -> Deployment:
    """Somebody goes back to an older deployment; the app stays pinned to it until that is undone."""
    made = platform.deploy(
        app,
        type="MANUAL_ROLLBACK",
        sha=next(iter(to.commits.values()), None),
        plan=plan,
        cause=f"rollback to deployment {to.id}",
        details=_by_user("ROLLBACK_APP"),
    )
    app.pinned_id = made.id
    return made
