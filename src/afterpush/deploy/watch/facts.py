"""What a look at a source can show, and what a watch can end with."""

from dataclasses import dataclass
from enum import StrEnum

from afterpush.digitalocean.deployment import Deployment
from afterpush.infra.errors import ExitCode


class Verdict(StrEnum):
    """The answer about one commit."""

    LIVE = "live"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELED = "canceled"
    TIMEOUT = "timeout"
    NONE = "none"
    UNREACHABLE = "unreachable"
    STOPPED = "stopped"

    @property
    def exit_code(self) -> ExitCode:
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.LIVE: ExitCode.GOOD,
    Verdict.FAILED: ExitCode.BAD_ANSWER,
    Verdict.SUPERSEDED: ExitCode.SUPERSEDED,
    Verdict.CANCELED: ExitCode.SUPERSEDED,
    Verdict.TIMEOUT: ExitCode.TIMEOUT,
    Verdict.NONE: ExitCode.NO_DEPLOYMENT,
    Verdict.UNREACHABLE: ExitCode.UNREACHABLE,
    Verdict.STOPPED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True)
class Successor:
    """The deployment that came after ours; `sha` is None when it does not tell its commit."""

    deployment_id: str
    sha: str | None


@dataclass(frozen=True)
class Seen:
    """A deployment of our commit, as it is now."""

    source: str
    deployment: Deployment
    successor: Successor | None = None


@dataclass(frozen=True)
class NotYet:
    """The source answered and has no deployment of our commit; `never` says why none will come.

    `doubt` says why none may come: no reason not to wait for one.
    """

    source: str
    never: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Vanished:
    """The deployment that we watched is not there any more (404)."""

    source: str


@dataclass(frozen=True)
class Serving:
    """The running app itself shows our commit, or a later one that contains it."""

    source: str
    superseded_by: str | None = None


@dataclass(frozen=True)
class Inconclusive:
    """The source answered, and what it said is no evidence either way."""

    source: str
    detail: str


@dataclass(frozen=True)
class Silence:
    """No source answered; `is_final` when none is left to ask."""

    failures: tuple[str, ...]
    retry_after_seconds: float | None = None
    is_final: bool = False


Fact = Seen | NotYet | Vanished | Serving | Inconclusive | Silence
