"""The small process between a worker and an agent: `python -m afterpush.swarm.agent.supervisor ORDER`.

It is in a session of its own and starts the agent in another. Its stdin is the lifeline, a pipe that
only the worker holds: when the worker dies, even by `kill -9`, the pipe ends, and the supervisor ends the
agent with everything below it. Orphans are handed to it by the kernel (it is their subreaper, Linux), and
what has got away is found by the tag in its environment.
"""

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.files import write_atomic
from afterpush.infra.processes.detached import start_detached
from afterpush.infra.processes.identity import Identity, boot_id
from afterpush.infra.processes.process_table import resident_bytes, running
from afterpush.infra.processes.tagged import end_all, with_tag

TAG = "AFTERPUSH_SWARM"
UNWRITTEN = 74  # EX_IOERR of sysexits(3): all has ended, but how could not be written down.
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_MEMORY_LOOK_SECONDS = 0.5
_LIFELINE = 0


@dataclass(frozen=True)
class SupervisorRequest:
    """What to run and within which bounds; 0 is no bound. `result` is where the ending is written."""

    command: str
    cwd: str
    log: str
    result: str
    timeout_seconds: float = 0
    memory_megabytes: float = 0
    grace_seconds: float = 2


@dataclass(frozen=True)
class Ended:
    """How it ended: `how` is exit, timeout, memory, stopped or, written by nobody, unwritten or lost.

    `code` is the agent's exit code, negative for a signal (the supervisor's, when that is lost); `strays`
    counts what it left running.
    """

    how: str
    code: int
    seconds: float
    strays: int = 0

    @property
    def code_in_words(self) -> str:
        """The exit code as the end of a sentence about what ran."""
        return f"was killed by signal {-self.code}" if self.code < 0 else f"ended with exit code {self.code}"


def main(argv: list[str]) -> int:
    """Supervises one agent to its end."""
    order = SupervisorRequest(**json.loads(argv[0]))
    ended = supervise(order, SystemClock())
    try:
        write_atomic(Path(order.result), json.dumps(asdict(ended)), mode=0o600)
    except OSError:
        return UNWRITTEN
    return 0


def supervise(order: SupervisorRequest, clock: Clock) -> Ended:
    """Starts the agent, waits for its end or for a reason to end it, and leaves nothing running."""
    _adopt_orphans()
    began = clock.monotonic()
    with _woken_by_signals() as wake:
        # The whole environment is the agent's: it was made for it by our parent.
        agent = start_detached(
            ("sh", "-c", order.command), log=Path(order.log), cwd=Path(order.cwd), env=os.environ
        )
        reaper = _Reaper(agent)
        how = _watch(order, reaper, wake, began, clock)
        grace = order.grace_seconds if how != "exit" else min(order.grace_seconds, 0.5)
        strays = end_all(lambda: _ours(reaper), clock, grace_seconds=grace)
        reaper.reap()
    return Ended(how, reaper.code if reaper.code is not None else -9, clock.monotonic() - began, strays)


class _Reaper:
    """Collects every child that has ended; the agent's exit code is kept."""

    def __init__(self, agent: int) -> None:
        self.agent = agent
        self.code: int | None = None

    def reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.agent:
                    self.code = os.waitstatus_to_exitcode(status)


def _watch(order: SupervisorRequest, reaper: _Reaper, wake: int, began: float, clock: Clock) -> str:
    """Waits for the first reason to end."""
    poll = select.poll()
    poll.register(_LIFELINE, select.POLLIN | select.POLLHUP)
    poll.register(wake, select.POLLIN)
    while True:
        reaper.reap()
        if reaper.code is not None:
            return "exit"
        left = began + order.timeout_seconds - clock.monotonic() if order.timeout_seconds else 3600.0
        if left <= 0:
            return "timeout"
        if order.memory_megabytes:
            if _held_megabytes(reaper) > order.memory_megabytes:
                return "memory"
            left = min(left, _MEMORY_LOOK_SECONDS)
        for descriptor, _ in poll.poll(left * 1000):
            said = os.read(descriptor, 64)
            if (descriptor == _LIFELINE and not said) or (
                descriptor == wake and set(said) - {signal.SIGCHLD}
            ):
                return "stopped"


def _ours(reaper: _Reaper) -> list[Identity]:
    """Everything that is to end: what is below us, and what carries our tag."""
    reaper.reap()
    table, boot = running(), boot_id()
    children: dict[int, list[int]] = {}
    for entry in table:
        children.setdefault(entry.parent, []).append(entry.pid)
    below, queue = set[int](), [os.getpid()]
    while queue:
        for pid in children.get(queue.pop(), []):
            if pid not in below:
                below.add(pid)
                queue.append(pid)
    found = {Identity(entry.pid, entry.started_at, boot) for entry in table if entry.pid in below}
    tag = os.environ.get(TAG)
    return list(found | set(with_tag(TAG, tag) if tag else ()))


def _held_megabytes(reaper: _Reaper) -> float:
    return sum(resident_bytes(process.pid) for process in _ours(reaper)) / 1e6


def _adopt_orphans() -> None:
    """A process whose parent ends becomes our child instead of init's (Linux; elsewhere the tag must do)."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def _woken_by_signals() -> Iterator[int]:
    """A descriptor on which the numbers of signals arrive: a child's end, and requests to end."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(-1)
        os.close(reading)
        os.close(writing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
