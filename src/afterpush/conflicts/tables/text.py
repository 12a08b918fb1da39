"""The text of a merged table: aligned where a side is, else each row as it came."""

from collections.abc import Sequence

from afterpush.conflicts.kinds.three_way import steady
from afterpush.conflicts.tables.columns import Column, Line, cell_in
from afterpush.conflicts.tables.layout import Layout, is_tight, layout_of, marks_of, needed_widths
from afterpush.roadmap.tables import Row, Table, display_width, normal, split_cells


def common_layout(
    tables: Sequence[Table | None], columns: Sequence[Column], lines: Sequence[Line]
) -> Layout | None:
    """The common layout, where a formatter aligned one of the sides' tables."""
    layouts = [layout_of(table) if table else None for table in tables]
    if not any(layouts[1:]):
        return None
    cells = [[name_as_written(tables, column) for column in columns]]
    for line in lines:
        for side in (1, 2):
            row = line.rows[side]
            if line.pieces is None:
                cells.append(
                    [
                        cell or cell_in(row, column[side]) or ""
                        for cell, column in zip(line.cells, columns, strict=True)
                    ]
                )
            elif row:
                cells.append([cell_in(row, column[side]) or "" for column in columns])
    widths = needed_widths(cells, len(columns))
    for side in (1, 2):
        table, layout = tables[side], layouts[side]
        if table and layout and not is_tight(table, layout):
            given = [0 if (at := column[side]) is None else layout.widths[at] for column in columns]
            widths = tuple(map(max, widths, given))
    return Layout(widths, tuple(_mark(tables, column) for column in columns))


def _mark(tables: Sequence[Table | None], column: Column) -> str:
    marks = [
        marks_of(table)[place] if table and place is not None and place < len(marks_of(table)) else None
        for table, place in zip(tables, column, strict=True)
    ]
    if marks[1] is None or marks[2] is None:
        return marks[1] or marks[2] or "---"
    return steady(marks[0], marks[1], marks[2])


def name_as_written(tables: Sequence[Table | None], column: Column) -> str:
    base, ours, theirs = (
        cell_in(table.header, place) if table else None for table, place in zip(tables, column, strict=True)
    )
    return ours or theirs or "" if ours is None or theirs is None else steady(base, ours, theirs)


def header_line(tables: Sequence[Table | None], columns: Sequence[Column], layout: Layout | None) -> str:
    cells = [name_as_written(tables, column) for column in columns]
    if layout:
        return layout.row(cells)
    rows = [table.header if table else None for table in tables]
    return as_written(rows, cells, columns)


def dashes_line(tables: Sequence[Table | None], columns: Sequence[Column], layout: Layout | None) -> str:
    if layout:
        return layout.delimiter()
    lines = [
        table.delimiter if table and _is_whole(table, columns, side) else None
        for side, table in enumerate(tables)
    ]
    if lines[1] is not None and lines[2] is not None:
        return steady(lines[0], lines[1], lines[2])
    if found := lines[1] or lines[2]:
        return found
    cells = [_dashes(tables, column) for column in columns]
    return _like(cells, max(table.delimiter for table in tables[1:] if table))


def _dashes(tables: Sequence[Table | None], column: Column) -> str:
    """The dashes of one column as the sides have them."""
    base, ours, theirs = (
        split_cells(table.delimiter)[place] if table and place is not None else None
        for table, place in zip(tables, column, strict=True)
    )
    return steady(base, ours, theirs) if ours and theirs else ours or theirs or " --- "


def _is_whole(table: Table, columns: Sequence[Column], side: int) -> bool:
    """Whether a side has all columns of the merged table, in its order."""
    return [column[side] for column in columns] == list(range(len(table.columns)))


def as_written(rows: Sequence[Row | None], cells: list[str], columns: Sequence[Column]) -> str:
    """A row with these cells as a side wrote it, else in the padding that its cells have on the sides.

    `rows` are those of the base, ours and theirs. Where a side changed the layout alone, it is in its layout.
    """
    base = rows[0]
    laid_out = [_is_laid_out(base, row, side, columns) for side, row in enumerate(rows)]
    same = [
        row.line if row and _says(row, side, cells, columns) and (is_pattern or not any(laid_out)) else None
        for side, (row, is_pattern) in enumerate(zip(rows, laid_out, strict=True))
    ]
    if same[1] is not None and same[2] is not None:
        return steady(base.line if base else None, same[1], same[2])
    if found := same[2] or same[1] or same[0]:
        return found
    padded = []
    for cell, column in zip(cells, columns, strict=True):
        known = [
            (row.raw_cells[at], is_pattern)
            for row, at, is_pattern in zip(rows, column, laid_out, strict=True)
            if row and at is not None and at < len(row.raw_cells)
        ]
        raw = [text for text, is_pattern in known if is_pattern] or [text for text, _ in known]
        alike = [text for text in raw if normal(text) == cell]
        padded.append(max(alike or [_padded(cell, raw)], key=lambda text: (len(text), text)))
    return _like(padded, max(row.line for row in rows if row))


def _is_laid_out(base: Row | None, row: Row | None, side: int, columns: Sequence[Column]) -> bool:
    """Whether a cell that says the same as in the base is padded in another way."""
    places = [(column[0], column[side]) for column in columns]
    return any(
        row.raw_cells[at] != base.raw_cells[before] and row.cells[at] == base.cells[before]
        for before, at in places
        if base and row and before is not None and at is not None
        if before < len(base.cells) and at < len(row.cells)
    )


def _says(row: Row, side: int, cells: Sequence[str], columns: Sequence[Column]) -> bool:
    """Whether a row has just these cells in this order; empty ones may be missing at its end."""
    places = [column[side] for column in columns]
    known = [*row.cells, *[""] * (len(cells) - len(row.cells))]
    return known == list(cells) and places == list(range(len(places)))


def _padded(cell: str, raw: Sequence[str]) -> str:
    """A cell as wide as those that it takes the place of; a tight one stays tight."""
    widest = max(raw, key=lambda text: (display_width(text), text), default="  ")
    blanks = len(widest) - len(widest.rstrip())
    if widest.strip() and blanks < 2:
        return f"{widest[: len(widest) - len(widest.lstrip())]}{cell}{' ' * blanks}"
    return f" {cell} ".ljust(display_width(widest) - display_width(cell) + len(cell))


def _like(cells: list[str], line: str) -> str:
    """Padded cells as one line, with the outer pipes and the indentation that another line has."""
    indent = line[: len(line) - len(line.lstrip())]
    text = "|".join(cells)
    start = "|" if line.lstrip().startswith("|") else ""
    return (
        indent
        + start
        + (f"{text}|" if line.rstrip().endswith("|") else (text.rstrip() if start else text.strip()))
    )
