"""From a task to the text of its prompt."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.documents.prompts.marker import digest
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_text
from afterpush.roadmap import Task

if TYPE_CHECKING:
    from jinja2 import Template as Compiled

SHIPPED = Path("prompts/task.md.j2")


@dataclass(frozen=True)
class PromptContext:
    """What a prompt says about the repository: where to push, and how our tasks are called there."""

    remote: str
    branch: str
    run: str


@dataclass(frozen=True)
class Template:
    """A template's text and where it came from; `parts` are those beside it, which it may include by name."""

    text: str
    path: str
    parts: Mapping[str, str] = field(default_factory=dict)

    def source_of(self, task: Task, tasks: Mapping[str, Task], around: PromptContext) -> str:
        """The digest of all that the prompt is made from."""
        parts = [
            self.text,
            *(f"{name}\0{text}" for name, text in sorted(self.parts.items())),
            repr(sorted(self.variables(task, tasks, around).items(), key=lambda pair: pair[0])),
        ]
        return digest("\0".join(parts))

    def variables(self, task: Task, tasks: Mapping[str, Task], around: PromptContext) -> dict[str, object]:
        """What a template may use."""
        return {
            "task": _described(task),
            "slug": slug(task.id),
            "open_dependencies": [
                known for known in task.dependencies if known in tasks and not tasks[known].is_done
            ],
            "remote": around.remote,
            "branch": around.branch,
            "run": around.run,
        }

    def render(self, task: Task, tasks: Mapping[str, Task], around: PromptContext) -> str:
        """The prompt's text. Raises AfterpushError naming template and line."""
        from jinja2 import TemplateError

        variables = self.variables(task, tasks, around)
        try:
            text = self._compiled().render(variables)
        # What a team's template computes can fail in any of these ways.
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            said = _said(error, variables)
            raise AfterpushError(f"{self._place(error)}: rendering {task.id}: {said}") from error
        return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"

    def _compiled(self) -> "Compiled":
        from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError

        # Not HTML but Markdown: escaping would change the task's words.
        environment = Environment(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            loader=DictLoader(dict(self.parts)),
        )
        environment.filters |= {"cell": cell, "quoted": quoted}
        try:
            return environment.from_string(self.text)
        except TemplateError as error:
            raise AfterpushError(f"{self._place(error)}: {_said(error, {})}") from error

    def _place(self, error: Exception) -> str:
        line = getattr(error, "lineno", None) or _line_in_template(error)
        return f"the template {self.path}" + (f" line {line}" if line else "")


def _line_in_template(error: Exception) -> int | None:
    """Jinja rewrites tracebacks so that they name the template's own lines."""
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _said(error: Exception, variables: Mapping[str, object]) -> str:
    """What Jinja says in one line; of an unknown name also those that a template may use."""
    from jinja2 import TemplateNotFound, UndefinedError

    said = " ".join((getattr(error, "message", None) or str(error)).split())
    if isinstance(error, TemplateNotFound):
        return f"there is no {error.name} beside it"
    if isinstance(error, UndefinedError):
        facts = variables.get("task")
        names = [f"task.{name}" for name in facts] if isinstance(facts, dict) else []
        return f"{said}; there are {', '.join([*names, *(name for name in variables if name != 'task')])}"
    return said


def _described(task: Task) -> dict[str, object]:
    """A task's facts under the names that templates use."""
    return {
        "id": task.id,
        "title": task.title,
        "status": task.status.value,
        "is_done": task.is_done,
        "status_text": task.status_text,
        "priority": task.priority,
        "estimate": task.estimate,
        "module": task.module,
        "dependencies": list(task.dependencies),
        "path": task.path,
        "section_text": task.section_text,
        "extra": dict(sorted(task.extra.items())),
    }


def slug(task_id: str) -> str:
    """The task's ID as a name of branches, folders and files."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", task_id).strip("-.").lower() or "task"


def cell(text: object) -> str:
    """Text that stays in its table cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def quoted(text: object) -> str:
    """Text as a Markdown quotation: whatever stands in it, headings and fences stay its own."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).strip("\n").splitlines())


def find_template(root: Path, configured: str, defaults: Path) -> Template:
    """The team's own template where it exists, else the one that comes with afterpush."""
    own = root / configured
    path = own if own.is_file() else defaults / SHIPPED
    parts = {
        beside.name: read_text(beside, "reading the template")
        for beside in sorted(path.parent.glob("*.j2"))
        if beside != path and beside.is_file()
    }
    name = configured if path is own else f"afterpush's {SHIPPED}"
    return Template(read_text(path, "reading the template"), name, parts)
