"""The wall clock and sleep: the only place that touches either."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as an argument, so that twenty minutes pass in a millisecond under test."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes backwards."""

    def sleep(self, seconds: float) -> None:
        """Waits; returns at once for zero or less."""

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        """Waits until `wake` is set, at most so many seconds; whether it is set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        return wake.wait(max(0.0, seconds))


class Countdown:
    """How much is left of a span of seconds; it runs from the beginning, and again from each `begin`."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        self._end = self._clock.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds; negative when it is over."""
        return self._end - self._clock.monotonic()


def rfc3339(epoch_seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-23T14:05:27.000Z`."""
    moment = datetime.fromtimestamp(epoch_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> float:
    """Seconds since the epoch. Raises ValueError; a time without zone counts as UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def local_time(epoch_seconds: float, now: float) -> str:
    """A moment for people, in the machine's zone, named: `14:02 EST`; with its date unless it is today's."""
    moment = datetime.fromtimestamp(epoch_seconds).astimezone()
    today = datetime.fromtimestamp(now).astimezone().date()
    return moment.strftime("%H:%M %Z" if moment.date() == today else "%Y-%m-%d %H:%M %Z")


def utc_time(epoch_seconds: float, now: float) -> str:
    """A moment for people, the same on every machine: `14:02 UTC`, with its date when that is not today's."""
    moment, today = datetime.fromtimestamp(epoch_seconds, UTC), datetime.fromtimestamp(now, UTC).date()
    return moment.strftime("%H:%M UTC" if moment.date() == today else "%Y-%m-%d %H:%M UTC")


def duration(seconds: float) -> str:
    """A duration for people: `4 m 06 s`, `1 h 02 m`, `0.8 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"
