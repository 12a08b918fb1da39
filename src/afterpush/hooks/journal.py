"""The log of the hooks: a line for whatever was watched, or was not and why."""

import contextlib
import os
from pathlib import Path

from afterpush.hooks.notes import hooks_folder
from afterpush.infra.clock import Clock, SystemClock, rfc3339

MOST_BYTES = 512 * 1024


def journal_path(repo: Path) -> Path:
    """`<git folder>/afterpush/hooks/watcher.log`; its folder is made. Raises AfterpushError."""
    return hooks_folder(repo) / "watcher.log"


class Journal:
    """Appends lines; many processes write one file, and a line of it stays whole (O_APPEND)."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock or SystemClock()

    def add(self, *sentences: str) -> None:
        """One line each. A disk that is full or read-only must not fail a push: it is then lost."""
        now = rfc3339(self._clock.now())
        text = "".join(f"{now} {' '.join(sentence.split())}\n" for sentence in sentences)
        if not text:
            return
        self.turn_over()
        with contextlib.suppress(OSError):
            descriptor = self._opened()
            try:
                os.write(descriptor, text.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)

    def turn_over(self) -> None:
        """Sets a log aside as `.1` that has grown large, or that a push as another user left here; who still
        writes to it goes on there."""
        with contextlib.suppress(OSError):
            if self._is_full():
                self.path.replace(self.path.with_name(f"{self.path.name}.1"))

    def _is_full(self) -> bool:
        try:
            descriptor = self._opened()
        except OSError:
            return True
        try:
            return os.fstat(descriptor).st_size > MOST_BYTES
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
