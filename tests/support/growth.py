"""Whether work grows with its input and no faster: processor time is compared, never measured."""

import time
from collections.abc import Callable


def is_linear(work: Callable[[int], object], size: int) -> bool:
    """Whether eight times the size takes about eight times as long; what is quadratic takes sixty-four."""
    short, long = (min(_seconds(work, size * times) for _ in range(2)) for times in (1, 8))
    return long < 30 * short + 0.05


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
