"""Two different tasks that both sides gave the same new ID."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from afterpush.roadmap import Document
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.ids import free_id, task_ids
from afterpush.roadmap.tasks import Task


@dataclass(frozen=True)
class Collision:
    """A new ID with what each side calls the task."""

    id: str
    ours: str
    theirs: str


def collisions(base: Document, ours: Document, theirs: Document) -> list[Collision]:
    """The IDs that the base does not define, and that the two sides define with different titles."""
    before = {task.id for task in base.tasks()}
    mine, yours = _titles(ours.tasks(), before), _titles(theirs.tasks(), before)
    return [
        Collision(known, mine[known][0], yours[known][0])
        for known in mine
        if known in yours and not _same_task(mine[known], yours[known])
    ]


def _titles(tasks: Iterable[Task], known: set[str]) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for task in tasks:
        if task.id not in known and task.title:
            titles.setdefault(task.id, []).append(task.title)
    return titles


def _same_task(ours: list[str], theirs: list[str]) -> bool:
    return bool({_plain(title) for title in ours} & {_plain(title) for title in theirs})


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", " ", title).strip().lower()


def renumbered(
    base: Lines, ours: Lines, theirs: Lines, found: list[Collision]
) -> tuple[Lines, dict[str, str]]:
    """`theirs` with free IDs for the colliding ones, on the lines that its side added; and these IDs."""
    taken = {known for lines in (base, ours, theirs) for line in lines for known in task_ids(line)}
    names: dict[str, str] = {}
    for collision in found:
        names[collision.id] = free_id(collision.id, taken)
        taken.add(names[collision.id])
    old = set(base)
    pattern = re.compile(
        rf"(?<![A-Za-z0-9_-])({'|'.join(map(re.escape, names))})(?![A-Za-z0-9_]|-[A-Za-z0-9])"
    )
    return tuple(
        line if line in old else pattern.sub(lambda known: names[known[1]], line) for line in theirs
    ), names
