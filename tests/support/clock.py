"""A clock whose time passes only when somebody sleeps."""

import threading
from collections.abc import Callable


class FakeClock:
    """Sleeping takes no time and moves both clocks; `on_sleep` lets the world change meanwhile."""

    def __init__(self, start: float = 1_764_000_000.0) -> None:
        self.time = start
        self.slept: list[float] = []
        self.on_sleep: Callable[[float], None] | None = None

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(0.0, seconds)
        if self.on_sleep:
            self.on_sleep(self.time)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        if not wake.is_set():
            self.sleep(seconds)
        return wake.is_set()
