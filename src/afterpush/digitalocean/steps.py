"""How far a deployment is: its phase, and its progress as a tree of steps with statuses and reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec

SUCCESS, FAILURE = "SUCCESS", "ERROR"


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """What comes over the wire: everything may be absent or null."""


class StepReason(Wire, frozen=True):
    code: str | None = None
    message: str | None = None


class Step(Wire, frozen=True):
    """A step of the deployment, with the steps below it."""

    name: str | None = None
    status: str | None = None
    component_name: str | None = None
    message_base: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    reason: StepReason | None = None
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


@dataclass(frozen=True)
class Reason:
    """What the platform itself says about a failure."""

    code: Annotated[str | None, "the platform's reason code; null when it gave none"] = None
    message: Annotated[str | None, "the platform's words; null when it gave none"] = None
    component: Annotated[str | None, "the component that failed; null when the step belongs to none"] = None
    step: Annotated[str | None, "the step that failed; null when the platform named none"] = None

    @property
    def is_given(self) -> bool:
        """Whether it says anything."""
        return bool(self.code or self.message)

    def as_line(self) -> str:
        """The reason as a line of a log, where its signatures find it."""
        return ": ".join(part or "" for part in (self.component, self.code, self.message)).strip(": ")


class Progress(Wire, frozen=True):
    pending_steps: int | None = None
    running_steps: int | None = None
    success_steps: int | None = None
    error_steps: int | None = None
    total_steps: int | None = None
    steps: tuple[Step, ...] | None = None
    summary_steps: tuple[Step, ...] | None = None


class Phase(StrEnum):
    """A phase that the platform documents (`apps_deployment_phase.yml` of its published OpenAPI description).

    A word that it does not is kept as it is and ends nothing.
    """

    UNKNOWN = "UNKNOWN"
    PENDING_BUILD = "PENDING_BUILD"
    BUILDING = "BUILDING"
    PENDING_DEPLOY = "PENDING_DEPLOY"
    DEPLOYING = "DEPLOYING"
    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    ERROR = "ERROR"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether the deployment has ended: it is live, was replaced, failed, or was canceled."""
        return self in _FINAL


_FINAL = (Phase.ACTIVE, Phase.SUPERSEDED, Phase.ERROR, Phase.CANCELED)


def phase_of(word: str) -> Phase:
    """The phase that a word of the API means; UNKNOWN for any other."""
    try:
        return Phase(word)
    except ValueError:
        return Phase.UNKNOWN
