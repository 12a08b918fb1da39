"""Signals that ask a process to end, as an exception."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked this process to end. Not an Exception: no handler of errors may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.name = signal.Signals(number).name


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raises Interrupted in the block for SIGINT, SIGTERM and SIGHUP; what was set before comes back."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """In the block, SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does: what it made is given back.

    What is ignored (SIGHUP under nohup) stays so.
    """
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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

    before = {number: signal.signal(number, note) for number in ENDING}
    try:
        yield notice
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds back SIGINT, SIGTERM and SIGHUP during a short block that must come to its end."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
