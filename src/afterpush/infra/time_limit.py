"""A bound on work that others can make endless: a regular expression of the configuration, a document."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

from afterpush.infra.errors import AfterpushError, depth_limit
from afterpush.infra.printable import one_line


@contextmanager
def time_limit(seconds: float, doing: str) -> Iterator[None]:
    """Raises AfterpushError from inside the block when it takes longer, or when what it reads is nested
    deeper than Python's stack; `doing` begins the message.

    The seconds are processor time of this process, so that a busy machine does not end honest work.
    Python's `re` looks at signals while it backtracks (CPython, sre_lib.h), so that a timer ends it. Only
    the main thread hears signals: in another no time is bounded. Inside another limit the shorter one holds.
    """
    with depth_limit(doing), _timer(seconds, doing) if can_bound_time() else nullcontext():
        yield


def reading(name: str, size: int) -> AbstractContextManager[None]:
    """The same around a text of others of so many characters: the limit grows with it, and with nothing
    else."""
    return time_limit(10 + size / 50_000, f"reading {one_line(name)}")


def can_bound_time() -> bool:
    """Whether this thread hears the timer; work of others belongs to another process where it does not."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _timer(seconds: float, doing: str) -> Iterator[None]:
    left = signal.getitimer(signal.ITIMER_PROF)[0]
    if 0 < left <= seconds:
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise AfterpushError(f"{doing}: it took longer than {seconds:g} s and was ended")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        unused = signal.setitimer(signal.ITIMER_PROF, 0)[0]
        signal.signal(signal.SIGPROF, before)
        if left:
            signal.setitimer(signal.ITIMER_PROF, max(left - seconds + unused, 0.001))
