"""Who works on what: the registry of active sessions (rows and bullets) and the session files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.roadmap.blocks import Block, BlockKind
from afterpush.roadmap.ids import leading_session, task_ids
from afterpush.roadmap.items import read_items
from afterpush.roadmap.outline import Section
from afterpush.roadmap.status import Status, read_status
from afterpush.roadmap.tables import read_table

_OVER = re.compile(r"complete|archive|done|closed|finished|abandon", re.I)


@dataclass(frozen=True)
class Session:
    """One session as a registry lists it; `is_over` where it stands under completed or archived ones."""

    id: str
    text: str
    tasks: tuple[str, ...]
    line: int
    is_over: bool


def sessions_in(root: Section) -> Iterator[Session]:
    """Every session of a registry, in the order of the text."""
    for section in root.walk():
        is_over = _OVER.search(section.title) is not None
        for block in section.body:
            if block.kind is BlockKind.RULE:
                # Agents append their bullets at the end, below a rule: they belong to no section.
                is_over = False
            for identifier, text, line, status in _mentions(block):
                over = is_over or status in (Status.COMPLETE, Status.CANCELLED)
                tasks = tuple(dict.fromkeys(task_ids(text.replace("_", " "))))
                yield Session(identifier, text, tasks, line, over)


def _mentions(block: Block) -> Iterator[tuple[str, str, int, Status]]:
    if block.kind is BlockKind.TABLE:
        table = read_table(block.lines)
        status = table.column("status", "state")
        task = table.column("task", "task id", "tasks")
        for place, row in enumerate(table.rows):
            identifier = leading_session(row.cells[0]) if row.cells else None
            if identifier:
                said = row.cells[status] if status is not None and status < len(row.cells) else ""
                about = row.cells[task] if task is not None and task < len(row.cells) else ""
                yield identifier, about, block.number + place + 3, read_status(said)
    elif block.kind is BlockKind.LIST:
        number = block.number + 1
        for item in read_items(block.lines):
            number += len(item.gap)
            identifier = item_session(item.text)
            if identifier:
                yield identifier, item.text.replace(identifier, ""), number, Status.UNKNOWN
            number += len(item.lines)


def item_session(text: str) -> str | None:
    """The session that a bullet registers: `Session-X: ...` or `QA-049: Session-X (date)`."""
    leading = leading_session(text)
    if leading:
        return leading
    _, colon, rest = text.partition(": ")
    return leading_session(rest) if colon and rest.startswith("Session-") else None
