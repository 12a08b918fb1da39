"""Whether the prompts that are there still tell the truth."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from afterpush.documents.instructions import check as instructions
from afterpush.documents.instructions import our_tasks
from afterpush.documents.instructions.repository import Facts
from afterpush.documents.instructions.steps import Finding
from afterpush.documents.manual.documents import DocumentProblem
from afterpush.documents.prompts import shell
from afterpush.documents.prompts.marker import read_marker
from afterpush.documents.prompts.regen import PromptFolder, chosen
from afterpush.documents.prompts.report import Prompts
from afterpush.documents.prompts.template import PromptContext, Template
from afterpush.infra.errors import AfterpushError
from afterpush.infra.time_limit import reading
from afterpush.roadmap import Task


def check(
    folder: PromptFolder,
    tasks: Mapping[str, Task],
    template: Callable[[], Template],
    around: PromptContext,
    facts: Facts,
    others: Mapping[str, str],
    ids: Sequence[str] = (),
) -> Prompts:
    """Looks at every prompt, generated or not, and at the `others`, which instruct agents too; with `ids` at
    the prompts of these tasks only.

    Raises AfterpushError for an ID that neither the roadmap nor a prompt has.
    """
    paths = {task_id: folder.path_of(task_id) for task_id in ids}
    there = folder.files()
    chosen(tasks, [task_id for task_id in ids if paths[task_id] not in there])
    files = [path for path in there if not ids or path in paths.values()]
    stale: dict[str, str] = {}
    problems: list[DocumentProblem] = []
    texts = {} if ids else dict(others)
    for path in files:
        try:
            texts[path] = content = folder.content_of(path) or ""
        except AfterpushError as error:
            problems.append(DocumentProblem(path, 1, str(error)))
            continue
        marker = read_marker(content)
        is_generated = marker is not None and marker.is_intact
        if marker and not is_generated:
            why = "edited by hand since it was generated; move the change into the roadmap or the template"
            problems.append(DocumentProblem(path, 1, f"{why}, or drop the marker line"))
        elif marker:
            reason = _stale_reason(marker.task_id, marker.source, tasks, template, around)
            stale |= {path: reason} if reason else {}
        with reading(path, len(content)):
            problems += _located(path, shell.findings(content, folder.root, is_generated=is_generated))
    for path, found in instructions.findings(texts, facts, frozenset(texts)).items():
        problems += _located(path, found)
    for path, content in texts.items():
        with reading(path, len(content)):
            problems += _located(path, our_tasks.findings(content, facts.catalog))
    problems = sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.line))
    return Prompts(unchanged=len(files) - len(stale), stale=list(stale), reasons=stale, problems=problems)


def _located(path: str, found: Sequence[Finding]) -> Iterator[DocumentProblem]:
    return (DocumentProblem(path, one.line, one.message) for one in found)


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
