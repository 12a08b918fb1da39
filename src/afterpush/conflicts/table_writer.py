"""Writing a merged table down: aligned where a side's is, else each row as it came."""

from collections.abc import Iterable, Iterator

from afterpush.conflicts.columns import Column
from afterpush.conflicts.layout import Layout, is_tight, layout_of, marks_of, needed_widths
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces
from afterpush.conflicts.rows import Keyed, Made, Pair, cell_of
from afterpush.conflicts.values import steady
from afterpush.roadmap.tables import Table, display_width, normal

Tables = tuple[Table | None, Table, Table]


class TableWriter:
    """Knows the three tables and the columns of the merged one with their names."""

    def __init__(self, tables: Tables, columns: list[Column], names: list[str], ledger: Ledger) -> None:
        self.tables, self.columns, self.names, self.ledger = tables, columns, names, ledger

    def pieces(self, made: list[Made | Pair]) -> Pieces:
        """Header, dashes and rows, with hunks for what is in doubt."""
        layout = self._layout(made)
        pieces: Pieces = [self._header(layout), self._delimiter(layout)]
        for row in made:
            if isinstance(row, Pair):
                pieces.append(
                    Hunk(
                        tuple(self._line(known, 1, layout) for known in row.ours),
                        tuple(self._line(known, 2, layout) for known in row.theirs),
                        is_structural=not any(
                            known.identity in self.ledger.collisions for known in (*row.ours, *row.theirs)
                        ),
                    )
                )
            elif None in row.cells:
                pieces.append(self._disagreement(row, layout))
            else:
                pieces.append(self._made_line(row, [cell or "" for cell in row.cells], layout))
        return pieces

    def _disagreement(self, made: Made, layout: Layout | None) -> Hunk:
        sides: list[list[str]] = [[], []]
        for place, cell in enumerate(made.cells):
            said = [cell_of(made.rows[side], self.columns[place][side]) or "" for side in (1, 2)]
            for side, cells in enumerate(sides):
                cells.append(said[side] if cell is None else cell)
            if cell is None:
                label = made.rows[1].label if made.rows[1] else ""
                self.ledger.refuse(f"{label}, {self.names[place]}", f"'{said[0]}' against '{said[1]}'")
        return Hunk((self._made_line(made, sides[0], layout),), (self._made_line(made, sides[1], layout),))

    def _made_line(self, made: Made, cells: list[str], layout: Layout | None) -> str:
        lines = [row.row.line for row in made.rows if row]
        if made.line is not None:
            return made.line
        if layout:
            self.ledger.explain(*lines)
            return layout.row(cells)
        candidates = [
            row.row.line if row and self._is_like(side, row, cells) else None
            for side, row in enumerate(made.rows)
        ]
        if candidates[1] is not None and candidates[2] is not None:
            return steady(candidates[0], candidates[1], candidates[2])
        known = candidates[1] or candidates[2]
        if known is None:
            self.ledger.explain(*lines)
            padded = [self._padded(made, place, cell) for place, cell in enumerate(cells)]
            return _plain_line(padded, made.rows[0].row.line if made.rows[0] else max(lines))
        self.ledger.explain(*lines)
        return known

    def _padded(self, made: Made, place: int, cell: str) -> str:
        """A cell with the blanks that it has on a side; a new value in the width of what it replaces."""
        raw = [
            text
            for row, at in zip(made.rows, self.columns[place], strict=True)
            if row and at is not None and at < len(row.row.raw_cells) and (text := row.row.raw_cells[at])
        ]
        same = [text for text in raw if normal(text) == cell]
        width = max(map(display_width, raw), default=0)
        return max(same, key=lambda text: (len(text), text)) if same else _filled(cell, width)

    def _is_like(self, side: int, row: Keyed, cells: list[str]) -> bool:
        table = self.tables[side]
        return (
            table is not None
            and list(row.row.cells) == cells
            and [column[side] for column in self.columns] == list(range(len(table.columns)))
        )

    def _line(self, row: Keyed, side: int, layout: Layout | None) -> str:
        if layout is None:
            return row.row.line
        return layout.row([cell_of(row, column[side]) or "" for column in self.columns])

    def _layout(self, made: list[Made | Pair]) -> Layout | None:
        """The common layout, where a formatter aligned one of the sides' tables."""
        layouts = [layout_of(table) for table in self.tables[1:] if table]
        if not any(layouts):
            return None
        widths = needed_widths([self._header_cells(), *self._all_cells(made)], len(self.columns))
        for table, layout, side in zip(self.tables[1:], layouts, (1, 2), strict=True):
            if table and layout and not is_tight(table, layout):
                places = [column[side] for column in self.columns]
                given = [0 if place is None else layout.widths[place] for place in places]
                widths = tuple(map(max, widths, given))
        return Layout(widths, self._marks())

    def _all_cells(self, made: list[Made | Pair]) -> Iterator[list[str]]:
        """The cells of every row that will stand in the table, also between markers."""
        for row in made:
            if isinstance(row, Pair):
                for side, some in ((1, row.ours), (2, row.theirs)):
                    for known in some:
                        yield [cell_of(known, column[side]) or "" for column in self.columns]
            else:
                for side in (1, 2):
                    said = (cell_of(row.rows[side], column[side]) or "" for column in self.columns)
                    yield [
                        other if cell is None else cell for cell, other in zip(row.cells, said, strict=True)
                    ]

    def _marks(self) -> tuple[str, ...]:
        tables = [marks_of(table) if table else () for table in self.tables]
        return tuple(
            _steady_mark(
                marks[place] if place is not None and place < len(marks) else None
                for marks, place in zip(tables, column, strict=True)
            )
            for column in self.columns
        )

    def _header(self, layout: Layout | None) -> str:
        base, ours, theirs = (Keyed(table.header) if table else None for table in self.tables)
        cells = self._header_cells()
        return self._made_line(Made(list(cells), (base, ours, theirs)), cells, layout)

    def _header_cells(self) -> list[str]:
        base, ours, theirs = (Keyed(table.header) if table else None for table in self.tables)
        return [
            steady(cell_of(base, b), cell_of(ours, o) or "", cell_of(theirs, t) or "")
            if o is not None and t is not None
            else (cell_of(ours, o) or cell_of(theirs, t) or "")
            for b, o, t in self.columns
        ]

    def _delimiter(self, layout: Layout | None) -> str:
        if layout:
            return layout.delimiter()
        lines = [
            table.delimiter
            if table and [column[side] for column in self.columns] == list(range(len(table.columns)))
            else None
            for side, table in enumerate(self.tables)
        ]
        if lines[1] is not None and lines[2] is not None:
            return steady(lines[0], lines[1], lines[2])
        known = lines[1] or lines[2]
        return known or "| " + " | ".join("---" for _ in self.columns) + " |"


def _steady_mark(versions: Iterable[str | None]) -> str:
    base, ours, theirs = versions
    if ours is None or theirs is None:
        return ours or theirs or "---"
    return steady(base, ours, theirs)


def _filled(cell: str, width: int) -> str:
    return f" {cell} ".ljust(width - display_width(cell) + len(cell))


def _plain_line(cells: list[str], line: str) -> str:
    """The padded cells as one line, with the outer pipes and the indentation that another line has."""
    indent = line[: len(line) - len(line.lstrip())]
    text = "|".join(cells)
    start = "|" if line.lstrip().startswith("|") else ""
    return indent + start + (f"{text}|" if line.rstrip().endswith("|") else text.rstrip())
