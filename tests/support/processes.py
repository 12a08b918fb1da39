"""What runs on this machine, read from /proc: psutil takes longer, and tests ask again and again."""

import os
from pathlib import Path


def command_lines() -> dict[int, str]:
    """The command line of every process that has one, by pid: neither of zombies nor of kernel threads."""
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            words = Path(entry.path, "cmdline").read_bytes()
        except OSError:
            continue
        if words:
            found[int(entry.name)] = words.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    return found


def folder_of(pid: int) -> Path | None:
    """The folder in which a process works; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None
