"""Removing what finished monitors left, when it is old enough."""

import os
from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, NamedTuple

from afterpush.infra.errors import AfterpushError
from afterpush.infra.locks import existing_lock
from afterpush.infra.state import MONITOR_FILE, StateFolder

DAY_SECONDS = 86_400
_MARK = "last-cleanup"


@dataclass(frozen=True)
class RemovedFiles:
    """What a cleanup did, or would do."""

    removed: Annotated[int, "files removed, or that would be"]
    kept: Annotated[int, "files kept"]
    bytes: Annotated[int, "bytes that the removed files had"]

    def text(self, verb: str) -> str:
        """The same in a sentence."""
        return f"{verb} {self.removed} files ({self.bytes} bytes), kept {self.kept}"


class _Entry(NamedTuple):
    path: str
    short: str
    is_lock: bool
    size: int


def cleanup(folder: StateFolder, now: float, days: float, *, dry_run: bool = False) -> RemovedFiles:
    """Removes monitors' files that have not changed for `days`; never those of a running monitor.

    A link is removed itself, never what it points to; folders and other files are not touched.
    Raises AfterpushError when the folder cannot be read or a file not removed.
    """
    try:
        old, young = _sorted_by_age(folder, now - days * DAY_SECONDS)
        removed = size = spared = 0
        groups: defaultdict[str, list[_Entry]] = defaultdict(list)
        for entry in old:
            groups[entry.short].append(entry)
        for entries in groups.values():
            gone = _remove(folder, entries, dry_run=dry_run)
            removed += gone
            spared += len(entries) - gone
            size += sum(entry.size for entry in entries) if gone else 0
    except FileNotFoundError:
        return RemovedFiles(0, 0, 0)
    except OSError as error:
        raise AfterpushError(
            f"cleaning {folder.path}: cannot remove {error.filename}: {error.strerror}"
        ) from error
    return RemovedFiles(removed, young + spared, size)


def _sorted_by_age(folder: StateFolder, before: float) -> tuple[list[_Entry], int]:
    """The files older than a moment (epoch seconds), and how many are younger."""
    old: list[_Entry] = []
    young = 0
    with os.scandir(folder.path) as entries:
        for entry in entries:
            found = MONITOR_FILE.fullmatch(entry.name)
            if not found or entry.is_dir(follow_symlinks=False):
                continue
            facts = entry.stat(follow_symlinks=False)
            if facts.st_mtime < before:
                old.append(_Entry(entry.path, found["short"], found["ending"] == "lock", facts.st_size))
            else:
                young += 1
    return old, young


def _remove(folder: StateFolder, entries: list[_Entry], *, dry_run: bool) -> int:
    """Removes the files of one commit under its lock, the lock file last; returns how many."""
    with existing_lock(f"{folder.path}/{folder.prefix}deployment-monitor-{entries[0].short}.lock") as is_free:
        if not is_free:
            return 0
        if not dry_run:
            entries.sort(key=attrgetter("is_lock"))
            for entry in entries:
                os.unlink(entry.path)  # noqa: PTH108 - 100,000 Path objects take longer than the unlinks
        return len(entries)


def cleanup_if_due(folder: StateFolder, now: float, days: float) -> RemovedFiles | None:
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
