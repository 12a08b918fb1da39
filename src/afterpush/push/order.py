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


# Waits in multiples of what an attempt takes. They grow at first, to spread the losers of one race; with
# few attempts left they shrink again: who has lost most must not meet newcomers with the longest wait.
# Compared in a simulation of 2, 8 and 16 clones with exponential, constant and falling waits.
_GROWING = (4, 16, 40)
_SHRINKING = (0, 2, 8, 20, 30)
LONGEST_WAIT_SECONDS = 12.0


def backoff_seconds(lost: int, attempts: int, attempt_seconds: float, chance: float) -> float:
    """The wait after the `lost`-th lost race (from 1) of at most `attempts`, with full jitter.

    `attempt_seconds` is what the lost attempt took, `chance` is from 0 to 1.
    """
    left = max(1, attempts - lost)
    factor = min(_GROWING[min(lost, len(_GROWING)) - 1], *_SHRINKING[left - 1 : left], 40)
    return chance * min(LONGEST_WAIT_SECONDS, factor * attempt_seconds)
