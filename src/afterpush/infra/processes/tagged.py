"""Processes that carry a tag in their environment: found even when their parent has gone.

A process that leaves its group, its session and its parent still has the environment that it was started
with, unless it clears it on purpose.
"""

import os
import signal
from collections.abc import Callable

from afterpush.infra.clock import Clock
from afterpush.infra.processes.identity import Identity, boot_id, is_running, signal_process
from afterpush.infra.processes.process_table import environment_of, running


def with_tag(name: str, prefix: str) -> list[Identity]:
    """The processes whose variable `name` begins with `prefix`, this one left out."""
    boot = boot_id()
    return [
        Identity(entry.pid, entry.started_at, boot)
        for entry in running()
        if entry.pid != os.getpid() and environment_of(entry.pid).get(name, "").startswith(prefix)
    ]


def end_all(find: Callable[[], list[Identity]], clock: Clock, *, grace_seconds: float) -> int:
    """Ends whatever `find` names: TERM, then KILL after the grace, until it names nothing; returns how many.

    Asked again and again: between the look and the signal a process may have made another.
    """
    seen = set(find())
    for process in seen:
        signal_process(process, signal.SIGTERM)
    deadline = clock.monotonic() + grace_seconds
    while (left := find()) and clock.monotonic() < deadline:
        seen |= set(left)
        _wait_for_any(left, clock)
    while left := find():
        seen |= set(left)
        for process in left:
            signal_process(process, signal.SIGKILL)
        _wait_for_any(left, clock)
    return len(seen)


def _wait_for_any(processes: list[Identity], clock: Clock) -> None:
    for _ in range(10):
        clock.sleep(0.005)
        if not all(map(is_running, processes)):
            return
