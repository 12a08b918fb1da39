"""Which columns a merged table has: both sides may add, drop, move or rename some."""

from afterpush.conflicts.matching import match
from afterpush.conflicts.sequences import Clash, EntangledError, Firmness, Sequences
from afterpush.roadmap.tables import Table

# The places of one merged column in the base's, ours' and theirs' tables; None where it is not there.
Column = tuple[int | None, int | None, int | None]


def merged_columns(base: Table | None, ours: Table, theirs: Table) -> list[Column] | None:
    """The columns of the merged table; None when they cannot be reconciled."""
    if ours.columns == theirs.columns and (base is None or base.columns == ours.columns):
        return [(None if base is None else place, place, place) for place in range(len(ours.columns))]
    before = base.columns if base else ()
    ours_of, theirs_of = _matched(before, ours.columns), _matched(before, theirs.columns)
    both = {
        place: theirs.columns.index(name)
        for place, name in enumerate(ours.columns)
        if place not in ours_of.values() and name in theirs.columns
        and theirs.columns.index(name) not in theirs_of.values()
    }  # fmt: skip
    sequences = Sequences(
        [(0, place) for place in range(len(before))],
        [(1, place) for place in range(len(ours.columns))],
        [(2, place) for place in range(len(theirs.columns))],
        ours_of,
        theirs_of,
        both,
        is_same=lambda one, other: _says_the_same(base, one[1], (ours, theirs)[other[0] - 1], other[1]),
        order=lambda column: (before, ours.columns, theirs.columns)[column[0]][column[1]],
        firmness=lambda column: Firmness.IDENTIFIED,
        is_placeholder=lambda column: False,
    )
    try:
        steps = sequences.arranged()
    except EntangledError:
        return None
    columns: list[Column] = []
    for step in steps:
        if isinstance(step, Clash):
            return None
        if step.base is not None and (step.ours is None or step.theirs is None):
            return None
        names = [
            table.columns[known[1]] if table and known else None
            for table, known in zip((base, ours, theirs), (step.base, step.ours, step.theirs), strict=True)
        ]
        if step.base is not None and len(set(names)) == 3:
            return None
        columns.append(
            (
                step.base[1] if step.base else None,
                step.ours[1] if step.ours else None,
                step.theirs[1] if step.theirs else None,
            )
        )
    return columns


def _matched(base: tuple[str, ...], side: tuple[str, ...]) -> dict[int, int]:
    """By name; a renamed column by its place, where there are as many columns as before."""
    found = match(base, side, (lambda name: name,), lambda one, other: 0.0)
    if len(base) == len(side):
        for place in range(len(base)):
            if place not in found and place not in found.values():
                found[place] = place
    return found


def _says_the_same(base: Table | None, column: int, side: Table, place: int) -> bool:
    """Whether a side left every cell of a column alone."""
    if base is None:
        return False
    before = {row.cells[0]: row.cells[column : column + 1] for row in base.rows if row.cells}
    return all(
        before.get(row.cells[0], row.cells[place : place + 1]) == row.cells[place : place + 1]
        for row in side.rows
        if row.cells
    )
