"""What a token may still ask, counted once for all clients in a process that use it.

The limits (5,000 an hour, 250 a minute) are the token's, not a client's (description.yml, "Rate Limit").
"""

import threading
from dataclasses import dataclass

from afterpush.digitalocean.failure import ApiFailure


@dataclass(frozen=True)
class Allowance:
    """What the rate limit leaves: requests that remain, and when (epoch seconds) the oldest expires."""

    remaining: int
    reset_at: float | None


class Budget:
    """What all clients of one token in a process share: one count of requests, and one limit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rest_until = 0.0
        self.requests = 0
        self.allowance: Allowance | None = None

    def count(self, now: float, doing: str) -> None:
        """Counts a request that is about to be sent. Raises ApiFailure while the API asked for a rest."""
        with self._lock:
            left = self._rest_until - now
            if left > 0:
                raise ApiFailure(f"{doing}: the API asked for a rest of {left:.0f} s more (429)", 429, left)
            self.requests += 1

    def rest(self, until: float) -> None:
        """No request before this time (monotonic seconds)."""
        with self._lock:
            self._rest_until = max(self._rest_until, until)
