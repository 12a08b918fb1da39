"""The numbers of a text that may be counts: where each stands, and where in the document to count."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.census import Census, Reader, meaning_in, meaning_of
from afterpush.conflicts.counters import is_count_at, is_counter_name, parts_of, template_of
from afterpush.conflicts.prose import essence
from afterpush.conflicts.rows import Keyed as KeyedRow
from afterpush.conflicts.sections import Keyed
from afterpush.conflicts.totals import count_in
from afterpush.roadmap.blocks import Block, BlockKind
from afterpush.roadmap.outline import Section
from afterpush.roadmap.tables import Table, read_table
from afterpush.roadmap.tasks import id_column

DIGIT = re.compile(r"\d")
_COUNT = re.compile(r"\d[\d,]*")
_CELL = re.compile(r"(?:\\.|[^|\\])*\|")
_HINT = re.compile(r"[ \t|*_>#-]*(\D{0,2})")
_WITH_LINES = (BlockKind.KEY, BlockKind.QUOTE, BlockKind.PARAGRAPH, BlockKind.LIST)
Key = tuple[object, ...]


@dataclass
class Slot:
    """One number in a text: where it stands, and what it counts."""

    line: str
    number: int
    start: int
    text: str
    meaning: str
    # Where it may be the count of all that there is.
    scopes: tuple[Section, ...]
    # Whether its name says that it is a count, of whatever.
    is_named: bool

    @property
    def value(self) -> int:
        return int(self.text.replace(",", ""))


def shape_of(line: str) -> str:
    """A line without its numbers and padding."""
    return template_of(essence((line,))[0])


def hint_of(line: str) -> str:
    """The first characters of a line's shape: a quick look at what cannot be of that shape."""
    found = _HINT.match(line)
    return found[1] if found else ""


class Slots:
    """The numbers in the lines of certain shapes, by where they stand; and the counts of sections."""

    def __init__(
        self, root: Section, shapes: Collection[str], hints: Collection[str], reader: Reader
    ) -> None:
        self.root, self.shapes, self.hints = root, shapes, hints
        self.found: dict[Key, list[Slot]] = {}
        self._reader = reader
        self._census: dict[int, Census] = {}
        self._roughs: dict[int, str | None] = {}
        self._collect(root, ())

    def counts(self, section: Section) -> Census:
        """Everything that can be counted in a section and below."""
        known = self._census.get(id(section))
        if known is None:
            known = self._census[id(section)] = self._reader.census(section)
        return known

    def _collect(self, section: Section, above: tuple[Section, ...]) -> None:
        scopes = (section, *reversed(above))
        if section.heading:
            self._note("heading", section.heading.lines[0], section.heading.number, scopes)
        for block in section.body:
            if block.kind is BlockKind.TABLE:
                self._note_table(block, scopes)
            elif block.kind in _WITH_LINES:
                for place, line in enumerate(block.lines):
                    self._note("line", line, block.number + place, scopes)
        for child in section.children:
            self._collect(child, (*above, section))

    def _rough(self, section: Section) -> str | None:
        if id(section) not in self._roughs:
            self._roughs[id(section)] = Keyed(section, ()).rough
        return self._roughs[id(section)]

    def _path(self, scopes: tuple[Section, ...]) -> Key:
        return tuple(map(self._rough, scopes))

    def _is_asked(self, line: str) -> bool:
        return (
            hint_of(line) in self.hints and DIGIT.search(line) is not None and shape_of(line) in self.shapes
        )

    def _note(self, what: str, line: str, number: int, scopes: tuple[Section, ...]) -> None:
        if not self._is_asked(line):
            return
        key = (self._path(scopes), what if what == "heading" else template_of(line))
        slots = [
            Slot(
                line, number, part.start, part.text, meaning_in(line, part), scopes,
                is_named=is_count_at(line, part),
            )
            for part in parts_of(line)
            if part.kind == "number" and part.text.replace(",", "").isdigit()
        ]  # fmt: skip
        if slots:
            self.found.setdefault(key, slots)

    def _note_table(self, block: Block, scopes: tuple[Section, ...]) -> None:
        asked = [place for place, line in enumerate(block.lines[2:]) if self._is_asked(line)]
        if not asked:
            return
        table, path = read_table(block.lines), self._path(scopes)
        if id_column(table) is None:
            for place in asked:
                self._note_row(path, table, KeyedRow(table.rows[place]), block.number + place + 2)

    def _note_row(self, path: Key, table: Table, row: KeyedRow, number: int) -> None:
        scopes = (self.root,) if row.is_total else tuple(self._named(row.key))
        for column, name in enumerate(table.columns[1:], 1):
            cell = row.row.cells[column] if column < len(row.row.cells) else ""
            if count_in(cell) is None:
                continue
            start = number_start(row.row.line, column)
            found = _COUNT.match(row.row.line, start)
            slot = Slot(
                row.row.line, number, start, found[0] if found else "", meaning_of(name), scopes,
                is_named=is_counter_name(name),
            )  # fmt: skip
            self.found.setdefault((path, table.columns, row.key, column), [slot])

    def _named(self, key: str) -> Iterator[Section]:
        """The sections that a row of a summary is about."""
        plain = re.sub(r"\W+", " ", key).strip()
        if plain:
            yield from (section for title, section in self._titles if f" {plain} " in title)

    @cached_property
    def _titles(self) -> list[tuple[str, Section]]:
        """What each section is called, between blanks."""
        return [(f" {self._rough(section) or ''} ", section) for section in self.root.walk()]


def number_start(line: str, column: int) -> int:
    """Where the number in a cell begins in its line."""
    at = line.index("|") + 1 if line.lstrip().startswith("|") else 0
    for _ in range(column):
        found = _CELL.match(line, at)
        at = found.end() if found else at
    digit = DIGIT.search(line, at)
    return digit.start() if digit else at
