"""The step tree of a deployment at a moment: what the API calls its progress."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from afterpush.simulator.scenario import BUILDING, DEPLOYING, Failure, Plan

PENDING, RUNNING, SUCCESS, ERROR = "PENDING", "RUNNING", "SUCCESS", "ERROR"
ZERO_TIME = "0001-01-01T00:00:00Z"
"""How the API writes a time that has not come: the zero value of its language."""


def nanoseconds(epoch_seconds: float) -> str:
    """A time as the API writes those of steps: RFC 3339 in UTC with nine digits."""
    moment = datetime.fromtimestamp(epoch_seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def seconds_only(epoch_seconds: float) -> str:
    """A time as the API writes that of a creation: RFC 3339 in UTC, whole seconds."""
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Step:
    """One step; the times are seconds from the deployment's creation, None when it will never come."""

    name: str
    begins: float | None = None
    ends: float | None = None
    steps: tuple["Step", ...] = ()
    component: str | None = None
    message: str | None = None
    ending: str = SUCCESS
    reason: tuple[str, str] | None = None

    def status(self, elapsed: float) -> str:
        if self.begins is None or elapsed < self.begins:
            return PENDING
        if self.ends is None or elapsed < self.ends:
            return RUNNING
        return self.ending

    def leaves(self) -> Iterator["Step"]:
        """The steps that hold no others: those are what the counters count."""
        if not self.steps:
            yield self
        for step in self.steps:
            yield from step.leaves()


@dataclass(frozen=True)
class _Window:
    """The time of one phase, of which steps take fractions.

    `fails` ends it with its last step; `breaks_off` leaves that step running for ever.
    """

    begins: float | None
    ends: float | None
    fails: bool
    breaks_off: bool

    def at(self, fraction: float) -> float | None:
        if self.begins is None or self.ends is None or (self.breaks_off and fraction >= 0.9):
            return None
        return self.begins + (self.ends - self.begins) * fraction

    def step(self, name: str, begin: float, end: float, **more: Any) -> Step:
        return Step(name, self.at(begin), self.at(end), **more)


def step_tree(plan: Plan, components: Sequence[str], built: dict[str, str]) -> tuple[Step, ...]:
    """The tree that App Platform shows for such components.

    `built` holds the reason codes of components whose build is skipped: PreviousBuildReused, PreBuiltImage.
    """
    failing = (components[0], plan.failure) if components and plan.failure else None
    return (
        _build(_window(plan, BUILDING, DEPLOYING), components, built, failing),
        _deploy(_window(plan, DEPLOYING, None), components, failing),
    )


def _window(plan: Plan, phase: str, next_phase: str | None) -> _Window:
    found = plan.window(phase)
    if found is None:
        return _Window(None, None, False, False)
    is_last = next_phase is None or plan.window(next_phase) is None
    return _Window(
        *found,
        fails=is_last and plan.ending == "ERROR",
        breaks_off=is_last and plan.ending in (None, "CANCELED"),
    )


def _build(
    window: _Window, components: Sequence[str], built: dict[str, str], failing: tuple[str, Failure] | None
) -> Step:
    def one(name: str) -> Step:
        common: dict[str, Any] = {"component": name, "message": "Building service"}
        if name in built:
            return window.step(name, 0.1, 0.2, reason=(built[name], ""), **common)
        return window.step(name, 0.1, 1, **common, **_ending(name, window, failing))

    parts = tuple(map(one, components))
    over = {"ending": ERROR} if window.fails else {}
    return window.step(
        "build",
        0,
        1,
        steps=(window.step("initialize", 0, 0.1), window.step("components", 0.1, 1, steps=parts, **over)),
        **over,
    )


def _deploy(window: _Window, components: Sequence[str], failing: tuple[str, Failure] | None) -> Step:
    done = 1.0 if window.fails else 0.9

    def one(name: str) -> Step:
        deploy = window.step("deploy", 0.1, 0.3, component=name, message="Deploying service")
        wait = window.step(
            "wait", 0.3, done, component=name, message="Waiting for service", **_ending(name, window, failing)
        )
        own = {"ending": wait.ending}
        return window.step(name, 0.1, done, steps=(deploy, wait), component=name, **own)

    over = {"ending": ERROR} if window.fails else {}
    finalize = Step("finalize") if window.fails else window.step("finalize", 0.9, 1)
    return window.step(
        "deploy",
        0,
        1,
        steps=(
            window.step("initialize", 0, 0.1),
            window.step("components", 0.1, done, steps=tuple(map(one, components)), **over),
            finalize,
        ),
        **over,
    )


def _ending(name: str, window: _Window, failing: tuple[str, Failure] | None) -> dict[str, Any]:
    if not window.fails or failing is None or failing[0] != name:
        return {}
    return {"ending": ERROR, "reason": (failing[1].code, failing[1].message)}


def progress(tree: Sequence[Step], created_at: float, elapsed: float) -> dict[str, Any]:
    """The `progress` document after `elapsed` seconds; counters of zero are left out, as the API does."""
    leaves = [leaf.status(elapsed) for step in tree for leaf in step.leaves()]
    counts = {
        "pending_steps": leaves.count(PENDING),
        "running_steps": leaves.count(RUNNING),
        "success_steps": leaves.count(SUCCESS),
        "error_steps": leaves.count(ERROR),
        "total_steps": len(leaves),
    }
    return {key: count for key, count in counts.items() if count} | {
        "steps": [_document(step, created_at, elapsed) for step in tree],
        "summary_steps": [_document(replace(step, steps=()), created_at, elapsed) for step in tree],
    }


def _document(step: Step, created_at: float, elapsed: float) -> dict[str, Any]:
    status = step.status(elapsed)
    document: dict[str, Any] = {"name": step.name, "status": status}
    if step.steps:
        document["steps"] = [_document(child, created_at, elapsed) for child in step.steps]
    if status != PENDING and step.begins is not None:
        document["started_at"] = nanoseconds(created_at + step.begins)
    if status in (SUCCESS, ERROR) and step.ends is not None:
        document["ended_at"] = nanoseconds(created_at + step.ends)
    if step.component:
        document["component_name"] = step.component
    if step.message:
        document["message_base"] = step.message
    if step.reason and status in (SUCCESS, ERROR):
        code, said = step.reason
        document["reason"] = {"code": code} | ({"message": said} if said else {})
    return document
