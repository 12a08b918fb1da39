"""The columns and rows of a table that both sides changed: columns by their names."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.conflicts.document.pieces import Piece
from afterpush.conflicts.kinds.three_way import merged_names
from afterpush.conflicts.matching.trios import Trio
from afterpush.roadmap.tables import Row, Table

# The places of one merged column in the base's, ours' and theirs' tables; None where it is not there.
Column = tuple[int | None, int | None, int | None]


@dataclass
class Line:
    """A row of the merged table: its cells by column, None where both sides disagree."""

    trio: Trio
    rows: list[Row | None]
    cells: list[str | None]
    # A row that has not as many cells as the table has columns, or is between markers: its lines.
    pieces: list[Piece] | None = None


def merged_columns(tables: Sequence[Table | None]) -> list[Column] | None:
    """The columns of the merged table: what a side added, without what a side dropped untouched."""
    names = [list(table.columns) if table else [] for table in tables]
    known = [some for some, table in zip(names, tables, strict=True) if table]
    if any(len(set(some)) != len(some) for some in known):
        return _same_columns(tables) if all(some == known[0] for some in known) else None
    base, ours, theirs = names
    if tables[0] and tables[1] and tables[2]:
        ours, theirs = _renamed(base, ours), _renamed(base, theirs)
    merged = merged_names(base, ours, theirs) if tables[1] and tables[2] else ours or theirs
    dropped = [name for name in base if name not in merged]
    if any(not _is_untouched(tables, (base, ours, theirs), name) for name in dropped):
        return None
    lookup = [{name: place for place, name in enumerate(some)} for some in (base, ours, theirs)]
    return [(lookup[0].get(name), lookup[1].get(name), lookup[2].get(name)) for name in merged]


def _same_columns(tables: Sequence[Table | None]) -> list[Column]:
    count = len(next(table.columns for table in tables if table))
    places = [[place if table else None for table in tables] for place in range(count)]
    return [(base, ours, theirs) for base, ours, theirs in places]


def _renamed(base: list[str], side: list[str]) -> list[str]:
    """A side's columns by their old names, where it has as many as before and only renamed some."""
    if len(base) != len(side) or base == side:
        return side
    return [old if new not in base and old not in side else new for old, new in zip(base, side, strict=True)]


def _is_untouched(tables: Sequence[Table | None], names: Sequence[list[str]], name: str) -> bool:
    """Whether the side that still has a column left its cells as they were."""
    base = tables[0]
    if base is None:
        return False
    at = names[0].index(name)
    before = {row.cells[0]: row.cells[at : at + 1] for row in base.rows if row.cells}
    for table, some in zip(tables[1:], names[1:], strict=True):
        if table and name in some:
            place = some.index(name)
            if any(row.cells[place : place + 1] != before.get(row.cells[0]) for row in table.rows):
                return False
    return True


def name_of(tables: Sequence[Table | None], column: Column) -> str:
    return next(
        table.columns[place]
        for table, place in zip(tables, column, strict=True)
        if table and place is not None
    )


def cell_in(row: Row | None, place: int | None) -> str | None:
    return row.cells[place] if row and place is not None and place < len(row.cells) else None
