"""Operating-system locks (flock): the kernel frees them on any death of their holder.

Taken directly, because a monitor holds one for half an hour: filelock would cost it 0.8 MB.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError

# `is_locked` holds the lock for a moment; taking such a lock waits that out.
PROBE_SECONDS = 0.5
_STEP_SECONDS = 0.02


@dataclass(frozen=True)
class HeldLock:
    """A lock that this process holds until `release` or death."""

    path: Path
    _descriptor: int

    def release(self) -> None:
        os.close(self._descriptor)


def try_lock(path: Path, *, wait_seconds: float = 0) -> HeldLock | None:
    """Takes the lock, or returns None when another process holds it after `wait_seconds`.

    The file stays when the lock is free: unlinking it without its lock would let two holders lock two files
    of one name. Raises AfterpushError when the file cannot be made.
    """
    clock = SystemClock()
    deadline = clock.monotonic() + wait_seconds
    while True:
        try:
            held = _taken(path)
        except OSError as error:
            raise AfterpushError(f"cannot lock {path}: {error.strerror}; make its folder writable") from error
        if held or clock.monotonic() >= deadline:
            return held
        clock.sleep(_STEP_SECONDS)


def _taken(path: Path) -> HeldLock | None:
    """One try; again at once where the file was unlinked by its holder between our opening and locking it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return HeldLock(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextmanager
def existing_lock(path: str) -> Iterator[bool]:
    """Holds the lock of a file if it is there and free: True then, and where there is no such file.

    For many files at once. Links are not followed. Raises OSError.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock now; does not make the file.

    The question takes a shared lock for a moment, so that two who ask at once do not take one another
    for the holder. Raises AfterpushError when the file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise AfterpushError(f"cannot ask for the lock {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path, *, wait_seconds: float, doing: str) -> Iterator[None]:
    """Holds the lock for a block. Raises AfterpushError that says what was being `doing` when it is taken."""
    held = try_lock(path, wait_seconds=wait_seconds)
    if held is None:
        raise AfterpushError(f"{doing}: another process holds {path}; wait for it to end")
    try:
        yield
    finally:
        held.release()
