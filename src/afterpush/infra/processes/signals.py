"""Signals that ask a process to end, as an exception."""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked this process to end. Not an Exception: no handler of errors may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.name = signal.Signals(number).name


@contextlib.contextmanager
def _handled(
    numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Has these signals handled in the block; what was set before comes back."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def interruptible() -> AbstractContextManager[None]:
    """Raises Interrupted in the block for SIGINT, SIGTERM and SIGHUP."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    return _handled(ENDING, interrupt)


def ended_like_interrupted() -> AbstractContextManager[None]:
    """In the block, SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does: what it made is given back.

    What is ignored (SIGHUP under nohup) stays so.
    """
    heeded = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    return _handled(heeded, signal.default_int_handler)


class Notice:
    """The first signal that asked this process to end, while `noticing`; None as long as none did."""

    name: str | None = None


@contextlib.contextmanager
def noticing(wake: Callable[[], None]) -> Iterator[Notice]:
    """Notes SIGINT, SIGTERM and SIGHUP in the block instead of raising, and calls `wake` for each.

    For a loop that holds state of many threads: no exception can come between two of its lines.
    """
    notice = Notice()

    def note(number: int, frame: FrameType | None) -> None:
        notice.name = notice.name or signal.Signals(number).name
        wake()

    with _handled(ENDING, note):
        yield notice


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back SIGINT, SIGTERM and SIGHUP during a short block that must come to its end."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
