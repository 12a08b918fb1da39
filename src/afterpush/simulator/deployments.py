"""Deployments: their state, which follows from their plans and the time, and their documents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from afterpush.simulator.scenario import BUILDING, DEPLOYING, Plan
from afterpush.simulator.specs import KINDS, components
from afterpush.simulator.steps import ZERO_TIME, Step, nanoseconds, progress, seconds_only, step_tree


@dataclass(frozen=True)
class Cause:
    """Why a deployment exists: `type` is one of the API's filter values, `text` its sentence."""

    type: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


def push_cause(sha: str, repo: str, branch: str, message: str, author: str) -> Cause:
    """What the platform writes about a deployment that a push to a GitHub repository caused."""
    push = {
        "commit_sha": sha,
        "commit_author": author,
        "commit_message": message,
        "username": author.lower(),
        "github": {"repo": repo, "branch": branch, "deploy_on_push": True},
    }
    return Cause("DEPLOY_ON_PUSH", f"commit {sha[:7]} pushed to github/{repo}", {"git_push": push})


@dataclass(eq=False)
class Deployment:
    """A deployment of an app. `final` is set when it has ended; until then the plan tells its phase.

    `commits` holds the commit of each component that is built from source.
    """

    id: str
    app_id: str
    created_at: float
    plan: Plan
    spec: dict[str, Any]
    commits: dict[str, str]
    cause: Cause
    previous_id: str | None = None
    cloned_from: str | None = None
    reused: tuple[str, ...] = ()
    has_appeared: bool = False
    final: str | None = None
    changed_at: float | None = None
    stopped_at: float | None = None

    @property
    def due_at(self) -> float | None:
        """When it ends by its plan, or None when it has ended or never will."""
        if self.final is not None or self.plan.ending is None:
            return None
        return self.created_at + self.plan.seconds

    @property
    def is_in_flight(self) -> bool:
        return self.has_appeared and self.final is None

    def end(self, phase: str, at: float) -> None:
        """Sets the last phase; the steps stay as they are at that moment."""
        self.stopped_at = at if self.stopped_at is None else self.stopped_at
        self.final, self.changed_at = phase, at

    def phase(self, now: float) -> tuple[str, float]:
        """Its phase, and since when."""
        if self.final is not None:
            return self.final, self.changed_at or self.created_at
        phase, since = self.plan.phase_at(now - self.created_at)
        return phase, self.created_at + since

    def elapsed(self, now: float) -> float:
        """Seconds of its life so far; they stop counting when it ends."""
        return (now if self.stopped_at is None else min(now, self.stopped_at)) - self.created_at

    @cached_property
    def tree(self) -> tuple[Step, ...]:
        parts = components(self.spec)
        built = {part.name: "PreBuiltImage" for part in parts if part.is_image}
        built |= {name: "PreviousBuildReused" for name in self.reused if name not in built}
        return step_tree(self.plan, [part.name for part in parts], built)

    def document(self, now: float) -> dict[str, Any]:
        """What the API answers (`cause_details`, `previous_deployment_id`: known from its Go client)."""
        phase, since = self.phase(now)
        document: dict[str, Any] = {
            "id": self.id,
            "spec": self.spec,
            "phase": phase,
            "phase_last_updated_at": ZERO_TIME if phase == "PENDING_BUILD" else nanoseconds(since),
            "created_at": seconds_only(self.created_at),
            "updated_at": seconds_only(since),
            "cause": self.cause.text,
            "progress": progress(self.tree, self.created_at, self.elapsed(now)),
            "tier_slug": "basic",
            "timing": self._timing(now),
            "cause_details": {"type": self.cause.type, **self.cause.details},
        }
        for kind in KINDS:
            shown = [self._component(entry["name"]) for entry in self.spec.get(kind) or ()]
            document |= {kind: shown} if shown else {}
        document |= {"previous_deployment_id": self.previous_id} if self.previous_id else {}
        return document | ({"cloned_from": self.cloned_from} if self.cloned_from else {})

    def _timing(self, now: float) -> dict[str, str]:
        """How long its stages took, as far as they are over (known from the API's Go client)."""
        building, deploying = self.plan.window(BUILDING), self.plan.window(DEPLOYING)
        spans = {
            "pending": (0.0, building[0]) if building else None,
            "build_total": building,
            "deploying": deploying,
        }
        over = {name: span for name, span in spans.items() if span and self.elapsed(now) >= span[1]}
        return {name: f"{end - begin:.9f}s" for name, (begin, end) in over.items()}

    def _component(self, name: str) -> dict[str, str]:
        sha = self.commits.get(name)
        return {"name": name} | ({"source_commit_hash": sha} if sha else {})


RollBack = Callable[[Deployment, float], None]


def advance(deployments: Sequence[Deployment], now: float, replaced_phase: str, roll_back: RollBack) -> None:
    """Lets everything happen that is due by `now`, in the order of its time.

    `roll_back` is called with the deployment that serves and the moment at which a newer one failed; it
    may add a deployment.
    """
    while due := [event for deployment in deployments for event in _events(deployment, now)]:
        at, _, deployment = min(due, key=lambda event: event[:2])
        others = [one for one in deployments if one.app_id == deployment.app_id and one is not deployment]
        if deployment.has_appeared:
            _finish(deployment, others, at, roll_back)
        else:
            _appear(deployment, others, at, replaced_phase)


def _events(deployment: Deployment, now: float) -> list[tuple[float, int, Deployment]]:
    """What happens to it next, if that is due; at equal times an end precedes a birth."""
    if not deployment.has_appeared:
        event = (deployment.created_at, 1, deployment)
    elif deployment.due_at is not None:
        event = (deployment.due_at, 0, deployment)
    else:
        return []
    return [event] if event[0] <= now else []


def _appear(deployment: Deployment, others: Sequence[Deployment], at: float, replaced_phase: str) -> None:
    """It is there; what was in flight gives way to it."""
    deployment.has_appeared = True
    for other in others:
        if other.is_in_flight:
            other.end(replaced_phase, at)
    serving = _serving(others)
    deployment.previous_id = serving.id if serving else None


def _finish(deployment: Deployment, others: Sequence[Deployment], at: float, roll_back: RollBack) -> None:
    """It ends as planned: it takes over from what serves, or what serves is deployed again."""
    ending = deployment.plan.ending or "ERROR"
    deployment.end(ending, at)
    serving = _serving(others)
    if serving and ending == "ACTIVE":
        serving.final, serving.changed_at = "SUPERSEDED", at
    if serving and ending == "ERROR" and deployment.plan.rolls_back:
        roll_back(serving, at)


def _serving(deployments: Sequence[Deployment]) -> Deployment | None:
    return next((one for one in deployments if one.final == "ACTIVE"), None)
