"""Timing commands side by side on a noisy machine: interleaved runs, medians, ratios."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median


def seconds_of(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def interleaved(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each action; they take turns, so that noise meets all alike."""
    for action in actions.values():
        action()
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            taken[name].append(seconds_of(action))
    return {name: median(times) for name, times in taken.items()}


def command(
    words: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None
) -> Callable[[], object]:
    """Running a command that must succeed, its output dropped."""

    def run() -> None:
        subprocess.run(
            words, cwd=cwd, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    return run
