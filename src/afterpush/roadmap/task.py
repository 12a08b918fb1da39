"""A task as documents tell of it, and one task of all that is said about its ID."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from afterpush.roadmap.status import Status

NO_EXTRA: Mapping[str, str] = MappingProxyType({})
# What stands in the way of work comes first: a row that says complete outweighs a heading that says ready.
_WEIGHT = (
    Status.COMPLETE,
    Status.CANCELLED,
    Status.BLOCKED,
    Status.REVIEW,
    Status.IN_PROGRESS,
    Status.READY,
    Status.UNKNOWN,
)


@dataclass(frozen=True)
class Task:
    """What a document says about one task, in one place or (see `tasks_by_id`) in all of them.

    `line` is counted from 1. `section_text` is the text of the task's own section or item, empty for a row.
    `extra` holds further keys and columns by their lower-case names.
    """

    id: str
    title: str = ""
    status: Status = Status.UNKNOWN
    status_text: str = ""
    priority: str = ""
    estimate: str = ""
    module: str = ""
    dependencies: tuple[str, ...] = ()
    prompt: str = ""
    path: str = ""
    line: int = 0
    section_text: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: NO_EXTRA)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do: complete or cancelled."""
        return self.status.is_done

    @property
    def is_ready(self) -> bool:
        """Whether it waits to be begun, as far as its own status says."""
        return self.status is Status.READY

    def is_unblocked(
        self, tasks: Mapping[str, "Task"], has_landed: Callable[[str], bool] = lambda _: False
    ) -> bool:
        """Whether every task that it depends on, as far as it is known, is done or has landed."""
        known = [name for name in self.dependencies if name in tasks]
        return all(tasks[name].is_done or has_landed(name) for name in known)


def combined(tasks: Sequence[Task]) -> Task:
    """One task of all that is said about one ID: headings before rows, the weightier status."""
    ordered = sorted(tasks, key=lambda task: not task.section_text)
    weightiest = min(ordered, key=lambda task: _WEIGHT.index(task.status))

    def first(name: str) -> str:
        return next((text for task in ordered if (text := str(getattr(task, name)))), "")

    return replace(
        ordered[0],
        status=weightiest.status,
        status_text=weightiest.status_text,
        dependencies=tuple(dict.fromkeys(known for task in ordered for known in task.dependencies)),
        extra=MappingProxyType({key: text for task in reversed(ordered) for key, text in task.extra.items()}),
        title=first("title"),
        priority=first("priority"),
        estimate=first("estimate"),
        module=first("module"),
        prompt=first("prompt"),
    )
