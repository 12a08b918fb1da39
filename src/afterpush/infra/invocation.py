"""How our tasks are called here: `inv`, `./inv` or `afterpush`. Every message that names a task asks this."""

import os
import re
from pathlib import Path

from afterpush.infra.files import read_bytes

VARIABLE = "AFTERPUSH_PROGRAM"  # Set by the entry point; child processes inherit it.
_OUR_NAMESPACE = re.compile(r"^[ \t]*from[ \t]+afterpush\.tasks[ \t]+import\s.*\bns\b", re.MULTILINE)


def program() -> str:
    """The program that the user typed, as they would type it again."""
    return os.environ.get(VARIABLE) or "inv"


def called_as(name: str) -> None:
    """Remembers the program for this process and its children."""
    os.environ[VARIABLE] = name


def command(task: str) -> str:
    """A task as the user types it: `command("deploy.status --wait")` is `inv deploy.status --wait`."""
    return f"{program()} {task}"


def program_in(root: Path) -> str:
    """The program that offers all our tasks to everybody in the repository at `root`.

    `inv` where its tasks.py takes our whole namespace, else `afterpush`. The file is read, never run.
    """
    for name in ("tasks.py", "tasks/__init__.py"):
        try:
            text = read_bytes(root / name, limit=1 << 20).decode("utf-8", "replace")
        except OSError:
            continue
        return "inv" if _OUR_NAMESPACE.search(text) else "afterpush"
    return "afterpush"
