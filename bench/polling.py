"""Polling economy: calls and latency of our pace beside other policies, on simulated deployments.

The deployments last 240 +- 60 s (normal, at least 30 s), the last 15 to 40 % of which is DEPLOYING; a call
takes 0.25 s. The real `watch` and pace run on a clock that only sleeping moves. `latency` is the time from
the end of a deployment to the verdict, `calls` are status requests after the deployment appeared.

Run: python -m bench.polling
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, quantiles

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.watch.facts import Fact, Seen
from afterpush.deploy.watch.loop import Limits, Pace, Watching, begin, watch
from afterpush.deploy.watch.poll_interval import AdaptivePace, Intervals, estimate
from afterpush.digitalocean.deployment import Deployment

DEPLOYMENTS = 200
CALL_SECONDS = 0.25


class SleepingClock:
    """Time that passes only by sleeping and by calls."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        if not wake.is_set():
            self.sleep(seconds)
        return wake.is_set()


@dataclass(frozen=True)
class Timeline:
    """When one deployment begins to deploy and when it ends, seconds."""

    deploying_at: float
    ends_at: float


class Scripted:
    """A source that follows a timeline and counts the calls."""

    def __init__(self, timeline: Timeline, clock: SleepingClock) -> None:
        self._timeline, self._clock = timeline, clock
        self.calls = 0

    def look(self) -> Fact:
        self.calls += 1
        asked_at = self._clock.time
        self._clock.sleep(CALL_SECONDS)
        return Seen("platform", Deployment(id="d", phase=self._phase(asked_at)))

    def _phase(self, at: float) -> str:
        if at >= self._timeline.ends_at:
            return "ACTIVE"
        return "DEPLOYING" if at >= self._timeline.deploying_at else "BUILDING"


class ByElapsed:
    """A pace that only knows how long it has watched."""

    def __init__(self, seconds: Callable[[float], float]) -> None:
        self._seconds = seconds

    def seconds(self, state: Watching, fact: Fact) -> float:
        return self._seconds(state.now - state.started_at)


def timelines(count: int, dice: random.Random) -> list[Timeline]:
    """Deployments of one app."""
    made = []
    for _ in range(count):
        total = max(30.0, dice.gauss(240, 60))
        made.append(Timeline(total * (1 - dice.uniform(0.15, 0.40)), total))
    return made


def records(lines: list[Timeline]) -> list[HistoryRecord]:
    """What the history would hold of them."""
    return [
        HistoryRecord(
            sha=f"{number:040x}",
            verdict="live",
            message="",
            started_at=0.0,
            finished_at=line.ends_at,
            elapsed_seconds=line.ends_at,
            phases={"BUILDING": line.deploying_at, "DEPLOYING": line.ends_at - line.deploying_at},
        )
        for number, line in enumerate(lines)
    ]


def measured(pace: Pace, lines: list[Timeline]) -> tuple[list[int], list[float]]:
    """Calls and latencies of one policy over all deployments."""
    calls, latencies = [], []
    for line in lines:
        clock = SleepingClock()
        source = Scripted(line, clock)
        for _ in watch(begin("a" * 40, 0.0), source, clock, pace, Limits(180, 3600)):
            pass
        calls.append(source.calls)
        latencies.append(clock.time - line.ends_at)
    return calls, latencies


def main() -> None:
    """Prints the table."""
    dice = random.Random(20261123)
    lines = timelines(DEPLOYMENTS, dice)
    past = records(timelines(50, dice))
    policies: dict[str, Pace] = {
        "plan: 5 s until 120 s, then 15 s": ByElapsed(lambda elapsed: 5 if elapsed < 120 else 15),
        "fixed 10 s": ByElapsed(lambda elapsed: 10),
        "fixed 5 s": ByElapsed(lambda elapsed: 5),
        "afterpush, no history (10 s / 4 s by phase)": AdaptivePace(Intervals(), random=dice.random),
        "afterpush, with 50 deployments of history": AdaptivePace(
            Intervals(),
            random=dice.random,
            building=estimate(past, "BUILDING"),
            deploying=estimate(past, "DEPLOYING"),
        ),
    }
    print(f"{DEPLOYMENTS} simulated deployments of 240 +- 60 s, {CALL_SECONDS} s a call\n")
    print("| policy | calls, mean | calls, max | latency, mean s | latency, p95 s |")
    print("|---|---|---|---|---|")
    for name, pace in policies.items():
        calls, latencies = measured(pace, lines)
        p95 = quantiles(latencies, n=20)[-1]
        print(f"| {name} | {fmean(calls):.1f} | {max(calls)} | {fmean(latencies):.2f} | {p95:.2f} |")


if __name__ == "__main__":
    main()
