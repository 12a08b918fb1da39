"""The simulated platform itself: apps and deployments that live by an injected clock."""

import random
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from afterpush.infra.clock import Clock, SystemClock
from afterpush.simulator.apps import App, app_document
from afterpush.simulator.deployments import Cause, Deployment, advance, push_cause
from afterpush.simulator.scenario import BUILDING, Plan, Stage, live
from afterpush.simulator.specs import app_spec, components, normalised

TOKEN = "simulated-token"
FULL_ACCESS = frozenset({"app:read", "app:update"})


@dataclass(eq=False)
class FakePlatform:
    """Apps and their deployments. Methods say what happens; reading says what is so by now.

    `plans` are the futures of the next pushes, in order; after them comes `default_plan`. `speed` divides
    every duration of a plan. `replaced_phase` is what a newer deployment makes of the one in flight.
    `refuses_sockets`: a proxy on the way knows no WebSockets.
    All methods may be called from several threads.
    """

    clock: Clock = field(default_factory=SystemClock)
    tokens: dict[str, frozenset[str]] = field(default_factory=lambda: {TOKEN: FULL_ACCESS})
    speed: float = 1
    plans: list[Plan] = field(default_factory=list)
    default_plan: Plan = field(default_factory=live)
    replaced_phase: str = "CANCELED"
    date_skew_seconds: float = 0
    refuses_sockets: bool = False
    seed: int = 0
    apps: dict[str, App] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self._random = random.Random(self.seed)

    # What happens.

    def add_app(self, spec: Mapping[str, Any] | None = None, *, live_sha: str | None = None) -> App:
        """A new app (by default one service `web` of acme/shop, branch main).

        With `live_sha` its first deployment, of that commit, is long live.
        """
        with self.lock:
            now = self.clock.now()
            app = App(self._new_id(), normalised(spec or app_spec()), now, now)
            self.apps[app.id] = app
            if live_sha:
                age = live().seconds + 3600
                commits = {part.name: live_sha for part in components(app.spec) if not part.is_image}
                cause = Cause("MANUAL", "initial deployment")
                self._add(app, replace(live(), appears_after_seconds=-age), commits, cause, speed=1)
                app.created_at = app.updated_at = now - age
            return app

    def push(
        self,
        sha: str,
        branch: str = "main",
        message: str = "Change",
        author: str = "Ada",
        *,
        repo: str | None = None,
        plan: Plan | None = None,
    ) -> list[Deployment]:
        """Somebody pushed: every app with a component of that branch that deploys on push gets a deployment.

        `repo` (owner/name) is needed only where several repositories are in play.
        """
        with self.lock:
            made = []
            for app in (one for one in self.apps.values() if not one.pinned_id):
                parts = [
                    part
                    for part in components(app.spec)
                    if part.deploy_on_push and part.branch == branch and repo in (None, part.repo)
                ]
                if parts:
                    commits = self._last_commits(app) | {part.name: sha for part in parts}
                    cause = push_cause(sha, parts[0].repo or "", branch, message, author)
                    made.append(self._add(app, plan or self._next_plan(), commits, cause))
            return made

    def deploy(
        self,
        app: App,
        *,
        type: str = "MANUAL",
        sha: str | None = None,
        plan: Plan | None = None,
        cause: str = "manual",
        details: Mapping[str, Any] | None = None,
    ) -> Deployment:
        """A deployment that no push caused: of `sha`, or of what was deployed last."""
        with self.lock:
            commits = self._last_commits(app)
            if sha:
                commits |= {part.name: sha for part in components(app.spec) if not part.is_image}
            reused = () if sha else tuple(commits)
            at_once = replace(plan or self._next_plan(), appears_after_seconds=0)
            return self._add(app, at_once, commits, Cause(type, cause, details or {}), reused=reused)

    def cancel(self, deployment: Deployment) -> None:
        """Somebody cancels it; without effect when it has ended."""
        with self.lock:
            self.advance()
            if deployment.is_in_flight:
                deployment.end("CANCELED", self.clock.now())

    # What is so.

    def advance(self) -> None:
        """Lets everything happen that is due by now, in the order of its time."""
        advance(self.deployments, self.clock.now(), self.replaced_phase, self._roll_back)

    def history(self, app_id: str) -> list[Deployment]:
        """The deployments of an app that the platform shows by now, newest first."""
        self.advance()
        shown = [one for one in self.deployments if one.app_id == app_id and one.has_appeared]
        return sorted(shown, key=lambda one: one.created_at, reverse=True)

    def active(self, app_id: str) -> Deployment | None:
        """The deployment that serves the app."""
        return next((one for one in self.history(app_id) if one.final == "ACTIVE"), None)

    def live_commit(self, app_id: str) -> str | None:
        """The commit that the app's first component runs: what its health endpoint would tell."""
        with self.lock:
            active = self.active(app_id)
            return next(iter(active.commits.values()), None) if active else None

    def app_document(self, app: App) -> dict[str, Any]:
        """What the API answers for an app, with the deployments that it embeds."""
        return app_document(app, self.history(app.id), self.clock.now())

    # How it comes about.

    def _next_plan(self) -> Plan:
        return self.plans.pop(0) if self.plans else self.default_plan

    def _add(
        self,
        app: App,
        plan: Plan,
        commits: dict[str, str],
        cause: Cause,
        *,
        at: float | None = None,
        speed: float | None = None,
        reused: Iterable[str] = (),
        clone_of: Deployment | None = None,
    ) -> Deployment:
        own = plan.faster(self.speed if speed is None else speed)
        now = self.clock.now() if at is None else at
        made = Deployment(
            id=self._new_id(),
            app_id=app.id,
            created_at=now + own.appears_after_seconds,
            plan=own,
            spec=clone_of.spec if clone_of else app.spec,
            commits=commits,
            cause=cause,
            cloned_from=clone_of.id if clone_of else None,
            reused=tuple(reused),
        )
        self.deployments.append(made)
        self.advance()
        return made

    def _roll_back(self, target: Deployment, at: float) -> None:
        """After a failure the platform deploys what was live again, as a deployment of its own."""
        plan = replace(
            live(),
            stages=(Stage("PENDING_BUILD", 1), Stage(BUILDING, 4), *live().stages[2:]),
            appears_after_seconds=1,
            rolls_back=False,
        )
        cause = Cause("AUTO_ROLLBACK", f"automatic rollback to deployment {target.id}", {"internal": True})
        app = self.apps[target.app_id]
        self._add(app, plan, dict(target.commits), cause, at=at, reused=target.commits, clone_of=target)

    def _last_commits(self, app: App) -> dict[str, str]:
        mine = [one for one in self.deployments if one.app_id == app.id]
        return dict(max(mine, key=lambda one: one.created_at).commits) if mine else {}

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
