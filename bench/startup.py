"""What listing the tasks costs: `inv --list` here beside an Invoke collection with one empty task.

Run: python -m bench.startup
"""

import sys
import tempfile
from pathlib import Path

from bench._timing import command, interleaved

ROOT = Path(__file__).parents[1]
EMPTY = "from invoke import task\n\n\n@task\ndef nothing(context):\n    'Nothing.'\n"
ROUNDS = 25
LIMIT = 1.35


def main() -> None:
    """Prints the table."""
    inv = Path(sys.executable).with_name("inv")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tasks.py").write_text(EMPTY)
        taken = interleaved(
            {
                "an empty collection": command([inv, "--list"], Path(folder)),
                "afterpush": command([inv, "--list"], ROOT),
                "afterpush through ./inv": command([ROOT / "inv", "--list"], ROOT),
            },
            ROUNDS,
        )
    yardstick = taken["an empty collection"]
    print(f"`inv --list`, median of {ROUNDS} interleaved runs (limit: {LIMIT} x)\n")
    print("| collection | milliseconds | ratio |")
    print("|---|---|---|")
    for name, seconds in taken.items():
        print(f"| {name} | {seconds * 1000:.0f} | {seconds / yardstick:.2f} |")


if __name__ == "__main__":
    main()
