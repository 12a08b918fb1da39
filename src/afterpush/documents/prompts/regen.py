"""Which prompts to write: planned from what the roadmap says and what is there, then applied."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from afterpush.documents.prompts.marker import marked, read_marker, with_plain_ends
from afterpush.documents.prompts.template import PromptContext, Template
from afterpush.infra.errors import AfterpushError
from afterpush.infra.near import near
from afterpush.infra.safe_paths import Gate
from afterpush.infra.time_limit import time_limit
from afterpush.roadmap import Task


class PromptAction(Enum):
    """What is to be done with one prompt."""

    WRITE = "write"
    KEEP_UNCHANGED = "unchanged"
    KEEP_BY_HAND = "by hand"


@dataclass(frozen=True)
class Prompt:
    """One prompt: where it lies (relative to the root), what it should hold, and what to do."""

    task_id: str
    path: str
    content: str
    act: PromptAction
    before: str | None

    def diff(self) -> str:
        """What writing it would change, as a unified diff."""
        before = (self.before or "").splitlines(keepends=True)
        after = self.content.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}"))


@dataclass(frozen=True)
class PromptFolder:
    """Where prompts lie, and what a team's own generator left in its files."""

    root: Path
    folder: str
    generated: "re.Pattern[str] | None" = None

    def path_of(self, task_id: str) -> str:
        """The file of a task's prompt, relative to the root."""
        return f"{self.folder.rstrip('/')}/{re.sub(r'[^A-Za-z0-9._-]+', '-', task_id)}.md"

    def content_of(self, path: str) -> str | None:
        """What lies there now; None when nothing does. Raises AfterpushError for what is no text."""
        try:
            return Gate(self.root).read(path).decode("utf-8-sig")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            said = f"not UTF-8 (byte {error.start}); save it as UTF-8"
            raise AfterpushError(f"reading the prompt {path}: {said}") from error
        except OSError as error:
            raise AfterpushError(f"reading the prompt {path}: {error.strerror}") from error

    def is_ours(self, content: str) -> bool:
        """Whether the file may be rewritten: generated and untouched, or by the team's own generator."""
        if marker := read_marker(content):
            return marker.is_intact
        if self.generated is None:
            return False
        with time_limit(2, f"prompts.generated_pattern ({self.generated.pattern})"):
            return self.generated.search(content) is not None

    def files(self) -> list[str]:
        """Every prompt that is there, relative to the root."""
        gate = Gate(self.root)
        folder = gate.folder(self.folder)
        found = (f"{self.folder.rstrip('/')}/{path.relative_to(folder)}" for path in folder.rglob("*.md"))
        return sorted(path for path in found if gate.is_file(path))


def generated_pattern(text: str | None) -> "re.Pattern[str] | None":
    """The configured pattern. Raises AfterpushError when it is no regular expression."""
    try:
        return re.compile(text, re.MULTILINE) if text else None
    except re.error as error:
        raise AfterpushError(f"prompts.generated_pattern is no regular expression: {error}") from error


def chosen(tasks: Mapping[str, Task], ids: Sequence[str]) -> list[Task]:
    """The tasks of these IDs, all without any. Raises AfterpushError for an ID that no document has."""
    unknown = [wanted for wanted in ids if wanted not in tasks]
    if unknown:
        raise AfterpushError(f"--ids: the roadmap has no task {', '.join(unknown)}{near(unknown[0], tasks)}")
    return [tasks[wanted] for wanted in dict.fromkeys(ids)] if ids else list(tasks.values())


def plan(
    wanted: Sequence[Task],
    tasks: Mapping[str, Task],
    template: Template,
    around: PromptContext,
    folder: PromptFolder,
    *,
    adopt: bool = False,
) -> list[Prompt]:
    """What is to be done with the prompt of each task. `adopt` takes hand-written ones over."""
    prompts = []
    for task, body in zip(wanted, template.render_all(wanted, tasks, around), strict=True):
        content = marked(task.id, template.source_of(task, tasks, around), body)
        path = folder.path_of(task.id)
        before = folder.content_of(path)
        prompts.append(Prompt(task.id, path, content, _act(before, content, folder, adopt=adopt), before))
    return prompts


def _act(before: str | None, content: str, folder: PromptFolder, *, adopt: bool) -> PromptAction:
    if before is not None and with_plain_ends(before) == content:
        return PromptAction.KEEP_UNCHANGED
    if before is None or adopt or folder.is_ours(before):
        return PromptAction.WRITE
    return PromptAction.KEEP_BY_HAND


def apply(prompts: Sequence[Prompt], root: Path) -> None:
    """Writes what is to be written. Raises AfterpushError when a file cannot be."""
    for prompt in prompts:
        if prompt.act is PromptAction.WRITE:
            try:
                Gate(root).write(prompt.path, prompt.content)
            except OSError as error:
                raise AfterpushError(f"writing the prompt {prompt.path}: {error.strerror}") from error
