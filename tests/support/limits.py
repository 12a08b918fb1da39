"""The published rate limits: 5,000 requests an hour and 250 a minute for each token, sliding windows."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Limiter:
    """Counts one token's requests; refused ones do not count."""

    hourly: int = 5000
    each_minute: int = 250
    _seen: deque[float] = field(default_factory=deque)

    def admit(self, now: float) -> float | None:
        """None when the request is let in, else the seconds to wait (negative: the hourly limit, unsaid)."""
        while self._seen and self._seen[0] <= now - 3600:
            self._seen.popleft()
        if len(self._seen) >= self.hourly:
            return -1
        recent = [moment for moment in self._last(self.each_minute) if moment > now - 60]
        if len(recent) >= self.each_minute:
            return max(1.0, recent[0] + 60 - now)
        self._seen.append(now)
        return None

    def _last(self, count: int) -> list[float]:
        return [self._seen[number] for number in range(max(0, len(self._seen) - count), len(self._seen))]

    def headers(self, now: float) -> dict[str, str]:
        """`reset` is when the oldest request expires, not when the window is full again."""
        oldest = self._seen[0] if self._seen else now
        return {
            "ratelimit-limit": str(self.hourly),
            "ratelimit-remaining": str(self.hourly - len(self._seen)),
            "ratelimit-reset": str(int(oldest + 3600)),
        }
