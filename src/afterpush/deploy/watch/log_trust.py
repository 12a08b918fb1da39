"""The end of a live log as a reason to look at a deployment at once, and how far such ends can be trusted."""

import threading
from collections import Counter
from collections.abc import Callable

from afterpush.digitalocean.steps import Phase

# A phase ends with its log, give or take a moment.
AFTER_A_LOG_SECONDS = (1.0, 2.0)
MOST_WAKES = 3


class LogSignals:
    """What the live logs tell the watch: that one has ended, and whether one is followed at this moment."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.follows: Callable[[str], bool] = lambda kind: False
        self._ends: Counter[str] = Counter()

    def ended(self, kind: str) -> None:
        """A live log was closed by the server: a reason to look at once. May be called from any thread.

        A server that closes it again and again does not make the watch look ever more often.
        """
        self._ends[kind] += 1
        if self._ends[kind] <= MOST_WAKES:
            self.wake.set()


class LogTrust:
    """Whether the ends of the live logs have marked the ends of the phases so far, in this watch.

    The log of the build is followed with some trust. The log of the deployment is trusted when the end of the
    build was seen by the end of its log; a log that ends early, or stays open beyond its phase, is not.

        BUILDING, its log ends, a look shows DEPLOYING    -> trusted
        BUILDING, its log ends, it is BUILDING for long   -> doubted: the looks are as if there were no log
        BUILDING, a look shows DEPLOYING, no log ended    -> doubted
    """

    def __init__(self, follows: Callable[[str], bool]) -> None:
        self._follows = follows
        self._phase: str | None = None
        self._woken_in: str | None = None
        self._looks_since = 0
        self._is_proved = False
        self._is_doubted = False

    def woken(self, phase: str | None) -> None:
        self._woken_in, self._looks_since = phase, 0

    def look_again_after(self, phase: str | None) -> float | None:
        """Seconds until a look that an ended log is a reason for; None without one."""
        self._learn(phase)
        if self._woken_in is None or self._woken_in != phase:
            return None
        if self._looks_since >= len(AFTER_A_LOG_SECONDS):
            self._woken_in, self._is_doubted = None, True
            return None
        self._looks_since += 1
        return AFTER_A_LOG_SECONDS[self._looks_since - 1]

    def _learn(self, phase: str | None) -> None:
        if phase == self._phase:
            return
        if self._phase == Phase.BUILDING:
            told = self._woken_in == Phase.BUILDING
            self._is_proved, self._is_doubted = told, self._is_doubted or not told
        self._phase = phase

    def is_told(self, phase: str | None) -> bool:
        """Whether the end of this phase will probably be seen in its log."""
        if self._is_doubted:
            return False
        if phase == Phase.BUILDING:
            return self._follows("build")
        return phase == Phase.DEPLOYING and self._is_proved and self._follows("deploy")
