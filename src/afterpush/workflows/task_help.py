"""The tasks of a repository with their help, as a process of its own prints them (`tasks/_task_help.py`)."""

import sys
from pathlib import Path

from afterpush.documents.manual.reference import TaskFacts
from afterpush.infra.errors import AfterpushError
from afterpush.infra.invocation import program_in
from afterpush.infra.processes import run
from afterpush.text.task_source import our_modules_in, task_files

OURS = "ours"


def described_in(root: Path, *, load: bool) -> tuple[str, list[TaskFacts]]:
    """The program that runs the tasks in the repository at `root` (`inv` or `afterpush`), and the tasks.

    Its own tasks are among them only with `load`, which runs its tasks.py; else those that it takes from us.
    """
    import msgspec

    what = [root] if load else [OURS, *sorted(our_modules_in(task_files(root)))]

    done = run([sys.executable, "-P", "-m", "afterpush.tasks._task_help", *what], cwd=root)
    lines = done.text.splitlines()
    if done.code != 0 or not lines:
        said = done.error_text.splitlines()[-1:] or ["nothing was listed"]
        raise AfterpushError(
            f"loading the tasks of {root}: {said[0]}; correct them, then `inv --list` shows them"
        )
    program, tasks = msgspec.json.decode(lines[-1], type=tuple[str, list[TaskFacts]])
    return program if load else program_in(root), tasks
