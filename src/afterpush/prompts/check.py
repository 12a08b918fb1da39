"""Whether the prompts that are there still tell the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.ground import commands
from afterpush.ground.commands import Catalog
from afterpush.prompts import shell
from afterpush.prompts.marker import is_as_written, read_marker
from afterpush.prompts.regen import Shelf
from afterpush.prompts.template import Surroundings, Template
from afterpush.roadmap import Task


@dataclass(frozen=True)
class Problem:
    """Something wrong in a prompt; `line` is counted from 1."""

    file: str
    line: int
    message: str


@dataclass(frozen=True)
class Stale:
    """A generated prompt that is not what it would be today."""

    file: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """What the check of all prompts found."""

    checked: int
    stale: tuple[Stale, ...]
    problems: tuple[Problem, ...]

    @property
    def is_good(self) -> bool:
        return not self.stale and not self.problems


def check(
    shelf: Shelf,
    tasks: Mapping[str, Task],
    template: Callable[[], Template],
    around: Surroundings,
    catalog: Catalog,
    branches: Sequence[str],
    ids: Sequence[str] = (),
) -> Checked:
    """Looks at every prompt, generated or not; with `ids` at those of these tasks only."""
    wanted = {shelf.path_of(task_id) for task_id in ids}
    files = [path for path in shelf.files() if not wanted or path in wanted]
    stale: list[Stale] = []
    problems: list[Problem] = []
    for path in files:
        content = shelf.content_of(path) or ""
        marker = read_marker(content)
        if marker and not is_as_written(content):
            why = "edited by hand since it was generated; move the change into the roadmap or the template"
            problems.append(Problem(path, 1, f"{why}, or drop the marker line"))
        elif marker:
            reason = _stale_reason(marker.task_id, marker.source, tasks, template, around)
            stale += [Stale(path, reason)] if reason else []
        problems += _problems(path, content, catalog, branches, shelf.root)
    return Checked(len(files), tuple(stale), tuple(problems))


def _stale_reason(
    task_id: str,
    source: str,
    tasks: Mapping[str, Task],
    template: Callable[[], Template],
    around: Surroundings,
) -> str | None:
    task = tasks.get(task_id)
    if task is None:
        return f"the roadmap has no task {task_id} any more; remove the file"
    if template().source_of(task, tasks, around) != source:
        return f"the roadmap or the template has changed: inv prompts.regen --ids={task_id}"
    return None


def _problems(
    path: str, content: str, catalog: Catalog, branches: Sequence[str], root: Path
) -> list[Problem]:
    found = [*commands.findings(content, catalog), *shell.findings(content, branches, root)]
    return [
        Problem(path, finding.line, finding.message) for finding in sorted(found, key=lambda one: one.line)
    ]
