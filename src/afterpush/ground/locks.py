"""Operating-system locks: the kernel frees them on any death of their holder."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afterpush.ground.errors import AfterpushError

# Whoever asks `is_locked` holds the lock for a moment; who takes such a lock waits that out.
PROBE_SECONDS = 0.5


class HeldLock:
    """A lock that this process holds until `release` or death."""

    def __init__(self, lock: object, path: Path) -> None:
        self._lock = lock
        self.path = path

    def release(self) -> None:
        self._lock.release()  # type: ignore[attr-defined]


def try_lock(path: Path, *, wait_seconds: float = 0) -> HeldLock | None:
    """Takes the lock, or returns None when another process holds it after `wait_seconds`.

    The file stays when the lock is free: unlinking it would let two holders lock two files of one
    name. Raises AfterpushError when the file cannot be made.
    """
    from filelock import Timeout, UnixFileLock

    lock = UnixFileLock(path, timeout=wait_seconds, mode=0o600, thread_local=False)
    try:
        lock.acquire(poll_interval=0.02)
    except Timeout:
        return None
    except OSError as error:
        raise AfterpushError(
            f"cannot lock {path}: {error.strerror or error}; make its folder writable"
        ) from error
    return HeldLock(lock, path)


@contextmanager
def existing_lock(path: str) -> Iterator[bool]:
    """Holds the lock of a file if it is there and free: True then, and where there is no such file.

    For many files at once: the same flock that `try_lock` takes, without its object for each. Links are
    not followed. Raises OSError.
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
