"""Removing what finished monitors left, when it is old enough."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.ground.errors import AfterpushError
from afterpush.ground.locks import HeldLock, try_lock
from afterpush.ground.state import StateFolder

DAY_SECONDS = 86_400
_OURS = re.compile(
    r"\.?deployment-(?:status|monitor)-([0-9a-f]{7})(?:\.[a-z_]+)?\.(log|result|pid|lock)(\.[0-9a-f]{12}\.tmp)?"
)
_MARK = "last-cleanup"


@dataclass(frozen=True)
class Cleaned:
    """How many files went and stayed, and the size of what went (or would go)."""

    removed: int
    kept: int
    bytes: int


@dataclass(frozen=True)
class _Entry:
    path: str
    short: str
    is_lock: bool
    size: int


def cleanup(folder: StateFolder, now: float, days: float, *, dry_run: bool = False) -> Cleaned:
    """Removes monitors' files that have not changed for `days`; never those of a running monitor.

    A link is removed itself, never what it points to; folders and other files are not touched.
    Raises AfterpushError when the folder cannot be read or a file not removed.
    """
    try:
        old, young = _sorted_by_age(folder, now - days * DAY_SECONDS)
        removed = size = spared = 0
        for entries in _by_commit(old):
            gone = len(entries) if dry_run and not _is_running(folder, entries) else 0
            if not dry_run:
                gone = _remove(folder, entries)
            removed += gone
            spared += len(entries) - gone
            size += sum(entry.size for entry in entries) if gone else 0
    except FileNotFoundError:
        return Cleaned(0, 0, 0)
    except OSError as error:
        raise AfterpushError(
            f"cleaning {folder.path}: cannot remove {error.filename}: {error.strerror}"
        ) from error
    return Cleaned(removed, young + spared, size)


def _sorted_by_age(folder: StateFolder, before: float) -> tuple[list[_Entry], int]:
    """The files older than a moment (epoch seconds), and how many are younger."""
    old: list[_Entry] = []
    young = 0
    with os.scandir(folder.path) as entries:
        for entry in entries:
            found = _OURS.fullmatch(entry.name)
            if not found or entry.is_dir(follow_symlinks=False):
                continue
            facts = entry.stat(follow_symlinks=False)
            if facts.st_mtime < before:
                old.append(_Entry(entry.path, found[1], found[2] == "lock" and not found[3], facts.st_size))
            else:
                young += 1
    return old, young


def _by_commit(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.short, []).append(entry)
    yield from groups.values()


def _is_running(folder: StateFolder, entries: list[_Entry]) -> bool:
    return _with_lock(folder, entries[0].short) is False


def _with_lock(folder: StateFolder, short: str) -> HeldLock | bool | None:
    """The commit's lock; None when there is no lock file, False when a monitor holds it."""
    path = folder.lock(short)
    if path.is_symlink() or not path.exists():
        return None
    return try_lock(path) or False


def _remove(folder: StateFolder, entries: list[_Entry]) -> int:
    """Removes the files of one commit under its lock, the lock file last; returns how many."""
    held = _with_lock(folder, entries[0].short)
    if held is False:
        return 0
    try:
        for entry in sorted(entries, key=lambda entry: entry.is_lock):
            os.unlink(entry.path)  # noqa: PTH108 - a Path for each of 100,000 files takes longer than the unlink
        return len(entries)
    finally:
        if isinstance(held, HeldLock):
            held.release()


def cleanup_if_due(folder: StateFolder, now: float, days: float) -> Cleaned | None:
    """Cleans when nobody has for a day; the monitors call it, so that nobody has to remember."""
    mark = folder.history.parent / _MARK
    try:
        if mark.exists() and now - mark.stat().st_mtime < DAY_SECONDS:
            return None
        mark.touch(mode=0o600)
        os.utime(mark, (now, now))
    except OSError:
        return None
    return cleanup(folder, now, days)
