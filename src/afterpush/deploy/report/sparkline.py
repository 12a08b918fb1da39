"""Numbers as a line of small bars."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.:-=+*#"


def sparkline(values: Sequence[float], width: int = 40, bars: str = BARS) -> str:
    """The last `width` values from left to right, each as one of the `bars` in proportion to the largest."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return bars[0] * len(shown)
    return "".join(bars[min(len(bars) - 1, int(value / top * len(bars)))] for value in shown)
