"""What the system knows of a running process: its parent, its start, its command line.

Linux is read from /proc directly: importing psutil costs a hook a tenth of its time.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import psutil

_PROC = Path("/proc")
_MOST_ANCESTORS = 64

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class ProcessEntry:
    """One process. `started_at` only compares processes of one boot: it is in seconds after boot on
    Linux (a step of the wall clock does not change it), since the epoch elsewhere.
    """

    pid: int
    parent: int
    started_at: float
    is_zombie: bool


def entry_of(pid: int) -> ProcessEntry | None:
    """The process that has this pid now; None when there is none."""

    def read(stat: bytes) -> ProcessEntry:
        # proc_pid_stat(5): the name in parentheses may hold anything, the fields count from behind it.
        state, parent, *rest = stat.rpartition(b")")[2].split()
        return ProcessEntry(pid, int(parent), int(rest[17]) / os.sysconf("SC_CLK_TCK"), state in b"ZX")

    return _asked(pid, "stat", read, _entry_of_psutil, None)


def argv_of(pid: int) -> tuple[str, ...]:
    """The command line; empty when the process is gone, hidden from us or a kernel thread."""

    def read(line: bytes) -> tuple[str, ...]:
        return tuple(os.fsdecode(word) for word in line.removesuffix(b"\0").split(b"\0")) if line else ()

    return _asked(pid, "cmdline", read, lambda process: tuple(process.cmdline()), ())


def ancestors(pid: int) -> Iterator[ProcessEntry]:
    """The parents of a process, nearest first, as far as they can be seen."""
    below = entry_of(pid)
    for _ in range(_MOST_ANCESTORS):
        above = entry_of(below.parent) if below and below.parent else None
        if above is None:
            return
        yield above
        below = above


def age_of(entry: ProcessEntry, now: float) -> float | None:
    """How many seconds ago a process started; None where the system does not tell. `now`: the wall clock."""
    try:
        since_boot = float((_PROC / "uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None if (_PROC / "self").exists() else max(0.0, now - entry.started_at)
    return max(0.0, since_boot - entry.started_at)


def running() -> list[ProcessEntry]:
    """Every process that can be seen now, without zombies."""
    if _has_proc():
        pids = [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdigit()]
    else:
        import psutil

        pids = psutil.pids()
    return [entry for pid in pids if (entry := entry_of(pid)) and not entry.is_zombie]


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty when it is gone or belongs to another user."""

    def read(block: bytes) -> dict[str, str]:
        pairs = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0") if entry)
        return {name: value for name, _, value in pairs}

    return _asked(pid, "environ", read, lambda process: dict(process.environ()), {})


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now, shared pages included; 0 when it is gone."""

    def read(statm: bytes) -> int:
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    return _asked(pid, "statm", read, lambda process: int(process.memory_info().rss), 0)


def _has_proc() -> bool:
    return (_PROC / "self" / "stat").exists()


def _asked(
    pid: int,
    name: str,
    read: Callable[[bytes], Answer],
    ask: "Callable[[psutil.Process], Answer]",
    otherwise: Answer,
) -> Answer:
    """What a file of /proc/PID says of a process, or psutil where there is no /proc; `otherwise` when it is
    gone, or not ours to ask about."""
    if _has_proc():
        try:
            return read((_PROC / str(pid) / name).read_bytes())
        except (OSError, ValueError, IndexError):
            return otherwise
    import psutil

    try:
        return ask(psutil.Process(pid))
    except (psutil.Error, ValueError, OverflowError, OSError):
        return otherwise


def _entry_of_psutil(process: "psutil.Process") -> ProcessEntry:
    is_zombie = process.status() == "zombie"
    return ProcessEntry(process.pid, process.ppid(), process.create_time(), is_zombie)
