"""The tasks of a document, in every form that teams write them (a row, a heading, a checkbox line)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from afterpush.roadmap.ids import expanded_ids, leading_id
from afterpush.roadmap.keys import heading_text
from afterpush.roadmap.metadata import bare, read_entries
from afterpush.roadmap.nodes import Kind, Node, item_text, sections_in, table_of
from afterpush.roadmap.status import Status, checkbox_status, find_status, read_status
from afterpush.roadmap.tables import Row, Table, column_key, is_empty_value
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


def tasks_in(root: Node, path: str = "") -> Iterator[Task]:
    """Every mention of a task as a task, in the order of the text: the same ID may come several times."""
    for section in sections_in(root):
        heading = _heading_task(section)
        for task in (*([heading] if heading else ()), *_tasks_below(section, is_in_task=heading is not None)):
            yield replace(task, path=path)


def _tasks_below(section: Node, *, is_in_task: bool) -> Iterator[Task]:
    for node in section.children:
        if node.kind is Kind.TABLE:
            yield from _table_tasks(node)
        elif node.kind is Kind.ITEM and (task := _item_task(node, is_in_task=is_in_task)):
            yield task


def _title(text: str) -> str:
    return text.strip().lstrip(":.-–—|)]*` ").strip().rstrip("*").strip()


def _heading_task(section: Node) -> Task | None:
    title = heading_text(section.own) if section.own else ""
    found = leading_id(title)
    if found is None:
        return None
    facts = _facts(_key_lines(section))
    if "status" not in facts:
        # "### ✅ DATA-002: Title" and "### QA-003: Title ✅ COMPLETE" say it in the heading.
        facts |= _status_in(title[: title.find(found[0])], title)
    return _task(
        found[0],
        {"title": _title(found[1]), **facts},
        line=section.line,
        section_text="\n".join(section.lines()),
    )


def _status_in(before: str, whole: str) -> dict[str, str]:
    status = find_status(before).status
    tail = re.search(r"[✅⏳🔄🚧🔍📋🚫❌⛔][\ufe0f]?[ *_]*[A-Za-z -]*(?:\([^)]*\))?[ *_]*$", whole)
    if status is Status.UNKNOWN and tail:
        return {"status": tail[0].strip()}
    return {"status": before.strip()} if status is not Status.UNKNOWN else {}


def _key_lines(section: Node) -> Iterator[tuple[str, str]]:
    """Keys and values of a section's key lines, quotes and bullets before its first sub-section."""
    for node in section.children:
        if node.kind in (Kind.ENTRY, Kind.ITEM, Kind.QUOTE):
            for line in node.lines():
                text = line.strip().lstrip(">").strip()
                is_item = node.kind is Kind.ITEM
                if is_item and not text.startswith(("- **", "* **", "+ **")):
                    continue
                for entry in read_entries(text[2:] if is_item else text):
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
    """The column in which a table defines tasks: one of the first two, where IDs are in it.

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


def _table_tasks(node: Node) -> Iterator[Task]:
    table = table_of(node)
    column = id_column(table)
    if column is None:
        return
    for child, row in zip(node.children, table.rows, strict=True):
        found = _row_id(row, column)
        if found:
            facts = _row_facts(table, row, column)
            facts.setdefault("title", _title(found[1]))
            yield _task(found[0], facts, line=child.line)


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


def _item_task(item: Node, *, is_in_task: bool) -> Task | None:
    """`- [x] **CL-001: Title** (Completed: 2025-11-12) 🔴 CRITICAL`, with indented keys below."""
    said = item_text(item)
    found = leading_id(said)
    if found is None or not item.mark or (is_in_task and not said.startswith("**")):
        return None
    title = said.split(found[0], 1)[1]
    bold_end = title.find("**") if said.startswith("**") else -1
    rest = title[bold_end + 2 :] if bold_end >= 0 else ""
    below = (re.sub(r"^\s*[-*+]\s+", "", text) for text in item.lines()[1:])
    facts = _facts((entry.key, entry.value) for text in below for entry in read_entries(text))
    facts |= {column_key(note[1]): note[2].strip() for note in _NOTE.finditer(said)}
    facts["title"] = _title(title[:bold_end] if bold_end >= 0 else title)
    priority = _PRIORITY.search(rest)
    if priority:
        facts.setdefault("priority", priority[1])
    told = read_status(facts.get("status", ""))
    boxed = checkbox_status(item.mark)
    status = told if boxed is Status.READY and told is not Status.UNKNOWN else boxed
    facts.setdefault("status", f"[{item.mark}]")
    return _task(found[0], facts, line=item.line, section_text="\n".join(item.lines()), status=status)
