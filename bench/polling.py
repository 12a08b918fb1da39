"""Polling economy: calls and latency of our pace beside other policies, on simulated deployments.

The deployments last 240 +- 60 s (normal, at least 30 s), the last 15 to 40 % of which is DEPLOYING; a call
takes 0.25 s. The real `watch` and pace run on a clock that only sleeping moves. `latency` is the time from
the end of a deployment to the verdict, `calls` are status requests after the deployment appeared.

The live logs are simulated as well: they end with their phase, 0.7 s before it, at a random moment before it,
never, or cannot be had. Following them costs a request for each address, which is not counted here.

Run: python -m bench.polling
"""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, quantiles

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.watch.facts import Fact, Limits, Seen, Watching
from afterpush.deploy.watch.loop import Pace, watch
from afterpush.deploy.watch.poll_interval import AdaptivePace, estimate
from afterpush.deploy.watch.verdict import begin
from afterpush.digitalocean.deployment import Deployment
from afterpush.infra.configuration.settings import Poll

DEPLOYMENTS = 200
CALL_SECONDS = 0.25


class SleepingClock:
    """Time that passes only by sleeping and by calls; `wakes` are the moments at which a log ends."""

    def __init__(self, wakes: Sequence[float] = ()) -> None:
        self.time = 0.0
        self._wakes = sorted(wakes)

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        until = self.time + max(0.0, seconds)
        is_woken = bool(self._wakes) and self._wakes[0] <= until
        self.time = max(self.time, self._wakes.pop(0)) if is_woken else until
        return is_woken


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

    def woken(self, state: Watching) -> None:
        """It follows no log."""


@dataclass(frozen=True)
class Logs:
    """When the live logs of build and deployment end; None: never. `are_there` is whether they can be had."""

    build: float | None
    deploy: float | None
    are_there: bool = True

    def is_followed(self, kind: str, now: float) -> bool:
        end = self.build if kind == "build" else self.deploy
        return self.are_there and (end is None or now < end)


LOGS: dict[str, Callable[[Timeline, random.Random], Logs]] = {
    "logs that end with their phase": lambda line, dice: Logs(line.deploying_at, line.ends_at),
    "logs that end 0.7 s before it": lambda line, dice: Logs(line.deploying_at - 0.7, line.ends_at - 0.7),
    "logs that break off early": lambda line, dice: Logs(
        dice.uniform(0, line.deploying_at), dice.uniform(line.deploying_at, line.ends_at)
    ),
    "logs that stay open": lambda line, dice: Logs(None, None),
    "only the log of the deployment stays open": lambda line, dice: Logs(line.deploying_at, None),
    "no logs to be had": lambda line, dice: Logs(None, None, are_there=False),
}


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


MakePace = Callable[[Callable[[str], bool]], Pace]


def measured(make: MakePace, logs: str, lines: list[Timeline]) -> tuple[list[int], list[float]]:
    """Calls and latencies of one policy over all deployments."""
    calls, latencies, dice = [], [], random.Random(1)
    for line in lines:
        told = LOGS[logs](line, dice)
        ends = [end for end in (told.build, told.deploy) if told.are_there and end is not None]
        clock = SleepingClock(ends)
        source = Scripted(line, clock)
        pace = make(partial(_is_followed, told, clock))
        began = begin("a" * 40, 0.0)
        for _ in watch(began, source, clock, pace, Limits(180, 3600), threading.Event()):
            pass
        calls.append(source.calls)
        latencies.append(clock.time - line.ends_at)
    return calls, latencies


def _is_followed(told: Logs, clock: SleepingClock, kind: str) -> bool:
    return told.is_followed(kind, clock.time)


def main() -> None:
    """Prints the table."""
    dice = random.Random(20261123)
    lines = timelines(DEPLOYMENTS, dice)
    past = records(timelines(50, dice))
    building, deploying = estimate(past, "BUILDING"), estimate(past, "DEPLOYING")

    def ours(follows: Callable[[str], bool]) -> Pace:
        return AdaptivePace(Poll(), random=dice.random, follows=follows)

    def ours_with_history(follows: Callable[[str], bool]) -> Pace:
        return AdaptivePace(
            Poll(), random=dice.random, building=building, deploying=deploying, follows=follows
        )

    none = "no logs to be had"
    policies: list[tuple[str, MakePace, str]] = [
        ("plan: 5 s until 120 s, then 15 s", lambda _: ByElapsed(lambda at: 5 if at < 120 else 15), none),
        ("doctl --wait, terraform: fixed 10 s", lambda _: ByElapsed(lambda at: 10), none),
        ("fixed 5 s", lambda _: ByElapsed(lambda at: 5), none),
        ("the deploy action: fixed 2 s", lambda _: ByElapsed(lambda at: 2), none),
        *((f"afterpush, no history, {logs}", ours, logs) for logs in LOGS),
        *((f"afterpush, 50 deployments of history, {logs}", ours_with_history, logs) for logs in LOGS),
    ]
    print(f"{DEPLOYMENTS} simulated deployments of 240 +- 60 s, {CALL_SECONDS} s a call\n")
    print("| policy | calls, mean | calls, max | latency, mean s | latency, p95 s |")
    print("|---|---|---|---|---|")
    for name, make, logs in policies:
        calls, latencies = measured(make, logs, lines)
        p95 = quantiles(latencies, n=20)[-1]
        print(f"| {name} | {fmean(calls):.1f} | {max(calls)} | {fmean(latencies):.2f} | {p95:.2f} |")


if __name__ == "__main__":
    main()
