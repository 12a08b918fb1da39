"""The tasks of a document, in every form that teams write them (a row, a heading, a checkbox line)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from afterpush.roadmap.blocks import Block, BlockKind
from afterpush.roadmap.ids import expanded_ids, leading_id
from afterpush.roadmap.items import Item, read_items
from afterpush.roadmap.metadata import bare, read_entries
from afterpush.roadmap.outline import Section
from afterpush.roadmap.status import Status, checkbox_status, find_status, read_status
from afterpush.roadmap.tables import Row, Table, column_key, is_empty_value, read_table
from afterpush.roadmap.task import NO_EXTRA, Task

# The names under which documents hold the facts of a task.
NAMES: dict[str, tuple[str, ...]] = {
    "status": ("status", "state"),
    "priority": ("priority", "severity", "prio", "p"),
    "estimate": ("estimate", "effort", "est", "est.", "estimated time", "estimated hours", "size"),
    "module": ("module", "modules", "location", "component", "area", "file", "files"),
    "dependencies": ("dependencies", "depends on", "dependency", "deps", "blocked by", "requires"),
    "prompt": ("prompt", "prompt file"),
    "title": ("title", "description", "name", "summary", "task name", "task description"),
}  # fmt: skip
ID_COLUMNS = ("task id", "id", "task", "ticket", "ticket id", "issue id", "bug", "bug id", "#", "key", "ref")
_FACT_OF = {name: fact for fact, names in NAMES.items() for name in names}
_PRIORITY = re.compile(r"\b(P[0-4]|CRITICAL|HIGH|MEDIUM|LOW)\b")
_NOTE = re.compile(r"\(([A-Za-z][A-Za-z ]{1,20}):\s*([^()]+)\)")


def tasks_in(root: Section, path: str = "") -> Iterator[Task]:
    """Every mention of a task as a task, in the order of the text: the same ID may come several times."""
    for section in root.walk():
        for task in section_tasks(section):
            yield replace(task, path=path)


def section_tasks(section: Section) -> Iterator[Task]:
    """The mentions in one section alone, without those below it."""
    task = _heading_task(section)
    if task:
        yield task
    for block in section.body:
        yield from _block_tasks(block, is_in_task=task is not None)


def _block_tasks(block: Block, *, is_in_task: bool) -> Iterator[Task]:
    if block.kind is BlockKind.TABLE:
        yield from _table_tasks(block)
    elif block.kind is BlockKind.LIST:
        number = block.number + 1
        for item in read_items(block.lines):
            number += len(item.gap)
            task = _item_task(item, number, is_in_task=is_in_task)
            number += len(item.lines)
            if task:
                yield task


def heading_id(section: Section) -> tuple[str, str] | None:
    """The ID that a section's heading defines, and its title."""
    found = leading_id(section.title) if section.heading else None
    return (found[0], _title(found[1])) if found else None


def _title(text: str) -> str:
    return text.strip().lstrip(":.-–—|)]*` ").strip().rstrip("*").strip()


def _heading_task(section: Section) -> Task | None:
    found = heading_id(section)
    if found is None or section.heading is None:
        return None
    facts = _facts(_key_lines(section.body))
    if "status" not in facts:
        # "### ✅ DATA-002: Title" and "### QA-003: Title ✅ COMPLETE" say it in the heading.
        facts |= _status_in(section.title[: section.title.find(found[0])], section.title)
    return _task(
        found[0],
        {"title": found[1], **facts},
        line=section.heading.number + 1,
        section_text="\n".join(section.lines),
    )


def _status_in(before: str, whole: str) -> dict[str, str]:
    status = find_status(before).status
    tail = re.search(r"[✅⏳🔄🚧🔍📋🚫❌⛔][\ufe0f]?[ *_]*[A-Za-z -]*(?:\([^)]*\))?[ *_]*$", whole)
    if status is Status.UNKNOWN and tail:
        return {"status": tail[0].strip()}
    return {"status": before.strip()} if status is not Status.UNKNOWN else {}


def _key_lines(body: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """Keys and values of a section's key lines, quotes and bullets before its first sub-section."""
    for block in body:
        if block.kind in (BlockKind.KEY, BlockKind.LIST, BlockKind.QUOTE):
            for line in block.lines:
                text = line.strip().lstrip(">").strip()
                bulleted = block.kind is BlockKind.LIST
                if bulleted and not text.startswith(("- **", "* **", "+ **")):
                    continue
                for entry in read_entries(text[2:] if bulleted else text):
                    yield entry.key, entry.value


def _facts(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first value of each key, under the fact's name where it has one."""
    facts: dict[str, str] = {}
    for key, value in pairs:
        if value.strip():
            facts.setdefault(_FACT_OF.get(key, key), value.strip())
    return facts


def _task(
    task_id: str, facts: dict[str, str], *, line: int, section_text: str = "", status: Status | None = None
) -> Task:
    status_text = facts.pop("status", "")
    dependencies = facts.pop("dependencies", "")
    known = {
        name: bare(facts.pop(name, "")) for name in ("title", "priority", "estimate", "module", "prompt")
    }
    known = {name: "" if name != "title" and is_empty_value(text) else text for name, text in known.items()}
    return Task(
        task_id,
        status=read_status(status_text) if status is None else status,
        status_text=status_text,
        dependencies=tuple(other for other in expanded_ids(dependencies) if other != task_id),
        line=line,
        section_text=section_text,
        extra=MappingProxyType(facts) if facts else NO_EXTRA,
        **known,
    )


def id_column(table: Table) -> int | None:
    """The column in which a table defines tasks: one of the first two, where IDs stand in it.

    A task column further to the right only refers to tasks; a table of sessions does as well.
    """
    if any(name in ("session", "session id") for name in table.columns):
        return None
    for place in range(min(2, len(table.columns))):
        if any(_row_id(row, place) for row in table.rows):
            is_named = table.columns[place] in ID_COLUMNS
            return place if is_named or table.column(*NAMES["status"]) is not None else None
    return None


def _row_id(row: Row, column: int) -> tuple[str, str] | None:
    return leading_id(row.cells[column]) if column < len(row.cells) else None


def _table_tasks(block: Block) -> Iterator[Task]:
    table = read_table(block.lines)
    column = id_column(table)
    if column is None:
        return
    for place, row in enumerate(table.rows):
        found = _row_id(row, column)
        if found:
            facts = _row_facts(table, row, column)
            facts.setdefault("title", _title(found[1]))
            yield _task(found[0], facts, line=block.number + place + 3)


def _row_facts(table: Table, row: Row, column: int) -> dict[str, str]:
    cells = {
        name: cell
        for place, (name, cell) in enumerate(zip(table.columns, row.cells, strict=False))
        if place != column
    }
    facts = _facts(cells.items())
    if "title" not in facts and (
        named := cells.get("task") or cells.get("issue") or _beside(cells, table, column)
    ):
        facts["title"] = named
    return facts


def _beside(cells: Mapping[str, str], table: Table, column: int) -> str:
    """The cell next to the ID, under whatever name (Feature, Issue found), where it holds words."""
    name = next(iter(table.columns[column + 1 : column + 2]), "")
    cell = cells.get(name, "")
    is_fact = name in _FACT_OF or is_empty_value(cell) or not re.search(r"[^\W\d_]{2}", cell)
    return "" if is_fact else cell


def _item_task(item: Item, line: int, *, is_in_task: bool) -> Task | None:
    """`- [x] **CL-001: Title** (Completed: 2025-11-12) 🔴 CRITICAL`, with indented keys below."""
    found = leading_id(item.text)
    if found is None or not item.checkbox or (is_in_task and not item.text.startswith("**")):
        return None
    title = item.text.split(found[0], 1)[1]
    bold_end = title.find("**") if item.text.startswith("**") else -1
    rest = title[bold_end + 2 :] if bold_end >= 0 else ""
    below = (re.sub(r"^\s*[-*+]\s+", "", text) for text in item.below)
    facts = _facts((entry.key, entry.value) for text in below for entry in read_entries(text))
    facts |= {column_key(note[1]): note[2].strip() for note in _NOTE.finditer(item.text)}
    facts["title"] = _title(title[:bold_end] if bold_end >= 0 else title)
    priority = _PRIORITY.search(rest)
    if priority:
        facts.setdefault("priority", priority[1])
    said = read_status(facts.get("status", ""))
    boxed = checkbox_status(item.checkbox)
    status = said if boxed is Status.READY and said is not Status.UNKNOWN else boxed
    facts.setdefault("status", f"[{item.checkbox}]")
    return _task(found[0], facts, line=line, section_text="\n".join(item.lines), status=status)
