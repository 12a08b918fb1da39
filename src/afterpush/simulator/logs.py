"""The logs of a deployment: which lines exist by now, in the platform's form."""

from dataclasses import dataclass

from afterpush.simulator.deployments import Deployment
from afterpush.simulator.scenario import BUILDING, DEPLOYING
from afterpush.simulator.specs import components
from afterpush.simulator.steps import nanoseconds

TYPES = ("BUILD", "DEPLOY", "RUN", "RUN_RESTARTED", "AUTOSCALE_EVENT", "JOB_INVOCATION")


@dataclass(frozen=True)
class Unavailable(Exception):
    """The platform has no such log, with the words of its 400."""

    message: str


@dataclass(frozen=True)
class Log:
    """The lines so far of one type; `is_complete` when no more will come."""

    lines: tuple[str, ...]
    is_complete: bool


def read_log(deployment: Deployment, type: str, component: str | None, now: float) -> Log:
    """The log of a deployment, of one component or of all. Raises Unavailable.

    The running logs are gone once the deployment is over: the platform then speaks of the phase
    `final_cleanup`, and keeps nothing (seen in three unrelated projects' notes).
    """
    phase = deployment.phase(now)[0]
    if type in ("RUN", "RUN_RESTARTED") and deployment.final not in (None, "ACTIVE"):
        raise Unavailable(f"cannot get running logs from deployment {deployment.id} in phase final_cleanup")
    window = _window(deployment, type)
    elapsed = deployment.elapsed(now)
    if window is None or elapsed < window[0]:
        raise Unavailable(
            f"cannot get {type.lower()} logs from deployment {deployment.id} in phase {phase.lower()}"
        )
    names = [component] if component else [part.name for part in components(deployment.spec)]
    lines = [entry for name in names for entry in _lines(deployment, type, name, window, elapsed)]
    is_over = deployment.final is not None or elapsed >= window[1]
    return Log(
        tuple(text for _, text in sorted(lines, key=lambda entry: entry[0])), is_over and type != "RUN"
    )


def _window(deployment: Deployment, type: str) -> tuple[float, float] | None:
    """When lines of this type are written, in seconds of the deployment's life."""
    if type == "BUILD":
        return deployment.plan.window(BUILDING)
    if type == "JOB_INVOCATION":
        is_live = deployment.final in ("ACTIVE", "SUPERSEDED")
        return (0.0, deployment.plan.seconds) if is_live else None
    deploying = deployment.plan.window(DEPLOYING)
    if deploying is None or type == "DEPLOY":
        return deploying
    return deploying[0] + (deploying[1] - deploying[0]) * 0.3, deploying[1]


def _lines(
    deployment: Deployment, type: str, component: str, window: tuple[float, float], elapsed: float
) -> list[tuple[float, str]]:
    texts = deployment.plan.logs.get(type, ())
    begun, ended = window
    pace = (ended - begun) / max(1, len(texts))
    written = []
    for number, text in enumerate(texts):
        # The last line is just before the end: a failure is in the log when the step has failed.
        moment = begun + pace * (number + 0.9)
        if moment <= elapsed:
            commit = deployment.commits.get(component, "")
            stamp = nanoseconds(deployment.created_at + moment)
            written.append((moment, f"{component} {stamp} {text.replace('{commit}', commit)}".rstrip()))
    return written
