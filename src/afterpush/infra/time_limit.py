"""A bound on work that others can make endless: a regular expression of the configuration, a document."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from afterpush.infra.errors import AfterpushError


@contextmanager
def time_limit(seconds: float, doing: str) -> Iterator[None]:
    """Raises AfterpushError from inside the block when it takes longer; `doing` begins the message.

    The seconds are processor time of this process, so that a busy machine does not end honest work.
    Python's `re` looks at signals while it backtracks (CPython, sre_lib.h), so that a timer ends it. Only
    the main thread hears signals: in another nothing is bounded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise AfterpushError(f"{doing}: it took longer than {seconds:g} s and was ended")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
