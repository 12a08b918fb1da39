"""The text of a merged table: aligned where a side is, else each row as it came."""

from collections.abc import Sequence

from afterpush.conflicts.kinds.three_way import steady
from afterpush.conflicts.tables.columns import Column, Line, cell_in
from afterpush.conflicts.tables.layout import Layout, is_tight, layout_of, marks_of, needed_widths
from afterpush.roadmap.tables import Row, Table, display_width, normal


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
    return _like([" --- "] * len(columns), max(table.delimiter for table in tables[1:] if table))


def _is_whole(table: Table, columns: Sequence[Column], side: int) -> bool:
    return [column[side] for column in columns] == list(range(len(table.columns)))


def as_written(rows: Sequence[Row | None], cells: list[str], columns: Sequence[Column]) -> str:
    """A row with these cells as a side wrote it, else in the padding that its cells have on the sides."""
    sides = [row for row in rows if row]
    same = [row.line for row in sides if list(row.cells) == cells]
    if same:
        if len(rows) == 3 and len(same) > 1 and rows[1] and rows[2]:
            base = rows[0].line if rows[0] else None
            return (
                steady(base, rows[1].line, rows[2].line)
                if list(rows[1].cells) == list(rows[2].cells)
                else same[-1]
            )
        return same[-1]
    padded = []
    for place, cell in enumerate(cells):
        raw = [
            row.raw_cells[at]
            for row, at in zip(rows, columns[place] if len(rows) == 3 else (place,), strict=False)
            if row and at is not None and at < len(row.raw_cells)
        ]
        alike = [text for text in raw if normal(text) == cell]
        width = max(map(display_width, raw), default=0)
        padded.append(
            max(alike, key=lambda text: (len(text), text))
            if alike
            else f" {cell} ".ljust(width - display_width(cell) + len(cell))
        )
    return _like(padded, max(row.line for row in sides))


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
