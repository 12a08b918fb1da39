"""From a task to the text of its prompt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.documents.prompts.marker import digest
from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate

if TYPE_CHECKING:
    from jinja2 import Template as Compiled

    from afterpush.roadmap import Task

SHIPPED = Path("prompts/task.md.j2")


@dataclass(frozen=True)
class PromptContext:
    """What a prompt says about the repository: where to push, and how our tasks are called there."""

    remote: str
    branch: str
    run: str


@dataclass(frozen=True)
class Template:
    """A template's text and where it came from; `parts` are those next to it that it may include."""

    text: str
    path: str
    parts: Mapping[str, str] = field(default_factory=dict)

    def source_of(self, task: "Task", tasks: "Mapping[str, Task]", around: PromptContext) -> str:
        """The digest of all that the prompt is made from."""
        parts = [
            self.text,
            *(f"{name}\0{text}" for name, text in sorted(self.parts.items())),
            repr(sorted(self.variables(task, tasks, around).items(), key=lambda pair: pair[0])),
        ]
        return digest("\0".join(parts))

    def variables(
        self, task: "Task", tasks: "Mapping[str, Task]", around: PromptContext
    ) -> dict[str, object]:
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

    def render(self, task: "Task", tasks: "Mapping[str, Task]", around: PromptContext) -> str:
        """The prompt's text. Raises AfterpushError naming template and line."""
        return self.render_all([task], tasks, around)[0]

    def render_all(
        self, wanted: "Sequence[Task]", tasks: "Mapping[str, Task]", around: PromptContext
    ) -> list[str]:
        """The prompts' texts, by one bounded process. Raises AfterpushError naming template and line."""
        from afterpush.documents.prompts.rendering import render_all

        variables = [self.variables(task, tasks, around) for task in wanted]
        texts = render_all(self.text, self.path, self.parts, variables) if variables else []
        return [re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n" for text in texts]

    def rendered_here(self, variables: Sequence[Mapping[str, Any]]) -> list[str]:
        """The texts, in this process: it must have bounds. Raises AfterpushError."""
        compiled = self._compiled()
        return [self._rendered(compiled, each) for each in variables]

    def _rendered(self, compiled: "Compiled", variables: Mapping[str, Any]) -> str:
        from jinja2 import TemplateError

        try:
            return compiled.render(variables)
        # What a team's template computes can fail in any of these ways.
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            said = _said(error, variables)
            which = variables["task"]["id"]
            raise AfterpushError(f"{self._place(error)}: rendering {which}: {said}") from error

    def _compiled(self) -> "Compiled":
        from jinja2 import DictLoader, StrictUndefined, TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # Not HTML but Markdown: escaping would change the task's words.
        environment = ImmutableSandboxedEnvironment(
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
        return f"there is no {error.name} next to it"
    if isinstance(error, UndefinedError):
        facts = variables.get("task")
        names = [f"task.{name}" for name in facts] if isinstance(facts, dict) else []
        return f"{said}; there are {', '.join([*names, *(name for name in variables if name != 'task')])}"
    return said


def _described(task: "Task") -> dict[str, object]:
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
    """Text as a Markdown quotation: whatever is in it, headings and fences stay its own."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).strip("\n").splitlines())


def find_template(root: Path, configured: str, defaults: Path) -> Template:
    """The team's own template where it exists, else the one that comes with afterpush."""
    own, shipped = Gate(root), Gate(defaults)
    gate, path = (own, Path(configured)) if own.exists(configured) else (shipped, SHIPPED)
    beside = sorted(
        path.with_name(found.name)
        for found in (gate.root / path).parent.glob("*.j2")
        if found.name != path.name and gate.is_file(path.with_name(found.name))
    )
    parts = {part.name: gate.read_text(part, "reading the template") for part in beside}
    name = configured if gate is own else f"afterpush's {SHIPPED}"
    return Template(gate.read_text(path, "reading the template"), name, parts)
