"""Counts of what stands in the document itself, taken anew from the merged text.

Both sides add a task and write 6 where 5 stood: the merged text has seven. A count is taken anew where both
sides changed it and the same way of counting made the number of the base, of ours and of theirs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from afterpush.conflicts.counters import FRACTION, Part, derived_percentages, parts_of, template_of
from afterpush.conflicts.prose import essence
from afterpush.conflicts.rows import Keyed as KeyedRow
from afterpush.conflicts.sections import Keyed
from afterpush.conflicts.totals import count_in
from afterpush.roadmap.blocks import Block, BlockKind, Lines
from afterpush.roadmap.items import read_items
from afterpush.roadmap.outline import Section, outline_of
from afterpush.roadmap.sessions import sessions_in
from afterpush.roadmap.status import Status
from afterpush.roadmap.tables import display_width, read_table
from afterpush.roadmap.tasks import Task, combined, id_column, tasks_in

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
_DIGIT = re.compile(r"\d")
_COUNT = re.compile(r"\d[\d,]*")
_CELL = re.compile(r"(?:\\.|[^|\\])*\|")
Census = Counter[tuple[str, str]]


@dataclass
class Slot:
    """One number in a text: where it stands, what it counts, what can be counted there."""

    line: str
    number: int
    start: int
    text: str
    meaning: str
    scopes: tuple[Section, ...]


def recounted(roots: Sequence[Section], merged: Lines) -> tuple[Lines, list[str]]:
    """The merged lines with the counts that could be taken anew, and a sentence for each.

    `roots` are the base, ours and theirs.
    """
    shapes = _changed_by_both([root.lines for root in roots])
    if not shapes:
        return merged, []
    texts = [_Text(root, shapes) for root in (*roots, outline_of(merged)[0])]
    lines, said = list(merged), []
    for key, slots in texts[3].slots.items():
        known = [text.slots.get(key, []) for text in texts[:3]]
        if any(len(some) != len(slots) for some in known):
            continue
        changes: dict[int, str] = {}
        for place, slot in enumerate(slots):
            count = _taken_anew(texts, [some[place] for some in known], slot)
            if count is not None and count != slot.text:
                changes[place] = count
        if changes:
            number = slots[0].number
            before = lines[number]
            lines[number] = _with_counts(before, slots, changes, [some[0].line for some in known])
            said.append(f"'{before.strip()}' became '{lines[number].strip()}' (counted anew)")
    return tuple(lines), said


def _changed_by_both(versions: Sequence[Lines]) -> set[str]:
    """The shapes, without their numbers, of lines that both sides wrote anew."""
    before = set(versions[0])
    mine, yours = (
        {_shape(line) for line in lines if line not in before and _DIGIT.search(line)}
        for lines in versions[1:]
    )
    return mine & yours


def _shape(line: str) -> str:
    return template_of(essence((line,))[0])


class _Text:
    def __init__(self, root: Section, shapes: set[str]) -> None:
        self.root, self.shapes = root, shapes
        self.census: dict[int, Census] = {}
        self.slots: dict[tuple[object, ...], list[Slot]] = {}
        self._collect(self.root, ())

    def _collect(self, section: Section, above: tuple[Section, ...]) -> None:
        path = tuple(Keyed(one, ()).rough for one in (*above, section))
        scopes = (section, *reversed(above))
        if section.heading:
            self._note((path, "heading"), section.heading.lines[0], section.heading.number, scopes)
        for block in section.body:
            if block.kind is BlockKind.TABLE:
                self._note_table(path, block, scopes)
            elif block.kind in (BlockKind.KEY, BlockKind.QUOTE, BlockKind.PARAGRAPH):
                for place, line in enumerate(block.lines):
                    self._note((path, template_of(line)), line, block.number + place, scopes)
        for child in section.children:
            self._collect(child, (*above, section))

    def _note(self, key: tuple[object, ...], line: str, number: int, scopes: tuple[Section, ...]) -> None:
        if _DIGIT.search(line) is None or _shape(line) not in self.shapes:
            return
        slots = [
            Slot(line, number, part.start, part.text, _meaning(line, part), scopes)
            for part in parts_of(line)
            if part.kind == "number" and part.text.replace(",", "").isdigit()
        ]
        if slots:
            self.slots.setdefault(key, slots)

    def _note_table(self, path: tuple[object, ...], block: Block, scopes: tuple[Section, ...]) -> None:
        table = read_table(block.lines)
        if id_column(table) is not None:
            return
        for place, row in enumerate(table.rows):
            if _DIGIT.search(row.line) is None or _shape(row.line) not in self.shapes:
                continue
            keyed = KeyedRow(row)
            named = scopes[-1:] if keyed.is_total else tuple(self._named(keyed.key))
            for column, name in enumerate(table.columns[1:], 1):
                cell = row.cells[column] if column < len(row.cells) else ""
                if named and count_in(cell) is not None:
                    start = _number_start(row.line, column)
                    found = _COUNT.match(row.line, start)
                    text = found[0] if found else ""
                    slot = Slot(row.line, block.number + place + 2, start, text, _meaning_of(name), named)
                    self.slots.setdefault((path, table.columns, keyed.key, column), [slot])

    def _named(self, key: str) -> Iterator[Section]:
        """The sections that a row of a summary is about."""
        plain = re.sub(r"\W+", " ", key).strip()
        for section in self.root.walk():
            title = Keyed(section, ()).rough or ""
            if plain and (title == plain or f" {plain} " in f" {title} "):
                yield section

    def counts(self, section: Section) -> Census:
        """Everything that can be counted in a section and below."""
        known = self.census.get(id(section))
        if known is None:
            known = self.census[id(section)] = _census(section)
        return known


def _census(section: Section) -> Census:
    census: Census = Counter()

    def count(unit: str, status: Status) -> None:
        census[unit, "all"] += 1
        census[unit, status.value] += 1
        if not status.is_done:
            census[unit, "open"] += 1

    by_id: dict[str, list[Task]] = {}
    for task in tasks_in(section):
        by_id.setdefault(task.id, []).append(task)
    for tasks in by_id.values():
        count("tasks", combined(tasks).status)
    for session in sessions_in(section):
        count("sessions", Status.COMPLETE if session.is_over else Status.IN_PROGRESS)
    for below in section.walk():
        for block in below.body:
            if block.kind is BlockKind.LIST:
                for item in read_items(block.lines):
                    count("items", Status.COMPLETE if item.checkbox in ("x", "X") else Status.READY)
    return census


def _meaning(line: str, part: Part) -> str:
    """What a number in a line counts: by the words after it, else by those before it."""
    whole = FRACTION.match(line, part.start + len(part.text))
    after = re.split(
        r"[,;.+|()/]", line[whole.end() if whole else part.start + len(part.text) :], maxsplit=1
    )[0]
    before = re.split(r"[,;.+|()]", line[: part.start])[-1]
    says_after = _meaning_of(after) != "all" or re.search(r"[a-z]", after)
    meaning = _meaning_of(after if says_after else before)
    # "Progress: 3/8 tasks" counts what is done.
    return "complete" if whole and meaning == "all" else meaning


def _meaning_of(words: str) -> str:
    if re.search(r"\btotal\b|\ball\b", words, re.I):
        return "all"
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(words)), "all")


def _taken_anew(texts: Sequence[_Text], old: Sequence[Slot], slot: Slot) -> str | None:
    """The count that the merged text makes, by the ways of counting that made all three old ones."""
    values = [int(one.text.replace(",", "")) for one in old]
    if values[0] in values[1:]:
        return None
    answers = {
        texts[3].counts(slot.scopes[depth])[unit, slot.meaning]
        for unit in ("tasks", "sessions", "items")
        for depth in range(min(len(one.scopes) for one in (*old, slot)))
        if all(
            text.counts(one.scopes[depth])[unit, one.meaning] == value
            for text, one, value in zip(texts, old, values, strict=False)
        )
    }
    return str(answers.pop()) if len(answers) == 1 else None


def _with_counts(line: str, slots: Sequence[Slot], changes: dict[int, str], old: Sequence[str]) -> str:
    """The line with new numbers; in a table the column keeps its width, in prose percentages follow."""
    for place in sorted(changes, reverse=True):
        slot = slots[place]
        end = slot.start + len(slot.text)
        grown = display_width(changes[place]) - display_width(slot.text)
        rest = line[end:]
        if line.lstrip().startswith("|"):
            blanks = re.match(r"([*_`]*)( *)", rest)
            if blanks and grown > 0 and len(blanks[2]) > grown:
                rest = blanks[1] + rest[len(blanks[1]) + grown :]
            elif blanks and grown < 0:
                rest = blanks[1] + " " * -grown + rest[len(blanks[1]) :]
        line = line[: slot.start] + changes[place] + rest
    return line if line.lstrip().startswith("|") else derived_percentages(old, line)


def _number_start(line: str, column: int) -> int:
    """Where the number in a cell begins in its line."""
    at = line.index("|") + 1 if line.lstrip().startswith("|") else 0
    for _ in range(column):
        found = _CELL.match(line, at)
        at = found.end() if found else at
    digit = _DIGIT.search(line, at)
    return digit.start() if digit else at
