"""Tables and lists as shelves: what stands on them under an ID, and in which lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterpush.conflicts import lists, rows
from afterpush.conflicts.sections import Keyed, flattened, matched_sections
from afterpush.roadmap.blocks import Block, BlockKind, Lines
from afterpush.roadmap.items import read_items
from afterpush.roadmap.outline import Section
from afterpush.roadmap.tables import read_table

Path = tuple[str | None, ...]


@dataclass(frozen=True)
class Thing:
    """A row or an item with an ID; it stands in the document's lines from `start` to before `end`."""

    id: str
    start: int
    end: int


@dataclass(frozen=True)
class Shelf:
    """One table or list; what has no ID is not among its things."""

    section: Section
    # The headings above, without what changes in them.
    path: Path
    # Its kind, and of a table its columns.
    like: tuple[object, ...]
    # The number of the line before which a thing would be the first.
    first: int
    things: tuple[Thing, ...]

    def before(self, thing: Thing) -> list[str]:
        """The IDs before a thing, the nearest first."""
        return [known.id for known in reversed(self.things) if known.start < thing.start]

    def line_behind(self, ids: Sequence[str]) -> int:
        """The number of the line behind the first of these IDs that stands here, else of the first line."""
        ends = {thing.id: thing.end for thing in self.things}
        return next((ends[known] for known in ids if known in ends), self.first)


def shelves_in(root: Section, but: frozenset[Lines] = frozenset()) -> Iterator[Shelf]:
    """Every table and list, but for the sections whose own lines are among `but`."""
    yield from _below(root, (), but)


def _below(section: Section, path: Path, but: frozenset[Lines]) -> Iterator[Shelf]:
    if section.own_lines not in but:
        for block in section.body:
            if block.kind is BlockKind.TABLE:
                yield _table(section, path, block)
            elif block.kind is BlockKind.LIST:
                yield _list(section, path, block)
    for child in section.children:
        yield from _below(child, (*path, Keyed(child, ()).rough), but)


def _table(section: Section, path: Path, block: Block) -> Shelf:
    table = read_table(block.lines)
    first = block.number + 2
    ids = [rows.Keyed(row).identity for row in table.rows]
    things = (Thing(known, first + place, first + place + 1) for place, known in enumerate(ids) if known)
    return Shelf(section, path, (block.kind, *table.columns), first, tuple(things))


def _list(section: Section, path: Path, block: Block) -> Shelf:
    things, number = [], block.number
    for item in read_items(block.lines):
        start = number + len(item.gap)
        number = start + len(item.lines)
        known = lists.Keyed(item).identity
        if known:
            things.append(Thing(known, start, number))
    return Shelf(section, path, (block.kind,), block.number, tuple(things))


class Places:
    """Which section of a version is which of the base's, by its number there; -1 is what stands above all."""

    def __init__(self, base: Section, side: Section) -> None:
        ours = flattened(side)
        of_base = matched_sections(flattened(base), ours)
        self._places: Mapping[int, int] = {id(side): -1} | {
            id(ours[place].section): known for known, place in of_base.items()
        }

    def of(self, section: Section) -> int | None:
        """None for a section that the base has not."""
        return self._places.get(id(section))
