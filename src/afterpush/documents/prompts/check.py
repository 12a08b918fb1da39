"""Whether the prompts that are there still tell the truth."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from afterpush.documents.prompts import shell
from afterpush.documents.prompts.marker import is_as_written, read_marker
from afterpush.documents.prompts.regen import PromptFolder, chosen
from afterpush.documents.prompts.template import PromptContext, Template
from afterpush.infra.errors import AfterpushError
from afterpush.roadmap import Task
from afterpush.text import commands
from afterpush.text.task_catalog import Catalog


@dataclass(frozen=True)
class PromptProblem:
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
class PromptsReport:
    """What the check of all prompts found."""

    checked: int
    stale: tuple[Stale, ...]
    problems: tuple[PromptProblem, ...]

    @property
    def is_good(self) -> bool:
        return not self.stale and not self.problems


def check(
    folder: PromptFolder,
    tasks: Mapping[str, Task],
    template: Callable[[], Template],
    around: PromptContext,
    catalog: Catalog,
    branches: Collection[str],
    ids: Sequence[str] = (),
) -> PromptsReport:
    """Looks at every prompt, generated or not; with `ids` at those of these tasks only.

    Raises AfterpushError for an ID that neither the roadmap nor a prompt has.
    """
    paths = {task_id: folder.path_of(task_id) for task_id in ids}
    there = folder.files()
    chosen(tasks, [task_id for task_id in ids if paths[task_id] not in there])
    files = [path for path in there if not ids or path in paths.values()]
    stale: list[Stale] = []
    problems: list[PromptProblem] = []
    for path in files:
        try:
            content = folder.content_of(path) or ""
        except AfterpushError as error:
            problems.append(PromptProblem(path, 1, str(error)))
            continue
        marker = read_marker(content)
        is_generated = marker is not None and is_as_written(content)
        if marker and not is_generated:
            why = "edited by hand since it was generated; move the change into the roadmap or the template"
            problems.append(PromptProblem(path, 1, f"{why}, or drop the marker line"))
        elif marker:
            reason = _stale_reason(marker.task_id, marker.source, tasks, template, around)
            stale += [Stale(path, reason)] if reason else []
        found = [
            *commands.findings(content, catalog),
            *shell.findings(content, branches, folder.root, is_generated=is_generated),
        ]
        problems += [
            PromptProblem(path, one.line, one.message) for one in sorted(found, key=lambda one: one.line)
        ]
    return PromptsReport(len(files), tuple(stale), tuple(problems))


def _stale_reason(
    task_id: str,
    source: str,
    tasks: Mapping[str, Task],
    template: Callable[[], Template],
    around: PromptContext,
) -> str | None:
    task = tasks.get(task_id)
    if task is None:
        return f"the roadmap has no task {task_id} any more; remove the file"
    if template().source_of(task, tasks, around) != source:
        return f"the roadmap or the template has changed: {around.run} prompts.regen --ids={task_id}"
    return None
