"""Cleaning 100,000 files of monitors, beside `find -mtime +7 -delete` on the same files.

Run: python -m bench.cleanup
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from afterpush.deploy.monitor.cleanup import cleanup
from afterpush.infra.state import StateFolder
from bench._timing import seconds_of

FILES = 100_000
ROUNDS = 3
LIMIT = 3.0


def fill(folder: Path) -> None:
    """Old files of 25,000 commits, four each."""
    old = time.time() - 30 * 86_400
    for number in range(FILES // 4):
        for name in ("status-{}.log", "status-{}.result", "monitor-{}.pid", "monitor-{}.lock"):
            path = folder / f"deployment-{name.format(f'{number:07x}')}"
            path.touch()
            os.utime(path, (old, old))


def main() -> None:
    """Prints the table."""
    taken: dict[str, list[float]] = {"find -mtime +7 -delete": [], "afterpush": []}
    for _ in range(ROUNDS):
        for name, times in taken.items():
            folder = Path(tempfile.mkdtemp(prefix="afterpush-bench-"))
            fill(folder)
            if name == "afterpush":
                state = StateFolder(folder, folder / "history.db")
                times.append(seconds_of(lambda state=state: cleanup(state, time.time(), 7)))  # type: ignore[misc]
            else:
                find = ["find", str(folder), "-type", "f", "-mtime", "+7", "-delete"]
                times.append(seconds_of(lambda find=find: subprocess.run(find, check=True)))  # type: ignore[misc]
            assert not any(folder.iterdir())
            shutil.rmtree(folder)
    yardstick = median(taken["find -mtime +7 -delete"])
    print(f"{FILES} files, all old, median of {ROUNDS} runs (limit: {LIMIT} x)\n")
    print("| cleaner | seconds | ratio |")
    print("|---|---|---|")
    for name, times in taken.items():
        print(f"| {name} | {median(times):.2f} | {median(times) / yardstick:.2f} |")


if __name__ == "__main__":
    main()
