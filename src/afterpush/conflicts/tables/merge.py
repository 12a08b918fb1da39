"""A table that both sides changed: columns by name, rows cell by cell, sums again, laid out as it was."""

from collections.abc import Callable, Sequence

from afterpush.conflicts.document.pieces import Hunk, Piece
from afterpush.conflicts.kinds.three_way import three_way_said
from afterpush.conflicts.kinds.value_rules import merge_value
from afterpush.conflicts.matching.trios import Trio
from afterpush.conflicts.tables.columns import Column, Line, cell_in, merged_columns, name_of
from afterpush.conflicts.tables.layout import Layout
from afterpush.conflicts.tables.text import as_written, common_layout, dashes_line, header_line
from afterpush.roadmap.nodes import place_of, table_of
from afterpush.roadmap.tables import Row, Table, said_cells


def merged_table(
    trio: Trio, members: Sequence[Trio], whole: Callable[[Trio], Hunk]
) -> list[tuple[Trio, list[Piece]]] | None:
    """Header, dashes and rows with the thing that each belongs to; None when the columns do not fit together.

    The first entry is the header's; `whole` gives both sides of a row that is in doubt.
    """
    tables = [table_of(node) if node else None for node in trio.nodes]
    columns = merged_columns(tables)
    if columns is None:
        return None
    names = [name_of(tables, column) for column in columns]
    lines = [_line(member, columns, names, whole) for member in members]
    layout = common_layout(tables, columns, lines)
    found: list[tuple[Trio, list[Piece]]] = [
        (trio, [header_line(tables, columns, layout), dashes_line(tables, columns, layout)])
    ]
    for line in lines:
        found.append((line.trio, _written(line, columns, names, tables, layout)))
    return found


def _line(trio: Trio, columns: Sequence[Column], names: Sequence[str], whole: Callable[[Trio], Hunk]) -> Line:
    rows = [Row(node.own[0]) if node else None for node in trio.nodes]
    if trio.doubt:
        return Line(trio, rows, [], [whole(trio)])
    base, ours, theirs = rows
    wide = [row for row, place in ((ours, 1), (theirs, 2)) if row and _is_odd(row, columns, place)]
    if wide:
        if not (ours and theirs):
            return Line(trio, rows, [], [wide[0].line])
        line = three_way_said(base.line if base else None, ours.line, theirs.line, said_cells)
        against = f"{place_of(trio.any)}'{ours.line.strip()}' against '{theirs.line.strip()}'"
        return Line(trio, rows, [], [Hunk((ours.line,), (theirs.line,), against) if line is None else line])
    cells: list[str | None] = []
    for name, (b, o, t) in zip(names, columns, strict=True):
        mine, yours = cell_in(ours, o), cell_in(theirs, t)
        if mine is None or yours is None:
            cells.append(mine if yours is None else yours)
            cells[-1] = cells[-1] or ""
            continue
        settled = merge_value(name, cell_in(base, b), mine, yours)
        cells.append(settled.value if settled else None)
    return Line(trio, rows, cells)


def _is_odd(row: Row, columns: Sequence[Column], side: int) -> bool:
    """Whether a row has more cells than its table has columns."""
    return len(row.cells) > sum(column[side] is not None for column in columns)


def _written(
    line: Line,
    columns: Sequence[Column],
    names: Sequence[str],
    tables: Sequence[Table | None],
    layout: Layout | None,
) -> list[Piece]:
    if line.pieces is not None:
        return [_laid_out(piece, layout, columns, line) for piece in line.pieces]
    if None not in line.cells:
        cells = [cell or "" for cell in line.cells]
        return [layout.row(cells) if layout else as_written(line.rows, cells, columns)]
    sides, reasons = [], []
    for side in (1, 2):
        cells = [
            cell_in(line.rows[side], column[side]) or "" if cell is None else cell
            for cell, column in zip(line.cells, columns, strict=True)
        ]
        alone = [row if at == side else None for at, row in enumerate(line.rows)]
        sides.append(layout.row(cells) if layout else as_written(alone, cells, columns))
    for name, cell, column in zip(names, line.cells, columns, strict=True):
        if cell is None:
            mine, yours = (cell_in(line.rows[side], column[side]) for side in (1, 2))
            reasons.append(f"{name}: '{mine}' against '{yours}'")
    return [
        Hunk((sides[0],), (sides[1],), f"{place_of(line.trio.any)}{line.trio.any.name}, {'; '.join(reasons)}")
    ]


def _laid_out(piece: Piece, layout: Layout | None, columns: Sequence[Column], line: Line) -> Piece:
    if layout is None or isinstance(piece, str):
        return piece

    def again(side: int, lines: tuple[str, ...]) -> tuple[str, ...]:
        row = line.rows[side]
        if not lines or row is None or _is_odd(row, columns, side):
            return lines
        return (layout.row([cell_in(row, column[side]) or "" for column in columns]),)

    return Hunk(again(1, piece.ours), again(2, piece.theirs), piece.reason)
