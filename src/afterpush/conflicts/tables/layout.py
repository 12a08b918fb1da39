"""How a table is laid out: aligned by a formatter, or written as it came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterpush.roadmap.tables import Table, display_width

_LEAST = 3


@dataclass(frozen=True)
class Layout:
    """The widths of the columns of an aligned table, and where their text is: left, right or center."""

    widths: tuple[int, ...]
    marks: tuple[str, ...]

    def row(self, cells: Sequence[str]) -> str:
        """One line with the cells padded to the widths."""
        padded = (
            _padded(cell, width, mark)
            for cell, width, mark in zip(cells, self.widths, self.marks, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    def delimiter(self) -> str:
        """The line of dashes."""
        dashes = (
            (":" if mark[0] == ":" else "-") + "-" * (width - 2) + (":" if mark[-1] == ":" else "-")
            for width, mark in zip(self.widths, self.marks, strict=True)
        )
        return "| " + " | ".join(dashes) + " |"


def _padded(text: str, width: int, mark: str) -> str:
    blanks = max(0, width - display_width(text))
    if mark == ":-:":
        return " " * (blanks // 2) + text + " " * (blanks - blanks // 2)
    return " " * blanks + text if mark == "--:" else text + " " * blanks


def marks_of(table: Table) -> tuple[str, ...]:
    """The alignment of each column, as `---`, `:--`, `--:` or `:-:`."""
    cells = [cell.strip() for cell in table.delimiter.strip().strip("|").split("|")]
    return tuple(
        (":-:" if cell[-1:] == ":" else ":--") if cell[:1] == ":" else ("--:" if cell[-1:] == ":" else "---")
        for cell in cells
    )


def layout_of(table: Table) -> Layout | None:
    """The layout of a table that a formatter aligned; None when its lines are not exactly so."""
    marks = marks_of(table)
    if len(marks) != len(table.columns):
        return None
    widths = tuple(display_width(cell) - 2 for cell in table.header.raw_cells)
    if any(width < _LEAST for width in widths):
        return None
    layout = Layout(widths, marks)
    rows = (table.header, *table.rows)
    if layout.delimiter() != table.delimiter or any(len(row.cells) != len(widths) for row in rows):
        return None
    needed = needed_widths((row.cells for row in rows), len(widths))
    is_held = all(need <= width for need, width in zip(needed, widths, strict=True))
    return layout if is_held and all(layout.row(row.cells) == row.line for row in rows) else None


def needed_widths(rows: Iterable[Sequence[str]], columns: int) -> tuple[int, ...]:
    """The least widths that hold every cell."""
    widths = [_LEAST] * columns
    for cells in rows:
        for place, cell in enumerate(cells):
            widths[place] = max(widths[place], display_width(cell))
    return tuple(widths)


def is_tight(table: Table, layout: Layout) -> bool:
    """Whether no column is wider than its cells need."""
    cells = [row.cells for row in (table.header, *table.rows)]
    return layout.widths == needed_widths(cells, len(layout.widths))
