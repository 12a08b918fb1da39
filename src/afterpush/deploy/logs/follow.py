"""A growing log to its end, over as many connections as it takes, each line once.

A connection that ends proves little: proxies cut idle ones, and the platform ends them when it likes. The
next one may begin at the beginning again, somewhere in the middle, or where the last one broke off.
"""

import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from afterpush.deploy.logs.lines import lines
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.http import NoAnswer

REMEMBERED_LINES = 10_000
# How the platform begins a line: `web 2026-11-23T14:05:27.123456789Z`.
LINE_START = re.compile(rb"[\w.-]+ (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*)Z")


class ToldLines:
    """The lines passed on so far; `is_new` asks for the next one of the present connection.

    A line with a time in it is passed on once, wherever it recurs. Without one, only a repetition from the
    first line of a connection on is known for what it is: behind its end, equal lines are new ones.
    `is_tail`: the log was read from its last lines on, and what is older is left out.
    """

    def __init__(self, *, is_tail: bool = False) -> None:
        self._is_tail = is_tail
        self._first: int | None = None
        self._oldest = b""
        self._forgotten = 0
        self._recent: deque[int] = deque(maxlen=REMEMBERED_LINES)
        self._expected: Counter[int] = Counter()
        self._is_start, self._is_repetition = True, True
        self._to_skip = 0

    def again(self) -> "ToldLines":
        """The same for a new connection, whose first line is the next."""
        fresh = ToldLines(is_tail=self._is_tail)
        fresh._first, fresh._oldest, fresh._forgotten = self._first, self._oldest, self._forgotten
        fresh._recent = self._recent.copy()
        fresh._expected = Counter(self._recent)
        return fresh

    def is_new(self, line: bytes) -> bool:
        """Whether this line is new; from then on it is not."""
        mark = hash(line)
        if self._is_start:
            self._is_start = False
            # From the very beginning: what memory has lost by now is passed over by number.
            self._to_skip = self._forgotten if mark == self._first else 0
        if self._to_skip:
            self._to_skip -= 1
            return False
        stamp = LINE_START.match(line)
        if self._expected[mark] and (stamp or self._is_repetition):
            self._expected[mark] -= 1
            return False
        if stamp and self._is_tail and stamp[1] < self._oldest:
            return False
        self._is_repetition = False
        self._remember(mark, stamp[1] if stamp else b"")
        return True

    def _remember(self, mark: int, stamp: bytes) -> None:
        if self._first is None:
            self._first, self._oldest = mark, stamp
        self._forgotten += len(self._recent) == REMEMBERED_LINES
        self._recent.append(mark)


RECONNECT_SECONDS, RECONNECT_MAX_SECONDS = 1.0, 30.0
CLOSED_SECONDS = 2.0  # So soon after the end of a log, the deployment's phase has moved on.
_LAST_TRIES = 3
_GOOD_PIECES = 3  # A WebSocket that says nothing gives an empty piece for each second.


@dataclass
class Connection:
    """One connection's bytes. `is_archive`: they are the whole log.

    `is_closed` is set at the end of the bytes where the server itself said that no more will come.
    """

    pieces: Iterator[bytes]
    is_archive: bool = False
    is_closed: bool = False


@dataclass
class Following:
    """How a log is followed.

    `is_over`: nothing is added to it any more, as far as is known. `wait` waits so many seconds and tells
    whether to stop. `ended` hears of each end of a live log that was no break. After `patience` connections
    in a row that ended with nothing new, the log counts as over. `told` are the lines passed on so far.
    """

    connect: Callable[[], Connection]
    is_over: Callable[[], bool]
    wait: Callable[[float], bool]
    ended: Callable[[], None] = lambda: None
    patience: float = math.inf
    told: ToldLines = field(default_factory=ToldLines)

    def lines(self) -> Iterator[bytes]:
        """The lines, each once, until the log is over or `wait` says to stop.

        Raises ApiFailure or NoAnswer when a log that is over cannot be read to its end, and ApiFailure when
        the platform refuses for good.
        """
        pause, fruitless, broken = RECONNECT_SECONDS, 0, 0
        over = self.is_over()  # Asked first: all that is written until then is read after it.
        while fruitless < self.patience:
            attempt, least = _Attempt(), 0.0
            try:
                yield from self._told_by(attempt)
                if over or attempt.is_archive:
                    return
                fruitless, broken = 0 if attempt.had else fruitless + 1, 0
                if attempt.had or attempt.is_closed:
                    self.ended()
            except (ApiFailure, NoAnswer) as failure:
                broken += 1
                if _is_final(failure, over=over) or (over and broken == _LAST_TRIES):
                    raise
                least = getattr(failure, "retry_after_seconds", None) or 0.0
            pause = RECONNECT_SECONDS if attempt.was_good else min(pause * 2, RECONNECT_MAX_SECONDS)
            if self.wait(max(pause, least, CLOSED_SECONDS if attempt.is_closed else 0.0)):
                return
            over = self.is_over()
            if over and attempt.is_closed:
                return

    def _told_by(self, attempt: "_Attempt") -> Iterator[bytes]:
        """The new lines of one connection."""
        self.told = self.told.again()
        connection = self.connect()
        for line in lines(attempt.counted(connection.pieces)):
            if self.told.is_new(line):
                attempt.had = True
                yield line
        attempt.is_archive, attempt.is_closed = connection.is_archive, connection.is_closed


@dataclass
class _Attempt:
    """What one connection came to. `had`: it brought something new."""

    had: bool = False
    is_archive: bool = False
    is_closed: bool = False
    pieces: int = 0

    @property
    def was_good(self) -> bool:
        """Whether the next one may follow soon: also after one that only waited, and was cut for it."""
        return self.had or self.pieces >= _GOOD_PIECES

    def counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.pieces += 1
            yield piece


def _is_final(failure: Exception, *, over: bool) -> bool:
    """Whether asking again cannot help; 400: there is no such log, or not yet."""
    if not isinstance(failure, ApiFailure):
        return False
    return failure.is_refused or failure.is_missing or (over and failure.status == 400)
