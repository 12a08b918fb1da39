"""What is asked of a push, and the outside world that it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from afterpush.ground.clock import Clock
from afterpush.ground.git.exchange import Target
from afterpush.push.joining import Merging, Strategy


@dataclass(frozen=True)
class Order:
    """What the user asked for: where to, how often, how, and what must succeed before."""

    target: Target
    attempts: int
    strategy: Strategy
    check: str | None = None
    autostash: bool = False


@dataclass(frozen=True)
class World:
    """What a push acts on beside git: time, chance, and the user who reads along."""

    repo: Path
    state: Path
    merging: Merging
    clock: Clock
    random: Callable[[], float]
    note: Callable[[str], None]


BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MOST_SECONDS = 5.0


def backoff_seconds(lost: int, chance: float) -> float:
    """The wait after the `lost`-th lost race (from 1): full jitter below a limit that doubles each time.

    `chance` is from 0 to 1. Many losers of one race must not meet again at the same moment.
    """
    return chance * min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2.0**lost)
