"""Who works on what: the registry of active sessions (rows and bullets) and the session files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.roadmap.ids import leading_session, task_ids
from afterpush.roadmap.keys import heading_text
from afterpush.roadmap.nodes import Kind, Node, item_text, sections_in, table_of
from afterpush.roadmap.status import Status, read_status

_OVER = re.compile(r"complete|archive|done|closed|finished|abandon", re.I)


@dataclass(frozen=True)
class Session:
    """One session as a registry lists it; `is_over` where it is under completed or archived ones."""

    id: str
    text: str
    tasks: tuple[str, ...]
    line: int
    is_over: bool


def sessions_in(root: Node) -> Iterator[Session]:
    """Every session of a registry, in the order of the text."""
    for section in sections_in(root):
        is_over = _OVER.search(heading_text(section.own)) is not None if section.own else False
        for node in section.children:
            if node.kind is Kind.RULE:
                # Agents append their bullets at the end, below a rule: they belong to no section.
                is_over = False
            for identifier, text, line, status in _mentions(node):
                over = is_over or status in (Status.COMPLETE, Status.CANCELLED)
                tasks = tuple(dict.fromkeys(task_ids(text.replace("_", " "))))
                yield Session(identifier, text, tasks, line, over)


def _mentions(node: Node) -> Iterator[tuple[str, str, int, Status]]:
    if node.kind is Kind.TABLE:
        table = table_of(node)
        status = table.column("status", "state")
        task = table.column("task", "task id", "tasks")
        for child, row in zip(node.children, table.rows, strict=True):
            identifier = leading_session(row.cells[0]) if row.cells else None
            if identifier:
                said = row.cells[status] if status is not None and status < len(row.cells) else ""
                about = row.cells[task] if task is not None and task < len(row.cells) else ""
                yield identifier, about, child.line, read_status(said)
    elif node.kind is Kind.ITEM:
        text = item_text(node)
        identifier = item_session(text)
        if identifier:
            yield identifier, text.replace(identifier, ""), node.line, Status.UNKNOWN


def item_session(text: str) -> str | None:
    """The session that a bullet registers: `Session-X: ...` or `QA-049: Session-X (date)`."""
    leading = leading_session(text)
    if leading:
        return leading
    _, colon, rest = text.partition(": ")
    return leading_session(rest) if colon and rest.startswith("Session-") else None
