"""Reading task documents without losing a byte: `read(data, path)`, then `.tasks()`."""

from collections.abc import Iterable
from dataclasses import dataclass

from afterpush.infra.time_limit import reading
from afterpush.roadmap.nodes import Node
from afterpush.roadmap.sessions import Session, sessions_in
from afterpush.roadmap.source import read_source
from afterpush.roadmap.status import Status
from afterpush.roadmap.task import Task, combined
from afterpush.roadmap.tasks import tasks_in
from afterpush.roadmap.tree import read_tree

__all__ = ["Document", "Session", "Status", "Task", "read", "tasks_by_id"]


@dataclass(frozen=True)
class Document:
    """A task document, a session registry or a session file."""

    path: str
    root: Node
    size: int = 0

    def tasks(self) -> list[Task]:
        """Every place that speaks of a task as one, in order; an ID may come several times.

        Raises AfterpushError where that takes longer than a document of this size may.
        """
        with reading(self.path, self.size):
            return list(tasks_in(self.root, self.path))

    def sessions(self) -> list[Session]:
        """The sessions that a registry lists, in order."""
        return list(sessions_in(self.root))


def read(data: bytes, path: str = "") -> Document:
    """Reads a document, whatever the bytes are. Raises AfterpushError where that takes too long."""
    with reading(path or "a document", len(data)):
        return Document(path, read_tree(read_source(data).lines).root, len(data))


def tasks_by_id(documents: Iterable[Document]) -> dict[str, Task]:
    """One task for each ID, of everything that rows, headings and checkbox lines say about it.

    In the order of first mention. A heading's facts come before a row's; of different statuses the one that
    stops work counts (complete, cancelled, blocked, review, in progress, ready).
    """
    found: dict[str, list[Task]] = {}
    for document in documents:
        for task in document.tasks():
            found.setdefault(task.id, []).append(task)
    return {task_id: combined(tasks) for task_id, tasks in found.items()}
