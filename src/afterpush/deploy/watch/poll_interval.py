"""How long to wait until the next look.

Looking costs requests, not looking costs latency. With the finish times of earlier deployments at hand
the best interval is proportional to the root of the inverse hazard: rare looks while an end is
unlikely, dense ones around the time at which deployments of this app usually end. Without a history
the phase decides: an end can only follow DEPLOYING, so BUILDING is looked at less often.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.watch.facts import Fact, Silence, Watching
from afterpush.deploy.watch.log_trust import LogTrust
from afterpush.digitalocean.steps import Phase
from afterpush.infra.configuration.settings import Poll

FEW_REMAINING, HARDLY_ANY_REMAINING = 500, 100
HARDLY_ANY_SECONDS = 60.0
ENOUGH_RECORDS = 5
# The price of a second of latency in requests, set so that the economy table of docs/performance.md holds.


@dataclass(frozen=True)
class Density:
    """How a phase is looked at when its duration is known: the price of a call in latency (roots of
    seconds), and the shortest and longest interval as multiples of the configured one."""

    price: float
    shortest: float
    longest: float


BUILDING = Density(1.35, 1.0, 1.5)
DEPLOYING = Density(0.3, 0.5, 2.0)
# While a live log is followed: its end is a reason to look at once, and looks are a safety net.
FOLLOWED_BUILDING = Density(2.0, 1.0, 4.0)
FOLLOWED_DEPLOYING = Density(1.0, 2.0, 4.0)
# Without a history: so many of the configured intervals.
FOLLOWED_BUILDING_WITHOUT_HISTORY, FOLLOWED_DEPLOYING_WITHOUT_HISTORY = 3.0, 2.6


@dataclass(frozen=True)
class Estimate:
    """What this app's own history says a phase takes: mean and standard deviation, seconds."""

    mean_seconds: float
    deviation_seconds: float

    def hazard(self, elapsed_seconds: float) -> float:
        """The chance that the phase ends in the next second, given that it has lasted so long."""
        deviation = max(self.deviation_seconds, 1.0)
        z = (elapsed_seconds - self.mean_seconds) / deviation
        if z > 4:  # Far beyond every record: the normal tail says nothing any more.
            return 0.0
        density = math.exp(-z * z / 2) / (deviation * math.sqrt(2 * math.pi))
        surviving = 0.5 * math.erfc(z / math.sqrt(2))
        return density / surviving


def jitter() -> float:
    """A number from 0 to 1 for delays. Not from `random`: a monitor has to stay small."""
    return int.from_bytes(os.urandom(4)) / 2**32


def estimate(records: list[HistoryRecord], phase: str) -> Estimate | None:
    """The estimate of a phase from the app's successful deployments; None with too few of them."""
    seconds = [
        record.phases[phase] for record in records if record.verdict == "live" and phase in record.phases
    ]
    recent = seconds[:50]
    if len(recent) < ENOUGH_RECORDS:
        return None
    mean = math.fsum(recent) / len(recent)
    return Estimate(mean, math.sqrt(math.fsum((entry - mean) ** 2 for entry in recent) / len(recent)))


def total_estimate(records: list[HistoryRecord]) -> float | None:
    """How long a watch of this app usually lasts until live, seconds: for the progress bar."""
    seconds = sorted(
        record.elapsed_seconds for record in records if record.verdict == "live" and record.phases
    )[:50]
    return seconds[len(seconds) // 2] if seconds else None


def _dense(state: Watching, known: Estimate | None, usual: float, density: Density) -> float:
    elapsed = state.now - state.phases[-1][1]
    hazard = known.hazard(elapsed) if known else 0.0
    if hazard <= 0:
        return usual
    return min(max(density.price * math.sqrt(2 / hazard), density.shortest * usual), density.longest * usual)


class AdaptivePace:
    """Intervals by phase, denser where this app's history expects the end; patience after failures."""

    def __init__(
        self,
        intervals: Poll,
        *,
        random: Callable[[], float] = jitter,
        building: Estimate | None = None,
        deploying: Estimate | None = None,
        remaining: Callable[[], int | None] = lambda: None,
        follows: Callable[[str], bool] = lambda kind: False,
    ) -> None:
        self._intervals = intervals
        self._random = random
        self._building = building
        self._deploying = deploying
        self._remaining = remaining
        self._trust = LogTrust(follows)

    def woken(self, state: Watching) -> None:
        """A live log has ended."""
        self._trust.woken(state.phase)

    def seconds(self, state: Watching, fact: Fact) -> float:
        """Seconds until the next look."""
        usual = self._usual(state)
        if isinstance(fact, Silence):
            return self._back_off(usual, state.silent_looks, fact.retry_after_seconds)
        return self._spared(usual)

    def _usual(self, state: Watching) -> float:
        again = self._trust.look_again_after(state.phase)
        if again is not None:
            return again
        is_told = self._trust.is_told(state.phase)
        match state.phase:
            case None:
                return self._intervals.discover_seconds
            case Phase.DEPLOYING:
                return self._while_deploying(state, is_told=is_told)
            case _ if state.ended:  # What takes the place of a canceled one shows soon.
                return min(self._intervals.deploying_seconds, self._intervals.building_seconds)
            case _:
                return self._while_building(state, is_told=is_told)

    def _while_building(self, state: Watching, *, is_told: bool) -> float:
        usual = self._intervals.building_seconds
        if self._building is None:
            return usual * (FOLLOWED_BUILDING_WITHOUT_HISTORY if is_told else 1.0)
        return _dense(state, self._building, usual, FOLLOWED_BUILDING if is_told else BUILDING)

    def _while_deploying(self, state: Watching, *, is_told: bool) -> float:
        usual = self._intervals.deploying_seconds
        if self._deploying is None:
            # No app starts, answers its health check and takes over in the first seconds of DEPLOYING.
            has_begun = state.now > state.phases[-1][1]
            return usual * (FOLLOWED_DEPLOYING_WITHOUT_HISTORY if is_told else 1.0 if has_begun else 2.0)
        return _dense(state, self._deploying, usual, FOLLOWED_DEPLOYING if is_told else DEPLOYING)

    def _back_off(self, usual: float, failures: int, retry_after_seconds: float | None) -> float:
        """Full jitter up to a ceiling that doubles; a server that names a time is obeyed."""
        ceiling = min(self._intervals.backoff_max_seconds, usual * 2.0 ** min(failures, 16))
        return max(self._random() * ceiling, retry_after_seconds or 0.0)

    def _spared(self, usual: float) -> float:
        left = self._remaining()
        if left is None or left >= FEW_REMAINING:
            return usual
        return max(usual, HARDLY_ANY_SECONDS) if left < HARDLY_ANY_REMAINING else usual * 2
