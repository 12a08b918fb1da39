"""The watch: look, decide, wait, until there is a verdict.

`verdict.next_state` holds every rule; `watch` only looks, asks it, and sleeps.
"""

import threading
from collections.abc import Iterator
from typing import Protocol

from afterpush.deploy.watch.facts import Fact, Finished, Limits, State, Watching
from afterpush.deploy.watch.verdict import next_state
from afterpush.infra.clock import Clock


class Sources(Protocol):
    """Where facts come from; one look at all that can be asked."""

    def look(self) -> Fact:
        """One look. Never raises for what a network or a server can do."""


class Pace(Protocol):
    """How long to wait until the next look."""

    def seconds(self, state: Watching, fact: Fact) -> float:
        """Seconds; zero or more."""

    def woken(self, state: Watching) -> None:
        """The wait after this state was cut short by a reason to look at once."""


def watch(
    began: Watching,
    sources: Sources,
    clock: Clock,
    pace: Pace,
    limits: Limits,
    wake: threading.Event | None = None,
) -> Iterator[State]:
    """Yields the state after each look, a Finished one last; `began` is what `verdict.begin` gave just now.

    `wake` is set by who has a reason to look at once (a live log has ended); it is never a fact itself.
    Elapsed time is monotonic: a corrected wall clock neither ends a watch nor prolongs it.
    """
    origin = clock.monotonic()
    state = began
    while True:
        fact = sources.look()
        now = began.started_at + clock.monotonic() - origin
        following = next_state(state, fact, now, limits)
        yield following
        if isinstance(following, Finished):
            return
        state = following
        seconds = _until_due(state, pace.seconds(state, fact), limits)
        if wake is None:
            clock.sleep(seconds)
        elif clock.wait(wake, seconds):
            wake.clear()
            pace.woken(state)


def _until_due(state: Watching, seconds: float, limits: Limits) -> float:
    """Not past the moment at which a limit has to be judged."""
    elapsed = state.now - state.started_at
    dues = [limits.timeout_seconds - elapsed]
    if state.deployment is None and elapsed < limits.grace_seconds:
        dues.append(limits.grace_seconds - elapsed)
    return max(0.0, min(seconds, *dues))
