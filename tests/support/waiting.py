"""Waiting for a condition. Only a hang exceeds the deadline: a busy machine makes tests slow, not red."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_SECONDS = 180
# Longer and longer: a condition may cost more than the time between two looks.
_FIRST_STEP_SECONDS, _LAST_STEP_SECONDS = 0.01, 0.1


def wait_until(
    condition: Callable[[], T], what: str = "the condition", say: Callable[[], str] | None = None
) -> T:
    """Waits until the condition is true, and returns what it gave.

    Fails with `what` was waited for, and with what `say` tells about the state of things.
    """
    deadline, step = time.monotonic() + DEADLINE_SECONDS, _FIRST_STEP_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never came true: {what}{say() if say else ''}"
        time.sleep(step)
        step = min(step * 1.3, _LAST_STEP_SECONDS)
    return found
