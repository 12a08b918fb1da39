"""What can be counted in a text: tasks, sessions and boxes below each heading, the columns of its tables."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.kinds.counters import template_of
from afterpush.roadmap import read
from afterpush.roadmap.headings import Heading, headings_in
from afterpush.roadmap.keys import plain
from afterpush.roadmap.status import Status
from afterpush.roadmap.tables import is_delimiter, normal, said_cells
from afterpush.roadmap.task import Task, combined

# By unit (tasks, sessions, items) and meaning (all, open, or a status).
Census = Counter[tuple[str, str]]
UNITS = ("tasks", "sessions", "items")
_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[([ xX~/-])\]\s")


@dataclass(frozen=True)
class Place:
    """A line with the section that it is in; of a table's row, its columns and the rows of the table."""

    number: int
    section: tuple[int, int]
    columns: tuple[str, ...]
    rows: range


class Version:
    """One text: where its numbers are, and what can be counted below each heading."""

    def __init__(self, lines: Sequence[str], shapes: set[str]) -> None:
        self.lines, self.shapes = lines, shapes
        self._known: dict[tuple[int, int], Census] = {}

    @cached_property
    def places(self) -> dict[tuple[str, str], Place | None]:
        """Each line by its heading and shape; None where there are several."""
        found: dict[tuple[str, str], Place | None] = {}
        headings, count = list(headings_in(self.lines, 0)), len(self.lines)
        title, at, rows = "", 0, range(0)
        columns: tuple[str, ...] = ()
        for number, line in enumerate(self.lines):
            while at < len(headings) and headings[at].start <= number:
                title, at = template_of(self.lines[headings[at].start]), at + 1
            if number + 1 < count and is_delimiter(self.lines[number + 1]):
                columns, rows = said_cells(line), range(number + 2, _table_end(self.lines, number))
            if shape_of(line) in self.shapes:
                key = (title if not line.startswith("#") else "", shape_of(line))
                is_row = number in rows
                place = Place(
                    number, _scope(headings[:at], headings[at:], count), columns if is_row else (), rows
                )
                found[key] = None if key in found else place
        return found

    def census(self, scope: tuple[int, int]) -> Census:
        """Everything that can be counted between two lines."""
        if scope not in self._known:
            self._known[scope] = counted(self.lines[slice(*scope)])
        return self._known[scope]

    def column_sum(self, place: Place, column: int) -> int:
        """The sum of a column over all rows that are no sums themselves."""
        rows = (said_cells(self.lines[number]) for number in place.rows)
        return sum(_count_in(row[column]) or 0 for row in rows if column < len(row) and not is_total(row))


def _table_end(lines: Sequence[str], number: int) -> int:
    end = number + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    return end


def is_total(cells: Sequence[str]) -> bool:
    return plain(cells[0]).casefold().startswith(("total", "grand total", "overall", "sum"))


def _count_in(cell: str) -> int | None:
    """The whole number that a cell holds, and nothing else: `**185**`."""
    bare = cell.strip("*_`~ ")
    return int(bare.replace(",", "")) if re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d+", bare) else None


def _scope(above: Sequence[Heading], below: Sequence[Heading], count: int) -> tuple[int, int]:
    """The section that a line is in, with everything below its heading."""
    if not above:
        return 0, count
    return above[-1].start, next((one.start for one in below if one.level <= above[-1].level), count)


def counted(lines: Sequence[str]) -> Census:
    census: Census = Counter()
    document = read("\n".join(lines).encode("utf-8", "surrogateescape"))
    tasks: dict[str, list[Task]] = {}
    for task in document.tasks():
        tasks.setdefault(task.id, []).append(task)
    for some in tasks.values():
        _count(census, "tasks", combined(some).status)
    for session in document.sessions():
        _count(census, "sessions", Status.COMPLETE if session.is_over else Status.IN_PROGRESS)
    for line in lines:
        if found := _BOX.match(line):
            _count(census, "items", Status.COMPLETE if found[1] in "xX" else Status.READY)
    return census


def _count(census: Census, unit: str, status: Status) -> None:
    census[unit, "all"] += 1
    census[unit, status.value] += 1
    census[unit, "open"] += not status.is_done


def shape_of(line: str) -> str:
    """A line without its numbers and padding."""
    return template_of("|".join(part.strip() for part in normal(line).split("|")))
