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
    if not (_PROC / "self" / "stat").exists():
        return _of_psutil(pid, _entry_of_psutil, None)
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    # proc_pid_stat(5): the name in parentheses may hold anything, the fields count from behind it.
    state, parent, *rest = stat.rpartition(")")[2].split()
    return ProcessEntry(pid, int(parent), int(rest[17]) / os.sysconf("SC_CLK_TCK"), state in "ZX")


def argv_of(pid: int) -> tuple[str, ...]:
    """The command line; empty when the process is gone, hidden from us or a kernel thread."""
    if not (_PROC / "self" / "stat").exists():
        return _of_psutil(pid, lambda process: tuple(process.cmdline()), ())
    try:
        line = (_PROC / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return ()
    return tuple(os.fsdecode(word) for word in line.removesuffix(b"\0").split(b"\0")) if line else ()


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
    if (_PROC / "self" / "stat").exists():
        pids = [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdigit()]
    else:
        import psutil

        pids = psutil.pids()
    return [entry for pid in pids if (entry := entry_of(pid)) and not entry.is_zombie]


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty when it is gone or belongs to another user."""
    if not (_PROC / "self" / "stat").exists():
        return _of_psutil(pid, lambda process: dict(process.environ()), {})
    try:
        block = (_PROC / str(pid) / "environ").read_bytes()
    except (OSError, ValueError):
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now, shared pages included; 0 when it is gone."""
    try:
        pages = (_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0 if _PROC.exists() else _of_psutil(pid, lambda process: int(process.memory_info().rss), 0)


def _of_psutil(pid: int, ask: "Callable[[psutil.Process], Answer]", otherwise: Answer) -> Answer:
    """What psutil says of a process; `otherwise` when it is gone, or not ours to ask about."""
    import psutil

    try:
        return ask(psutil.Process(pid))
    except (psutil.Error, ValueError, OverflowError, OSError):
        return otherwise


def _entry_of_psutil(process: "psutil.Process") -> ProcessEntry:
    is_zombie = process.status() == "zombie"
    return ProcessEntry(process.pid, process.ppid(), process.create_time(), is_zombie)
