"""Two different tasks that both sides gave the same new ID."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from afterpush.roadmap import Document
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.ids import free_id, task_ids
from afterpush.roadmap.task import Task
from afterpush.roadmap.tasks import section_tasks


@dataclass(frozen=True)
class Collision:
    """A new ID with what each side calls the task."""

    id: str
    ours: str
    theirs: str


def collisions(base: Document, ours: Document, theirs: Document) -> list[Collision]:
    """The IDs that the base does not define, and that the two sides define with different titles."""
    minted = _minted(base, ours) & _minted(base, theirs)
    if not minted:
        return []
    before = {task.id for task in _tasks_about(base, minted)}
    mine, yours = (_titles(_tasks_about(side, minted), before) for side in (ours, theirs))
    return [
        Collision(known, mine[known][0], yours[known][0])
        for known in mine
        if known in yours and not _same_task(mine[known], yours[known])
    ]


def _minted(base: Document, side: Document) -> set[str]:
    """The IDs on the lines that a side wrote."""
    old = set(base.outline.source.lines)
    return {
        known
        for line in side.outline.source.lines
        if "-" in line and line not in old
        for known in task_ids(line)
    }


def _tasks_about(document: Document, ids: set[str]) -> Iterator[Task]:
    """What the sections that name one of these IDs say about tasks."""
    pattern = re.compile("|".join(map(re.escape, sorted(ids))))
    for section in document.root.walk():
        if any(pattern.search(line) for line in section.own_lines):
            yield from section_tasks(section)


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
