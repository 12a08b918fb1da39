"""A table that both sides changed: columns by name, rows cell by cell, sums again, laid out as it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afterpush.conflicts.document.nodes import Node, place_of
from afterpush.conflicts.document.own_text import Hunk, Piece
from afterpush.conflicts.document.trios import Trio
from afterpush.conflicts.kinds.keys import normal, plain
from afterpush.conflicts.kinds.table_layout import Layout, is_tight, layout_of, marks_of, needed_widths
from afterpush.conflicts.kinds.totals import Tally, settle
from afterpush.conflicts.kinds.values import merge_value, steady, three_way
from afterpush.roadmap.tables import Row, Table, display_width

# The places of one merged column in the base's, ours' and theirs' tables; None where it is not there.
Column = tuple[int | None, int | None, int | None]


@dataclass
class Line:
    """A row of the merged table: its cells by column, None where both sides disagree."""

    trio: Trio
    rows: list[Row | None]
    cells: list[str | None]
    # A row that has not as many cells as the table has columns, or stands between markers: its lines.
    pieces: list[Piece] | None = None


def merged_table(
    trio: Trio, members: Sequence[Trio], whole: Callable[[Trio], Hunk]
) -> list[tuple[Trio, list[Piece]]] | None:
    """Header, dashes and rows with the thing that each belongs to; None when the columns do not fit together.

    The first entry is the header's; `whole` gives both sides of a row that is in doubt.
    """
    tables = [_read(node) if node else None for node in trio.nodes]
    columns = _columns(tables)
    if columns is None:
        return None
    names = [_name(tables, column) for column in columns]
    lines = [_line(member, columns, names, whole) for member in members]
    _settle(names, lines, tables, columns)
    layout = _layout(tables, columns, lines)
    found: list[tuple[Trio, list[Piece]]] = [
        (trio, [_header(tables, columns, layout), _dashes(tables, columns, layout)])
    ]
    for line in lines:
        found.append((line.trio, _written(line, columns, names, tables, layout)))
    return found


def _read(node: Node) -> Table:
    rows = tuple(Row(child.own[0]) for child in node.children)
    return Table(Row(node.own[0]), node.own[1] if len(node.own) > 1 else "", rows)


def _columns(tables: Sequence[Table | None]) -> list[Column] | None:
    """The columns of the merged table: what a side added, without what a side dropped untouched."""
    names = [list(table.columns) if table else [] for table in tables]
    known = [some for some, table in zip(names, tables, strict=True) if table]
    if any(len(set(some)) != len(some) for some in known):
        return _same_columns(tables) if all(some == known[0] for some in known) else None
    base, ours, theirs = names
    if tables[0] and tables[1] and tables[2]:
        ours, theirs = _renamed(base, ours), _renamed(base, theirs)
    merged = [name for name in ours if name in theirs or name not in base] if tables[2] else list(ours)
    for place, name in enumerate(theirs):
        if name not in merged and (name not in base or not tables[1]):
            behind = [merged.index(one) for one in theirs[:place] if one in merged]
            merged.insert(max(behind) + 1 if behind else 0, name)
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


def _name(tables: Sequence[Table | None], column: Column) -> str:
    return next(
        table.columns[place]
        for table, place in zip(tables, column, strict=True)
        if table and place is not None
    )


def _cell(row: Row | None, place: int | None) -> str | None:
    return row.cells[place] if row and place is not None and place < len(row.cells) else None


def _line(trio: Trio, columns: Sequence[Column], names: Sequence[str], whole: Callable[[Trio], Hunk]) -> Line:
    rows = [Row(node.own[0]) if node else None for node in trio.nodes]
    if trio.doubt:
        return Line(trio, rows, [], [whole(trio)])
    base, ours, theirs = rows
    wide = [row for row, place in ((ours, 1), (theirs, 2)) if row and _is_odd(row, columns, place)]
    if wide:
        texts = [" | ".join(row.cells) if row else None for row in rows]
        if ours and theirs:
            text = three_way(texts[0], texts[1] or "", texts[2] or "")
            if text is None:
                hunk = Hunk(
                    (ours.line,),
                    (theirs.line,),
                    f"{place_of(trio.any)}'{ours.line.strip()}' against '{theirs.line.strip()}'",
                )
                return Line(trio, rows, [], [hunk])
            return Line(trio, rows, [], [ours.line if text == texts[1] else theirs.line])
        return Line(trio, rows, [], [wide[0].line])
    cells: list[str | None] = []
    for name, (b, o, t) in zip(names, columns, strict=True):
        mine, yours = _cell(ours, o), _cell(theirs, t)
        if mine is None or yours is None:
            cells.append(mine if yours is None else yours)
            cells[-1] = cells[-1] or ""
            continue
        settled = merge_value(name, _cell(base, b), mine, yours)
        cells.append(settled.value if settled else None)
    return Line(trio, rows, cells)


def _is_odd(row: Row, columns: Sequence[Column], side: int) -> bool:
    """Whether a row has more cells than its table has columns."""
    return len(row.cells) > sum(column[side] is not None for column in columns)


def _settle(
    names: Sequence[str], lines: Sequence[Line], tables: Sequence[Table | None], columns: Sequence[Column]
) -> None:
    """Sums and shares of the table, made again from the merged rows."""
    if not all(tables) or (
        not any("total" in name or "%" in name for name in names)
        and not any(_is_total(row) for line in lines for row in line.rows if row)
    ):
        return
    tallies = []
    for line in lines:
        if line.pieces is None:
            versions = tuple(
                [_cell(row, column[side]) or "" for column in columns] if row else None
                for side, row in enumerate(line.rows)
            )
            tally = Tally(
                line.cells, versions, any(_is_total(row) for row in line.rows if row), bool(line.trio.any.id)
            )
            tallies.append(tally)
    known = [
        [[_cell(row, column[side]) or "" for column in columns] for row in table.rows]
        for side, table in enumerate(tables)
        if table
    ]
    totals = [[_is_total(row) for row in table.rows] for table in tables if table]
    settle(names, tallies, known, totals)


def _is_total(row: Row) -> bool:
    return bool(row.cells) and plain(row.cells[0]).casefold().startswith(
        ("total", "grand total", "overall", "sum")
    )


def _layout(
    tables: Sequence[Table | None], columns: Sequence[Column], lines: Sequence[Line]
) -> Layout | None:
    """The common layout, where a formatter aligned one of the sides' tables."""
    layouts = [layout_of(table) if table else None for table in tables]
    if not any(layouts[1:]):
        return None
    cells = [[_name_as_written(tables, column) for column in columns]]
    for line in lines:
        for side in (1, 2):
            row = line.rows[side]
            if line.pieces is None:
                cells.append(
                    [
                        cell or _cell(row, column[side]) or ""
                        for cell, column in zip(line.cells, columns, strict=True)
                    ]
                )
            elif row:
                cells.append([_cell(row, column[side]) or "" for column in columns])
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


def _name_as_written(tables: Sequence[Table | None], column: Column) -> str:
    base, ours, theirs = (
        _cell(table.header, place) if table else None for table, place in zip(tables, column, strict=True)
    )
    return ours or theirs or "" if ours is None or theirs is None else steady(base, ours, theirs)


def _header(tables: Sequence[Table | None], columns: Sequence[Column], layout: Layout | None) -> str:
    cells = [_name_as_written(tables, column) for column in columns]
    if layout:
        return layout.row(cells)
    rows = [table.header if table else None for table in tables]
    return _as_written(rows, cells, columns)


def _dashes(tables: Sequence[Table | None], columns: Sequence[Column], layout: Layout | None) -> str:
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
        return [layout.row(cells) if layout else _as_written(line.rows, cells, columns)]
    sides, reasons = [], []
    for side in (1, 2):
        cells = [
            _cell(line.rows[side], column[side]) or "" if cell is None else cell
            for cell, column in zip(line.cells, columns, strict=True)
        ]
        sides.append(layout.row(cells) if layout else _as_written([line.rows[side]], cells, columns))
    for name, cell, column in zip(names, line.cells, columns, strict=True):
        if cell is None:
            mine, yours = (_cell(line.rows[side], column[side]) for side in (1, 2))
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
        return (layout.row([_cell(row, column[side]) or "" for column in columns]),)

    return Hunk(again(1, piece.ours), again(2, piece.theirs), piece.reason)


def _as_written(rows: Sequence[Row | None], cells: list[str], columns: Sequence[Column]) -> str:
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
