"""Where a queue is kept: a file that is replaced in one step, or the memory of one run."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import write_private
from afterpush.infra.locks import HeldLock, is_locked, locked, try_lock
from afterpush.swarm.merge_queue.model import Queue

_WRITE_SECONDS = 30.0


class Store(Protocol):
    """A queue that several threads or processes change."""

    def load(self) -> Queue:
        """The queue now."""

    def update(self, change: Callable[[Queue], Queue]) -> Queue:
        """Changes the queue, one change at a time; on return the change outlasts a crash."""


class MemoryStore:
    """A queue that lives as long as its run: the swarm's journal knows what is to be merged."""

    def __init__(self) -> None:
        self._queue, self._lock = Queue(), threading.Lock()

    def load(self) -> Queue:
        return self._queue

    def update(self, change: Callable[[Queue], Queue]) -> Queue:
        with self._lock:
            self._queue = change(self._queue)
            return self._queue


class FileStore:
    """The queue of a clone, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue.json"
        self._write_lock, self._run_lock = folder / "write.lock", folder / "run.lock"

    def load(self) -> Queue:
        import msgspec

        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Queue)
        except FileNotFoundError:
            return Queue()
        except (OSError, msgspec.MsgspecError) as error:
            raise AfterpushError(
                f"reading the queue {self.path}: {error}; remove the file and add the branches again"
            ) from error

    def update(self, change: Callable[[Queue], Queue]) -> Queue:
        import msgspec

        with locked(self._write_lock, wait_seconds=_WRITE_SECONDS, doing="changing the queue"):
            before = self.load()
            after = change(before)
            if after != before:
                write_private(self.path, msgspec.json.encode(after).decode())
        return after

    def run_lock(self) -> HeldLock | None:
        """The right to run the queue; None when another process has it. Death gives it back."""
        return try_lock(self._run_lock, wait_seconds=0.5)

    @property
    def is_running(self) -> bool:
        return is_locked(self._run_lock)
