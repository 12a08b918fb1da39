"""The tasks of a repository with their help, as a process of its own prints them (`tasks/_task_help.py`)."""

import sys
from pathlib import Path

from afterpush.documents.manual.reference import TaskFacts
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes import run


def described_in(root: Path) -> tuple[str, list[TaskFacts]]:
    """The program that runs the tasks in the repository at `root` (`inv` or `afterpush`), and the tasks."""
    import msgspec

    done = run([sys.executable, "-P", "-m", "afterpush.tasks._task_help", root], cwd=root)
    lines = done.text.splitlines()
    if done.code != 0 or not lines:
        said = done.error_text.splitlines()[-1:] or ["nothing was listed"]
        raise AfterpushError(
            f"loading the tasks of {root}: {said[0]}; correct them, then `inv --list` shows them"
        )
    return msgspec.json.decode(lines[-1], type=tuple[str, list[TaskFacts]])
