"""A deployment as the platform describes it: read leniently, kept as facts.

Shapes: `apps_deployment.yml` of the published OpenAPI description; `cause_details` and `timing` are in the
official Go client only. Unknown fields are ignored, unknown phases kept.
"""

import math
import re
from typing import Any

from afterpush.digitalocean.find_app import COMPONENT_KINDS
from afterpush.digitalocean.lenient_json import read_as
from afterpush.digitalocean.steps import FAILURE, SUCCESS, Progress, Reason, Step, Wire
from afterpush.infra.clock import parse_rfc3339

AUTO_ROLLBACK, MANUAL_ROLLBACK = "AUTO_ROLLBACK", "MANUAL_ROLLBACK"

# What the API calls the time of a phase.
_TIMED = {"pending": "PENDING_BUILD", "build_total": "BUILDING", "deploying": "DEPLOYING"}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_PART = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_GO_DURATION = re.compile(rf"(?:{_GO_PART.pattern})+")


class Component(Wire, frozen=True):
    name: str | None = None
    source_commit_hash: str | None = None


class Source(Wire, frozen=True):
    """Where a component's code comes from."""

    repo: str | None = None
    branch: str | None = None
    deploy_on_push: bool | None = None


class OfForge(Wire, frozen=True):
    """What comes from a forge, perhaps."""

    github: Source | None = None
    gitlab: Source | None = None
    bitbucket: Source | None = None

    @property
    def source(self) -> Source | None:
        """The repository on a forge that it is built from; None for images and plain clone URLs."""
        return self.github or self.gitlab or self.bitbucket


class ComponentSpec(OfForge, frozen=True):
    name: str | None = None
    git: dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    kind: str | None = None


class Maintenance(Wire, frozen=True):
    """`archive` implies that maintenance is enabled (`app_maintenance_spec.yml`)."""

    enabled: bool | None = None
    archive: bool | None = None


class Spec(Wire, frozen=True):
    name: str | None = None
    maintenance: Maintenance | None = None
    services: tuple[ComponentSpec, ...] | None = None
    workers: tuple[ComponentSpec, ...] | None = None
    jobs: tuple[ComponentSpec, ...] | None = None
    static_sites: tuple[ComponentSpec, ...] | None = None
    functions: tuple[ComponentSpec, ...] | None = None

    @property
    def components(self) -> tuple[ComponentSpec, ...]:
        return tuple(entry for kind in COMPONENT_KINDS for entry in getattr(self, kind) or ())


class GitPush(OfForge, frozen=True):
    commit_sha: str | None = None


class ImagePush(Wire, frozen=True):
    """A push to the platform's own registry."""

    repository: str | None = None
    tag: str | None = None


class UserAction(Wire, frozen=True):
    """What somebody did: UPDATE_SPEC, CREATE_DEPLOYMENT, RESTART, ROLLBACK_APP, REVERT_APP_ROLLBACK ..."""

    name: str | None = None


class CauseDetails(Wire, frozen=True):
    type: str | None = None
    git_push: GitPush | None = None
    docr_push: ImagePush | None = None
    digitalocean_user_action: UserAction | None = None


class Deployment(Wire, frozen=True):
    """One deployment; `phase` is the platform's own word."""

    id: str
    phase: str = "UNKNOWN"
    cause: str | None = None
    cause_details: CauseDetails | None = None
    created_at: str | None = None
    updated_at: str | None = None
    phase_last_updated_at: str | None = None
    progress: Progress | None = None
    spec: Spec | None = None
    services: tuple[Component, ...] | None = None
    workers: tuple[Component, ...] | None = None
    jobs: tuple[Component, ...] | None = None
    static_sites: tuple[Component, ...] | None = None
    functions: tuple[Component, ...] | None = None
    timing: dict[str, Any] | None = None

    @property
    def components(self) -> tuple[Component, ...]:
        return tuple(entry for kind in COMPONENT_KINDS for entry in getattr(self, kind) or ())

    @property
    def phase_seconds(self) -> dict[str, float]:
        """How long its phases took by the platform's own clock, as far as it tells (Go client only)."""
        told = {phase: seconds_of((self.timing or {}).get(key)) for key, phase in _TIMED.items()}
        return {phase: seconds for phase, seconds in told.items() if seconds is not None}

    @property
    def created(self) -> float | None:
        return moment(self.created_at)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The tree of steps, or the flat list where the platform gives no more."""
        return ((self.progress.steps or self.progress.summary_steps) if self.progress else None) or ()

    @property
    def phase_since(self) -> float | None:
        """When it entered its phase, epoch seconds."""
        return moment(self.phase_last_updated_at) or moment(self.updated_at) or self.created

    @property
    def type(self) -> str:
        """Why it was made: DEPLOY_ON_PUSH, MANUAL, MANUAL_ROLLBACK, AUTOSCALED ..., or ""."""
        if self.cause_details and self.cause_details.type:
            return self.cause_details.type
        cause = (self.cause or "").lower()
        is_rollback = not cause.startswith("commit ") and ("rollback" in cause or "rolled back" in cause)
        return MANUAL_ROLLBACK if is_rollback else ""

    @property
    def user_action(self) -> str:
        """What somebody did to make it: UPDATE_SPEC, CREATE_DEPLOYMENT, RESTART ..., or ""."""
        action = self.cause_details.digitalocean_user_action if self.cause_details else None
        return (action.name if action else None) or ""

    @property
    def is_rollback(self) -> bool:
        """Whether it brought an older commit back: it is then no answer to anybody's push."""
        return self.type in (AUTO_ROLLBACK, MANUAL_ROLLBACK)

    def is_wholly_successful(self, app_spec: Spec | None = None) -> bool:
        """Whether every step ended in success; False when the platform shows no steps at all.

        The step of a job that runs only after a failure (kind FAILED_DEPLOY) stays PENDING for ever
        (terraform-provider-digitalocean#1047): it does not count.
        """
        specs = [spec for spec in (app_spec, self.spec) if spec]
        idle = {entry.name for spec in specs for entry in spec.components if entry.kind == "FAILED_DEPLOY"}
        leaves = [step for top in self.steps for step in top.walk() if not step.steps]
        leaves = [step for step in leaves if step.component_name not in idle]
        if leaves:
            return all(step.status == SUCCESS for step in leaves)
        counts = self.progress
        return bool(
            counts
            and counts.total_steps
            and not counts.error_steps
            and (counts.success_steps or 0) + len(idle) >= counts.total_steps
        )

    @property
    def failure(self) -> Step | None:
        """The deepest step that failed with a reason, else the deepest that failed at all."""
        failed = [step for top in self.steps for step in top.walk() if step.status == FAILURE]
        with_reason = [step for step in failed if step.reason and (step.reason.code or step.reason.message)]
        telling = with_reason or failed
        return telling[-1] if telling else None

    @property
    def reason(self) -> Reason:
        """Why it failed, as far as the platform says."""
        step = self.failure
        if step is None:
            return Reason()
        code, message = (step.reason.code, step.reason.message) if step.reason else (None, None)
        return Reason(code, message, step.component_name, step.name or step.title)


class App(Wire, frozen=True):
    """An app, as far as watching it needs."""

    id: str
    spec: Spec | None = None
    live_url: str | None = None
    default_ingress: str | None = None
    active_deployment: Deployment | None = None
    in_progress_deployment: Deployment | None = None
    pending_deployment: Deployment | None = None
    pinned_deployment: Deployment | None = None

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Those that the app tells itself: pending, in progress, active; each once."""
        embedded = (self.pending_deployment, self.in_progress_deployment, self.active_deployment)
        return tuple({entry.id: entry for entry in embedded if entry}.values())

    @property
    def name(self) -> str:
        return (self.spec.name if self.spec else None) or self.id


def read_deployment(wire: object) -> Deployment:
    """A deployment from decoded JSON. Raises ValueError when it is not one."""
    return read_as(wire, Deployment)


def read_app(wire: object) -> App:
    """An app from decoded JSON. Raises ValueError when it is not one."""
    return read_as(wire, App)


def seconds_of(text: object) -> float | None:
    """A duration as Go writes it: `1.860413596s`, `2m30s`; None for anything else."""
    if not isinstance(text, str) or not _GO_DURATION.fullmatch(text):
        return None
    return math.fsum(float(number) * _UNITS[unit] for number, unit in _GO_PART.findall(text))


def moment(text: str | None) -> float | None:
    """Epoch seconds of a time of the API; None for absent, unreadable and zero (year 1) times."""
    try:
        seconds = parse_rfc3339(text) if text else None
    except (ValueError, OverflowError):
        return None
    return seconds if seconds is not None and seconds > 0 else None
