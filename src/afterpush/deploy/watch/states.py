"""What is known while a watch goes on, and what it ended with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.deploy.watch.facts import Seen, Verdict

if TYPE_CHECKING:
    from afterpush.digitalocean.deployment import Deployment


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


@dataclass(frozen=True)
class Finished:
    """A watch with its verdict; `before` is what was known until then."""

    verdict: Verdict
    message: str
    finished_at: float
    before: Watching
    source: str | None = None
    superseded_by: str | None = None
    contained_in: str | None = None


State = Watching | Finished
