"""Counts of what stands in the document itself, taken again from the merged text.

Both sides add a task and write 6 where 5 stood: the merged text has seven. A number is taken again where one
way of counting made the number of the base, of ours and of theirs; or at least what each side added.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from afterpush.conflicts.document.headings import Heading, headings_in
from afterpush.conflicts.kinds.counters import (
    FRACTION,
    Part,
    derived_percentages,
    is_count_at,
    is_counter_name,
    parts_of,
    template_of,
)
from afterpush.conflicts.kinds.keys import normal
from afterpush.conflicts.tables.totals import total_of
from afterpush.roadmap import read
from afterpush.roadmap.status import Status
from afterpush.roadmap.tables import is_delimiter, split_cells
from afterpush.roadmap.task import Task, combined

# By unit (tasks, sessions, items) and meaning (all, open, or a status).
Census = Counter[tuple[str, str]]
_UNITS = ("tasks", "sessions", "items")
# What a word beside a number counts; the first that is found decides.
_MEANINGS = (
    ("complete", re.compile(r"complet|done|fixed|resolved|closed|finished|✅", re.I)),
    ("cancelled", re.compile(r"removed|cancel|deferred|skipped", re.I)),
    ("blocked", re.compile(r"blocked", re.I)),
    ("in-progress", re.compile(r"in[ -]?progress|active|working", re.I)),
    ("review", re.compile(r"review", re.I)),
    ("ready", re.compile(r"ready|not started|to ?do|planned", re.I)),
    ("open", re.compile(r"open|remaining|pending|left|outstanding|unresolved", re.I)),
)
_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[([ xX~/-])\]\s")


class _Version:
    """One text: where its numbers stand, and what can be counted below each heading."""

    def __init__(self, lines: Sequence[str], shapes: set[str]) -> None:
        self.lines = lines
        headings = list(headings_in(lines, 0))
        # Each line by its heading and shape; a row of a table also by its columns.
        self.places: dict[tuple[str, str], int] = {}
        self.scopes: dict[int, tuple[int, int]] = {}
        self.columns: dict[int, tuple[str, ...]] = {}
        title, place = "", 0
        columns: tuple[str, ...] = ()
        for number, line in enumerate(lines):
            while place < len(headings) and headings[place].start <= number:
                title, place = template_of(lines[headings[place].start]), place + 1
            if number + 1 < len(lines) and is_delimiter(lines[number + 1]):
                columns = tuple(normal(cell) for cell in split_cells(line))
            elif "|" not in line:
                columns = ()
            if line[-1:] and _shape(line) in shapes:
                key = (title if not line.startswith("#") else "", _shape(line))
                self.places[key] = -1 if key in self.places else number
                self.columns[number] = columns
                self.scopes[number] = _scope(headings, number, len(lines))
        self._known: dict[tuple[int, int], Census] = {}

    def census(self, scope: tuple[int, int]) -> Census:
        """Everything that can be counted between two lines."""
        if scope not in self._known:
            self._known[scope] = _counted(self.lines[slice(*scope)])
        return self._known[scope]


def _scope(headings: Sequence[Heading], number: int, count: int) -> tuple[int, int]:
    """The section that a line stands in, with everything below its heading."""
    above = [heading for heading in headings if heading.start <= number]
    if not above:
        return 0, count
    after = (one.start for one in headings if one.start > above[-1].start and one.level <= above[-1].level)
    return above[-1].start, next(after, count)


def _counted(lines: Sequence[str]) -> Census:
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


def recounted(texts: Sequence[Sequence[str]], merged: Sequence[str]) -> tuple[list[str], list[str]]:
    """The merged lines with the counts that could be taken again, and a sentence for each; texts: b, o, t."""
    shapes = _changed_by_both(texts)
    lines = list(merged)
    said: list[str] = []
    if not shapes:
        return lines, said
    versions = [_Version(text, shapes) for text in (*texts, merged)]
    for key, number in versions[3].places.items():
        places = [version.places.get(key, -1) for version in versions]
        if -1 in places:
            continue
        line = _recounted_line(versions, places)
        if line != lines[number]:
            said.append(f"'{lines[number].strip()}' became '{line.strip()}' (counted again)")
            lines[number] = line
    return lines, said


def _shape(line: str) -> str:
    return template_of(re.sub(r"\s*\|\s*", "|", normal(line)))


def _changed_by_both(texts: Sequence[Sequence[str]]) -> set[str]:
    """The shapes, without their numbers, of lines that both sides wrote again."""
    base = set(texts[0])
    mine, yours = (
        {_shape(line) for line in text if line not in base and re.search(r"\d", line) and len(line) < 400}
        for text in texts[1:]
    )
    return mine & yours


def _recounted_line(versions: Sequence[_Version], places: Sequence[int]) -> str:
    """One line with its numbers taken again, from the right so that what is further left keeps its place."""
    texts = [version.lines[place] for version, place in zip(versions, places, strict=True)]
    parts = [parts_of(text) for text in texts]
    line = texts[3]
    columns = versions[3].columns[places[3]]
    for at in reversed(range(len(parts[3]))):
        column = [some[at] for some in parts]
        if column[3].kind != "number" or not all(part.text.replace(",", "").isdigit() for part in column):
            continue
        meaning, is_named = _meaning(texts[3], column[3], columns)
        answers = set(
            _answers(
                versions,
                places,
                [int(part.text.replace(",", "")) for part in column],
                meaning,
                is_named=is_named,
            )
        )
        if len(answers) == 1:
            line = _with_number(line, column[3], answers.pop())
    if line == texts[3]:
        return line
    if columns and (total := total_of(columns, [split_cells(text) for text in (*texts[:3], line)])):
        place, count = total
        column = [
            part
            for part in parts_of(line)
            if line[: part.start].count("|") - line.lstrip().startswith("|") == place
        ]
        line = _with_number(line, column[0], count) if column else line
    return derived_percentages(texts[:3], line)


def _meaning(line: str, part: Part, columns: Sequence[str]) -> tuple[str, bool]:
    """What a number counts, and whether its name says that it is a count."""
    if columns:
        place = line[: part.start].count("|") - line.lstrip().startswith("|")
        name = columns[place] if 0 < place < len(columns) else ""
        return _meaning_of(name), bool(place) and is_counter_name(name)
    whole = FRACTION.match(line, part.start + len(part.text))
    after = re.split(
        r"[,;.+|()/]", line[whole.end() if whole else part.start + len(part.text) :], maxsplit=1
    )[0]
    before = re.split(r"[,;.+|()]", line[: part.start])[-1]
    meaning = _meaning_of(after if re.search(r"[a-z]", after, re.I) else before)
    return ("complete" if whole and meaning == "all" else meaning), is_count_at(line, part)


def _meaning_of(words: str) -> str:
    if re.search(r"\btotal\b|\ball\b", words, re.I):
        return "all"
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(words)), "all")


def _answers(
    versions: Sequence[_Version],
    places: Sequence[int],
    values: Sequence[int],
    meaning: str,
    *,
    is_named: bool,
) -> Iterator[int]:
    """What the merged text makes of a number that both sides changed, by each way of counting that fits."""
    before, mine, yours = values[:3]
    if before in (mine, yours) or not is_named:
        return
    whole = [(0, len(version.lines)) for version in versions]
    near = [version.scopes[place] for version, place in zip(versions, places, strict=True)]
    fits = []
    for scopes in dict.fromkeys((tuple(near), tuple(whole))):
        for unit in _UNITS:
            made = [
                version.census(scope)[unit, meaning] for version, scope in zip(versions, scopes, strict=True)
            ]
            if made[:3] == [before, mine, yours]:
                yield made[3]
                return
            if scopes == tuple(whole) and [made[1] - made[0], made[2] - made[0]] == [
                mine - before,
                yours - before,
            ]:
                fits.append(before + made[3] - made[0])
    yield from fits


def _with_number(line: str, part: Part, count: int) -> str:
    """The line with another number; in a table the column keeps its width."""
    new = f"{count:,}" if "," in part.text else str(count)
    rest = line[part.start + len(part.text) :]
    grown = len(new) - len(part.text)
    blanks = re.match(r"([*_`]*)( *)", rest) if line.lstrip().startswith("|") else None
    if blanks and grown > 0 and len(blanks[2]) > grown:
        rest = blanks[1] + rest[len(blanks[1]) + grown :]
    elif blanks and grown < 0:
        rest = blanks[1] + " " * -grown + rest[len(blanks[1]) :]
    return line[: part.start] + new + rest
