"""Where attempts run: one seam, `submit(spec)`, with threads of this process behind it by default."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from afterpush.infra.clock import Clock
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec, carry_out

Work = TypeVar("Work", contravariant=True)


class Engine(Protocol[Work]):
    """Does work, such as attempts. A stopped one ends what it has begun with the state `stopped`."""

    def submit(self, work: Work, /) -> "Future[Any]":
        """Begins as soon as there is a place for it."""

    def stop(self) -> None:
        """Ends all that runs; returns at once."""

    def close(self) -> None:
        """Waits until nothing runs any more, and gives back what was taken."""


class LocalEngine:
    """Agents of this machine: a thread waits for each."""

    def __init__(self, repo: Path, agents: int, environment: Mapping[str, str], clock: Clock) -> None:
        self._repo, self._environment, self._clock = repo, environment, clock
        self._pool = ThreadPoolExecutor(agents, thread_name_prefix="agent")
        self._stopped = threading.Event()

    def submit(self, spec: AttemptSpec) -> "Future[Attempted]":
        return self._pool.submit(
            carry_out,
            self._repo,
            spec,
            self._environment,
            is_stopped=self._stopped.is_set,
            clock=self._clock,
        )

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._pool.shutdown(wait=True)
