"""Why a landed push could not be watched, told once at the next one: nobody reads a log unasked."""

import contextlib
from pathlib import Path

NEW, TOLD = "unwatched", "unwatched-told"


def note_complaint(folder: Path, reason: str) -> None:
    """Keeps the reason for the next push, unless that very reason was told before."""
    with contextlib.suppress(OSError):
        if _read(folder / TOLD) != reason:
            (folder / NEW).write_text(reason, encoding="utf-8")


def settle_complaint(folder: Path) -> None:
    """A push could be watched: whatever comes next is news again."""
    for name in (NEW, TOLD):
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def untold_complaint(folder: Path) -> str | None:
    """The reason that was not told yet; from now on it is."""
    reason = _read(folder / NEW)
    if reason:
        with contextlib.suppress(OSError):
            (folder / NEW).replace(folder / TOLD)
    return reason or None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
