"""A deployment as the platform tells it: read leniently, kept as facts.

Shapes: `apps_deployment.yml` of the published OpenAPI description; `cause_details` is in the official
Go client only. Unknown fields are ignored, unknown phases kept.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from afterpush.digitalocean.find_app import COMPONENT_KINDS
from afterpush.digitalocean.lenient_json import read_as
from afterpush.infra.clock import parse_rfc3339

SUCCESS, FAILURE = "SUCCESS", "ERROR"
_ROLLBACKS = ("AUTO_ROLLBACK", "MANUAL_ROLLBACK")


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    """What comes over the wire: everything may be absent or null."""


class Reason(_Wire, frozen=True):
    code: str | None = None
    message: str | None = None


class Step(_Wire, frozen=True):
    """A step of the deployment, with the steps below it."""

    name: str | None = None
    status: str | None = None
    component_name: str | None = None
    message_base: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    reason: Reason | None = None
    steps: tuple["Step", ...] | None = None

    @property
    def title(self) -> str:
        """For people: `Building service api`, or the step's name."""
        words = [self.message_base or self.name or "step", self.component_name or ""]
        return " ".join(dict.fromkeys(filter(None, words)))

    def walk(self, component: str | None = None) -> Iterator["Step"]:
        """This step and all below it, in order; a step that names no component is of its parent's."""
        of = self.component_name or component
        yield self if of == self.component_name else msgspec.structs.replace(self, component_name=of)
        for step in self.steps or ():
            yield from step.walk(of)


class Progress(_Wire, frozen=True):
    pending_steps: int | None = None
    running_steps: int | None = None
    success_steps: int | None = None
    error_steps: int | None = None
    total_steps: int | None = None
    steps: tuple[Step, ...] | None = None
    summary_steps: tuple[Step, ...] | None = None


class Component(_Wire, frozen=True):
    name: str | None = None
    source_commit_hash: str | None = None


class Source(_Wire, frozen=True):
    """Where a component's code comes from."""

    repo: str | None = None
    branch: str | None = None
    deploy_on_push: bool | None = None


class ComponentSpec(_Wire, frozen=True):
    name: str | None = None
    github: Source | None = None
    gitlab: Source | None = None
    bitbucket: Source | None = None
    git: dict[str, Any] | None = None
    image: dict[str, Any] | None = None

    @property
    def source(self) -> Source | None:
        """The repository on a forge that it is built from; None for images and plain clone URLs."""
        return self.github or self.gitlab or self.bitbucket


class Spec(_Wire, frozen=True):
    name: str | None = None
    services: tuple[ComponentSpec, ...] | None = None
    workers: tuple[ComponentSpec, ...] | None = None
    jobs: tuple[ComponentSpec, ...] | None = None
    static_sites: tuple[ComponentSpec, ...] | None = None
    functions: tuple[ComponentSpec, ...] | None = None

    @property
    def components(self) -> tuple[ComponentSpec, ...]:
        return tuple(entry for kind in COMPONENT_KINDS for entry in getattr(self, kind) or ())


class GitPush(_Wire, frozen=True):
    commit_sha: str | None = None
    commit_author: str | None = None
    github: Source | None = None
    gitlab: Source | None = None
    bitbucket: Source | None = None

    @property
    def source(self) -> Source | None:
        return self.github or self.gitlab or self.bitbucket


class CauseDetails(_Wire, frozen=True):
    type: str | None = None
    git_push: GitPush | None = None


class Deployment(_Wire, frozen=True):
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

    @property
    def components(self) -> tuple[Component, ...]:
        return tuple(entry for kind in COMPONENT_KINDS for entry in getattr(self, kind) or ())

    @property
    def created(self) -> float | None:
        return moment(self.created_at)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The tree of steps, or the flat list where the platform gives no more."""
        return ((self.progress.steps or self.progress.summary_steps) if self.progress else None) or ()

    @property
    def is_rollback(self) -> bool:
        """Whether it brought an older commit back: it is then no answer to anybody's push."""
        if self.cause_details and self.cause_details.type:
            return self.cause_details.type in _ROLLBACKS
        cause = (self.cause or "").lower()
        return not cause.startswith("commit ") and ("rollback" in cause or "rolled back" in cause)

    @property
    def is_wholly_successful(self) -> bool:
        """Whether every step ended in success; False when the platform shows no steps at all."""
        leaves = [step for top in self.steps for step in top.walk() if not step.steps]
        if leaves:
            return all(step.status == SUCCESS for step in leaves)
        counts = self.progress
        return bool(counts and counts.total_steps and counts.success_steps == counts.total_steps)

    @property
    def failure(self) -> Step | None:
        """The deepest step that failed with a reason, else the deepest that failed at all."""
        failed = [step for top in self.steps for step in top.walk() if step.status == FAILURE]
        with_reason = [step for step in failed if step.reason and (step.reason.code or step.reason.message)]
        telling = with_reason or failed
        return telling[-1] if telling else None

    def shas(
        self,
        repos: frozenset[str] = frozenset(),
        branches: frozenset[str] = frozenset(),
        spec: Spec | None = None,
    ) -> list[str]:
        """The commits it was built from, of the components that come from one of `repos` and `branches`.

        An empty set asks for nothing. Where the deployment does not tell a component's source, the app's
        own `spec` does; a component whose source neither tells counts.
        """
        specs = [known for known in (spec, self.spec) if known]
        sources = {entry.name: entry.source for known in specs for entry in known.components}
        found = [
            component.source_commit_hash
            for component in self.components
            if component.source_commit_hash and _is_wanted(sources.get(component.name), repos, branches)
        ]
        push = self.cause_details.git_push if self.cause_details else None
        if push and push.commit_sha and _is_wanted(push.source, repos, branches):
            found.append(push.commit_sha)
        return [sha.lower() for sha in dict.fromkeys(found)]


def _is_wanted(source: Source | None, repos: frozenset[str], branches: frozenset[str]) -> bool:
    if source is None:
        return True
    wrong_repo = bool(repos and source.repo and source.repo.lower() not in repos)
    return not wrong_repo and not (branches and source.branch and source.branch not in branches)


class App(_Wire, frozen=True):
    """An app, as far as watching it needs."""

    id: str
    spec: Spec | None = None
    live_url: str | None = None
    default_ingress: str | None = None
    active_deployment: Deployment | None = None
    in_progress_deployment: Deployment | None = None
    pending_deployment: Deployment | None = None

    @property
    def name(self) -> str:
        return (self.spec.name if self.spec else None) or self.id


def read_deployment(wire: object) -> Deployment:
    """A deployment from decoded JSON. Raises ValueError when it is not one."""
    return read_as(wire, Deployment)


def read_app(wire: object) -> App:
    """An app from decoded JSON. Raises ValueError when it is not one."""
    return read_as(wire, App)


def moment(text: str | None) -> float | None:
    """Epoch seconds of a time of the API; None for absent, unreadable and zero (year 1) times."""
    try:
        seconds = parse_rfc3339(text) if text else None
    except (ValueError, OverflowError):
        return None
    return seconds if seconds is not None and seconds > 0 else None
