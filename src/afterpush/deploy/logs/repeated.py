"""Which lines of a new connection came on an earlier one.

A server may begin at the beginning again, somewhere in the middle, or where the last connection broke off.
"""

import re
from collections import Counter, deque

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
