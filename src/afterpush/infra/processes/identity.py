"""Which process, beyond doubt: pid, start time and boot.

Pids are reused, also across containers and reboots, and a signal to a reused pid hits a stranger.
"""

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes.process_table import entry_of


@dataclass(frozen=True)
class Identity:
    """Which process, beyond doubt: a pid alone may be somebody else's by now.

    `started_at` is only good for comparing (`process_table.Entry`).
    """

    pid: int
    started_at: float
    boot_id: str


def boot_id() -> str:
    """Changes with every boot; empty where the system does not tell (the start time still counts)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def identity_of(pid: int) -> Identity | None:
    """The identity of the process that has this pid now, or None when there is none."""
    found = entry_of(pid)
    return Identity(pid, found.started_at, boot_id()) if found else None


def identity_from_ticks(pid: int, ticks: int) -> Identity:
    """The identity of a process, perhaps ended, whose start a shell read from /proc/PID/stat."""
    return Identity(pid, ticks / os.sysconf("SC_CLK_TCK"), boot_id())


def own_identity() -> Identity:
    """The identity of this process."""
    found = identity_of(os.getpid())
    if found is None:
        raise AfterpushError("cannot read this process's own start time; is /proc mounted?")
    return found


def is_running(identity: Identity) -> bool:
    """Whether exactly this process still runs (a zombie does not)."""
    now = entry_of(identity.pid)
    if now is None or now.is_zombie or identity.boot_id != boot_id():
        return False
    return abs(now.started_at - identity.started_at) < 0.005


def wait_for_end(identity: Identity, clock: Clock, *, timeout_seconds: float) -> bool:
    """Waits until exactly this process has ended, also when it is no child of ours; False after the limit."""
    deadline = clock.monotonic() + timeout_seconds
    with contextlib.ExitStack() as stack:
        descriptor = _pidfd(identity.pid)
        if descriptor is not None:
            stack.callback(os.close, descriptor)
        pause = 0.01
        # Asked after the pidfd is open: from then on the pid cannot become somebody else's unnoticed.
        while is_running(identity):
            left = deadline - clock.monotonic()
            if left <= 0:
                return False
            if descriptor is not None:
                select.select([descriptor], [], [], left)
                return not is_running(identity)
            clock.sleep(min(pause, left))
            pause = min(pause * 1.5, 0.5)
    return True


def _pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends (Linux 5.3), else None."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except (OSError, OverflowError):
        return None


def signal_process(identity: Identity, number: signal.Signals) -> bool:
    """Signals exactly this process; False when it is gone. Raises AfterpushError without the right to."""
    if not is_running(identity):
        return False
    try:
        os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise AfterpushError(f"may not signal process {identity.pid}: it belongs to another user") from error
    return True
