"""What a look at a source can show, what is known while a watch goes on, and what it can end with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from afterpush.infra.errors import ExitCode

if TYPE_CHECKING:
    from afterpush.digitalocean.deployment import Deployment


class Verdict(StrEnum):
    """The answer about one commit."""

    LIVE = "live"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELED = "canceled"
    ROLLED_BACK = "rolled_back"
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
    Verdict.ROLLED_BACK: ExitCode.SUPERSEDED,
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
    """The deployment that speaks for our commit, as it is now.

    `went_live`: it was live and was replaced since (phase SUPERSEDED). `contained_in`: it is of a later
    commit that contains ours, which has none of its own. Not `is_settled`: it has ended, but what came of it
    may show in a moment only.
    """

    source: str
    deployment: "Deployment"
    successor: Successor | None = None
    went_live: bool = False
    contained_in: str | None = None
    is_settled: bool = True
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serving:
    """Production runs our commit, or a later one that contains it (`deployment`). `own` is of ours alone."""

    source: str
    contained_in: str | None = None
    superseded_by: str | None = None
    deployment: "Deployment | None" = None
    own: "Deployment | None" = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RolledBack:
    """Our deployment went live, and somebody then brought an older one back; `at` is epoch seconds."""

    source: str
    deployment: "Deployment"
    to: Successor
    at: float | None = None


@dataclass(frozen=True)
class NotYet:
    """The source answered and has no deployment of our commit; `never` says why none will come.

    `doubt` says why none may come: no reason not to wait for one. `wait_seconds` is for how long one may be
    waited for beyond the grace, and `waits_for` what for. `standing` is a deployment of our commit that is
    active, but was made before the push.
    """

    source: str
    never: str | None = None
    doubt: str | None = None
    wait_seconds: float = 0.0
    waits_for: str | None = None
    standing: "Deployment | None" = None


@dataclass(frozen=True)
class Vanished:
    """The deployment that we watched is not there any more (404)."""

    source: str


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


Fact = Seen | Serving | RolledBack | NotYet | Vanished | Inconclusive | Silence


@dataclass(frozen=True)
class Limits:
    """How long to wait for a deployment to appear, and for the whole watch; seconds."""

    grace_seconds: float = 180
    timeout_seconds: float = 1800


@dataclass(frozen=True)
class Watching:
    """A watch that is under way. Times are epoch seconds.

    `ended` is a deployment that has ended, while it is looked for what came of it.
    """

    sha: str
    started_at: float
    now: float
    answered_at: float | None = None
    source: str | None = None
    deployment: "Deployment | None" = None
    phases: tuple[tuple[str, float], ...] = ()
    misses: int = 0
    missing_since: float | None = None
    troubles: tuple[str, ...] = ()
    silent_looks: int = 0
    ended: Seen | None = None

    @property
    def phase(self) -> str | None:
        return self.deployment.phase if self.deployment else None

    @property
    def known(self) -> "Watching":
        return self

    @property
    def at(self) -> float:
        """The moment of this state."""
        return self.now


@dataclass(frozen=True)
class Finished:
    """A watch with its verdict; `known` is what was known until then."""

    verdict: Verdict
    message: str
    finished_at: float
    known: Watching
    source: str | None = None
    superseded_by: str | None = None
    contained_in: str | None = None

    @property
    def at(self) -> float:
        return self.finished_at


State = Watching | Finished
