"""What becomes of a deployment: its phases over time, how it ends, and what its logs say.

Phases and reason codes are those of the API's description (`apps_deployment_phase.yml`) and of its page
"error codes"; a Plan may also name phases that do not exist, to see who stumbles over them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

BUILDING = "BUILDING"
DEPLOYING = "DEPLOYING"


@dataclass(frozen=True)
class Stage:
    """A phase and how long it lasts."""

    phase: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """The reason that the failing step carries; it is the first component's."""

    code: str
    message: str


@dataclass(frozen=True)
class Plan:
    """The future of one deployment, in seconds from its creation.

    `ending` is the last phase: ACTIVE, ERROR, CANCELED, or None for one that never ends. A deployment that
    ends in ERROR fails in the step that runs then. `logs` holds lines by type (BUILD, DEPLOY, RUN,
    RUN_RESTARTED), spread evenly over the time of that type.
    """

    stages: tuple[Stage, ...]
    ending: str | None = "ACTIVE"
    failure: Failure | None = None
    appears_after_seconds: float = 2
    rolls_back: bool = True
    logs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the creation to the end."""
        return sum(stage.seconds for stage in self.stages)

    def window(self, phase: str) -> tuple[float, float] | None:
        """When a phase begins and ends, or None when this plan never comes to it."""
        begun = 0.0
        for stage in self.stages:
            if stage.phase == phase:
                return begun, begun + stage.seconds
            begun += stage.seconds
        return None

    def phase_at(self, elapsed: float) -> tuple[str, float]:
        """The phase after `elapsed` seconds, and when it began."""
        begun = 0.0
        for stage in self.stages:
            if elapsed < begun + stage.seconds:
                return stage.phase, begun
            begun += stage.seconds
        return (
            (self.ending, begun) if self.ending else (self.stages[-1].phase, begun - self.stages[-1].seconds)
        )

    def faster(self, factor: float) -> "Plan":
        """The same plan with every duration divided by `factor`."""
        stages = tuple(Stage(stage.phase, stage.seconds / factor) for stage in self.stages)
        return replace(self, stages=stages, appears_after_seconds=self.appears_after_seconds / factor)


BUILD_LOG = (
    "╭──────────── git repo clone ───────────╼",
    "│  › fetching app source code",
    '│ => Checking out commit "{commit}"',
    "│  ✔ cloned repo to /workspace",
    "╰────────────────────────────────────────╼",
    "  › using Ubuntu 22.04 and the Node.js buildpack",
    "  › installing dependencies",
    "  › npm ci: added 412 packages in 21s",
    "  › npm run build",
    "  ✔ build complete",
)
FAILED_BUILD_LOG = (
    *BUILD_LOG[:6],
    "  › pnpm install --frozen-lockfile",
    ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml '
    "is not up to date with package.json",
    "",
    "  specifiers in the lockfile don't match specs in package.json:",
    "* 1 dependencies were added: left-pad@^1.3.0",
    "",
    "  ✘ build failed: exit status 1",
)
DEPLOY_LOG = ("starting the new containers", "the readiness check passed")
RUN_LOG = ("> node dist/index.js", "listening on 0.0.0.0:8080", "connected to the database in 41 ms")
CRASH_LOG = (
    "> node dist/index.js",
    "TypeError: Cannot read properties of undefined (reading 'errorHandler')",
    "    at Object.<anonymous> (/workspace/dist/index.js:112:27)",
    "ERROR failed health checks after 9 attempts with error Readiness probe failed: "
    "dial tcp 10.244.1.7:8080: connect: connection refused",
)
_LOGS = {"BUILD": BUILD_LOG, "DEPLOY": DEPLOY_LOG, "RUN": RUN_LOG}


def live(build_seconds: float = 150, deploy_seconds: float = 85) -> Plan:
    """It goes live."""
    stages = (
        Stage("PENDING_BUILD", 3),
        Stage(BUILDING, build_seconds),
        Stage("PENDING_DEPLOY", 2),
        Stage(DEPLOYING, deploy_seconds),
    )
    return Plan(stages=stages, logs=_LOGS)


def build_failure(
    after_seconds: float = 60,
    *,
    log: tuple[str, ...] = FAILED_BUILD_LOG,
    message: str = "Your build job failed with a non-zero exit code.",
) -> Plan:
    """The build fails after `after_seconds` of building."""
    stages = (Stage("PENDING_BUILD", 3), Stage(BUILDING, after_seconds))
    failure = Failure("BuildJobExitNonZero", message)
    return Plan(stages=stages, ending="ERROR", failure=failure, logs={"BUILD": log})


def deploy_failure(build_seconds: float = 150, after_seconds: float = 95) -> Plan:
    """The build is good, but the new containers never become ready."""
    message = "Your deploy failed because your container did not respond to health checks."
    run_log = CRASH_LOG[:-1]
    return replace(
        live(build_seconds, after_seconds),
        ending="ERROR",
        failure=Failure("DeployContainerHealthChecksFailed", message),
        logs={"BUILD": BUILD_LOG, "DEPLOY": CRASH_LOG, "RUN": run_log, "RUN_RESTARTED": run_log},
    )


def stuck(phase: str = BUILDING) -> Plan:
    """It reaches a phase and never leaves it."""
    stages = live().stages
    reached = next((number for number, stage in enumerate(stages) if stage.phase == phase), None)
    kept = (Stage(phase, 1),) if reached is None else stages[: reached + 1]
    return Plan(stages=kept, ending=None, logs=_LOGS)


def canceled(after_seconds: float = 40) -> Plan:
    """Somebody cancels it while it builds, and nothing newer follows."""
    return Plan(
        stages=(Stage("PENDING_BUILD", 3), Stage(BUILDING, after_seconds)), ending="CANCELED", logs=_LOGS
    )


def odd_phases() -> Plan:
    """It goes live by way of phases that the published description does not know."""
    queued, build, pending, deploy = live().stages
    stages = (Stage("QUEUED_FOR_CAPACITY", 20), queued, build, Stage("SCANNING", 15), pending, deploy)
    return Plan(stages=stages, logs=_LOGS)


SCENARIOS: dict[str, Callable[[], Plan]] = {
    "live": live,
    "build-failure": build_failure,
    "deploy-failure": deploy_failure,
    "stuck": stuck,
    "canceled": canceled,
    "odd-phases": odd_phases,
}
"""The plans by the names that the command line takes."""
