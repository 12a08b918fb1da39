"""Merging a table: rows by their key, cells by their column, padding aside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.columns import Column, merged_columns
from afterpush.conflicts.layout import Layout, is_tight, layout_of, marks_of, needed_widths
from afterpush.conflicts.matching import match, words_alike
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces
from afterpush.conflicts.sequences import Clash, Firmness, Sequences, Step
from afterpush.conflicts.totals import Tally, settle
from afterpush.conflicts.values import merge_value, steady, three_way
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.ids import leading_id, leading_session
from afterpush.roadmap.tables import Row, Table, column_key, read_table


@dataclass(frozen=True, eq=False)
class Keyed:
    """A row with what tells it from others."""

    row: Row

    @cached_property
    def identity(self) -> str | None:
        """The session's or task's ID in its first cells."""
        for cell in self.row.cells[:2]:
            session = leading_session(cell)
            if session:
                return session
            task = leading_id(cell)
            if task:
                return task[0]
        return None

    @property
    def label(self) -> str:
        """What names the row to a reader."""
        return self.identity or (self.row.cells[0] if self.row.cells else "") or "a row"

    @cached_property
    def key(self) -> str:
        return self.identity or (column_key(self.row.cells[0]) if self.row.cells else "")

    @property
    def is_total(self) -> bool:
        """Whether the row sums up the others."""
        return self.identity is None and self.key.startswith(("total", "grand total", "overall", "sum"))

    @property
    def order(self) -> str:
        return "\0".join((self.key, *self.row.cells, self.row.line))


@dataclass
class Made:
    """A row of the merged table: its cells by column, None where both sides disagree."""

    cells: list[str | None]
    rows: tuple[Keyed | None, Keyed | None, Keyed | None]
    # The whole line of a row that has more or fewer cells than the table has columns.
    line: str | None = None


@dataclass(frozen=True)
class Pair:
    """Rows between markers."""

    ours: tuple[Keyed, ...]
    theirs: tuple[Keyed, ...]


def merge_tables(base: Lines | None, ours: Lines, theirs: Lines, ledger: Ledger) -> Pieces | None:
    """The merged table; None when the columns cannot be reconciled. Raises EntangledError."""
    tables = (read_table(base) if base else None, read_table(ours), read_table(theirs))
    columns = merged_columns(*tables)
    if columns is None:
        return None
    return _TableMerge(tables, columns, ledger).pieces()


def matched_rows(base: Sequence[Keyed], side: Sequence[Keyed]) -> dict[int, int]:
    """Which rows are the same: by all cells, by their key, by likeness where they have no ID."""
    return match(base, side, (lambda row: row.row.cells, lambda row: row.key or None), _likeness)


def _likeness(one: Keyed, other: Keyed) -> float:
    if one.identity or other.identity or one.row.is_placeholder or other.row.is_placeholder:
        return 0.0
    return words_alike(" ".join(one.row.cells).split(), " ".join(other.row.cells).split())


class _TableMerge:
    def __init__(
        self, tables: tuple[Table | None, Table, Table], columns: list[Column], ledger: Ledger
    ) -> None:
        self.tables, self.columns, self.ledger = tables, columns, ledger
        self.versions = tuple([Keyed(row) for row in table.rows] if table else [] for table in tables)
        self.names = [self._name(column) for column in columns]

    def _name(self, column: Column) -> str:
        return next(
            table.columns[place]
            for table, place in zip(self.tables, column, strict=True)
            if table and place is not None
        )

    def pieces(self) -> Pieces:
        made = list(self._rows())
        self._drop_placeholder(made)
        self._settle_totals([row for row in made if isinstance(row, Made)])
        return self._rendered(made)

    def _rows(self) -> Iterator[Made | Pair]:
        base, ours, theirs = self.versions
        ours_of, theirs_of = matched_rows(base, ours), matched_rows(base, theirs)
        new = [
            [place for place in range(len(side)) if place not in set(of.values())]
            for side, of in ((ours, ours_of), (theirs, theirs_of))
        ]
        pairs = match(
            [ours[place] for place in new[0]],
            [theirs[place] for place in new[1]],
            (lambda row: row.row.cells, lambda row: row.key or None),
            lambda one, other: 0.0,
        )
        both = {new[0][place]: new[1][other] for place, other in pairs.items()}
        sequences = Sequences(
            base, ours, theirs, ours_of, theirs_of, both,
            is_same=self._is_same, order=lambda row: row.order, firmness=_firmness,
            is_placeholder=lambda row: row.row.is_placeholder,
        )  # fmt: skip
        for step in sequences.arranged():
            yield self._clash(step) if isinstance(step, Clash) else self._step(step)

    def _is_same(self, base: Keyed, side: Keyed) -> bool:
        return base.row.cells == side.row.cells

    def _clash(self, clash: Clash[Keyed]) -> Pair:
        labels = " / ".join(row.label for row in (*clash.ours, *clash.theirs))
        self.ledger.refuse(labels, "both sides put different rows in one place")
        return Pair(clash.ours, clash.theirs)

    def _step(self, step: Step[Keyed]) -> Made | Pair:
        base, ours, theirs = step.base, step.ours, step.theirs
        known = ours or theirs
        assert known is not None
        if base is None and known.identity in self.ledger.collisions:
            return Pair((ours,) if ours else (), (theirs,) if theirs else ())
        if ours is None or theirs is None:
            if base is None:
                return self._kept(step)
            self.ledger.refuse(known.label, step.dispute)
            return Pair((ours,) if ours else (), (theirs,) if theirs else ())
        if not self._is_regular(step):
            return self._irregular(base, ours, theirs)
        return self._merged(base, ours, theirs)

    def _irregular(self, base: Keyed | None, ours: Keyed, theirs: Keyed) -> Made | Pair:
        """A row that does not fit the columns: only as a whole."""
        line = three_way(base.row.line if base else None, ours.row.line, theirs.row.line)
        if line is None and base and base.row.cells in (ours.row.cells, theirs.row.cells):
            line = theirs.row.line if base.row.cells == ours.row.cells else ours.row.line
        if line is None:
            self.ledger.refuse(ours.label, "both sides changed a row that has not one cell for each column")
            return Pair((ours,), (theirs,))
        return Made([""] * len(self.columns), (base, ours, theirs), line)

    def _is_regular(self, step: Step[Keyed]) -> bool:
        """Whether each version of the row has as many cells as its table has columns."""
        rows = zip((step.base, step.ours, step.theirs), self.tables, strict=True)
        return all(len(row.row.cells) == len(table.columns) for row, table in rows if row and table)

    def _kept(self, step: Step[Keyed]) -> Made:
        side = 1 if step.ours else 2
        row = step.ours or step.theirs
        assert row is not None
        if not self._is_regular(step):
            return Made([""] * len(self.columns), (None, step.ours, step.theirs), row.row.line)
        cells: list[str | None] = [self._cell(row, column[side]) or "" for column in self.columns]
        return Made(cells, (None, step.ours, step.theirs))

    def _cell(self, row: Keyed | None, place: int | None) -> str | None:
        return row.row.cells[place] if row and place is not None and place < len(row.row.cells) else None

    def _merged(self, base: Keyed | None, ours: Keyed, theirs: Keyed) -> Made:
        cells: list[str | None] = []
        for name, column in zip(self.names, self.columns, strict=True):
            said = [self._cell(row, place) for row, place in zip((base, ours, theirs), column, strict=True)]
            cells.append(self._merged_cell(ours, name, said))
        return Made(cells, (base, ours, theirs))

    def _merged_cell(self, row: Keyed, name: str, said: list[str | None]) -> str | None:
        before, mine, yours = said
        if mine is None or yours is None:
            return mine if yours is None else yours
        is_count = False if row.identity else (True if row.is_total else None)
        decision = merge_value(name, before, mine, yours, is_count=is_count)
        if decision is None:
            return None
        if decision.rule:
            self.ledger.decide(f"{row.label}, {name}", mine, yours, decision.value, decision.rule)
        return decision.value

    def _drop_placeholder(self, made: list[Made | Pair]) -> None:
        """A row that says "none" goes as soon as there is one, unless it always stood beside others."""
        before = self.versions[0]
        real = [row for row in made if isinstance(row, Pair) or not _placeholder(row)]
        stood_beside = any(row.row.is_placeholder for row in before) and not all(
            row.row.is_placeholder for row in before
        )
        if real and not stood_beside and len(real) < len(made):
            gone = [row for row in made if isinstance(row, Made) and _placeholder(row)]
            self.ledger.explain(*(row.row.line for some in gone for row in some.rows if row))
            made[:] = real

    def _settle_totals(self, made: list[Made]) -> None:
        tallies = [
            Tally(
                row.cells,
                tuple(
                    None
                    if known is None
                    else [self._cell(known, column[side]) or "" for column in self.columns]
                    for side, known in enumerate(row.rows)
                ),
                is_total=next(known for known in row.rows if known).is_total,
                is_identified=next(known for known in row.rows if known).identity is not None,
            )
            for row in made
        ]
        versions = [
            [[self._cell(row, column[side]) or "" for column in self.columns] for row in rows]
            for side, rows in enumerate(self.versions)
        ]
        totals = [[row.is_total for row in rows] for rows in self.versions]
        settle(self.names, tallies, versions, totals)

    def _rendered(self, made: list[Made | Pair]) -> Pieces:
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
            said = [self._cell(made.rows[side], self.columns[place][side]) or "" for side in (1, 2)]
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
            return _plain_line(cells, made.rows[0].row.line if made.rows[0] else max(lines))
        self.ledger.explain(*lines)
        return known

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
        return layout.row([self._cell(row, column[side]) or "" for column in self.columns])

    def _layout(self, made: list[Made | Pair]) -> Layout | None:
        """The common layout, where a formatter aligned one of the sides' tables."""
        layouts = [layout_of(table) for table in self.tables[1:] if table]
        if not any(layouts) or any(None in column[1:] for column in self.columns):
            return None
        widths = needed_widths([self._header_cells(), *self._all_cells(made)], len(self.columns))
        for table, layout, side in zip(self.tables[1:], layouts, (1, 2), strict=True):
            if table and layout and not is_tight(table, layout):
                given = [layout.widths[column[side] or 0] for column in self.columns]
                widths = tuple(map(max, widths, given))
        return Layout(widths, self._marks())

    def _all_cells(self, made: list[Made | Pair]) -> Iterator[list[str]]:
        """The cells of every row that will stand in the table, also between markers."""
        for row in made:
            if isinstance(row, Pair):
                for side, some in ((1, row.ours), (2, row.theirs)):
                    for known in some:
                        yield [self._cell(known, column[side]) or "" for column in self.columns]
            else:
                for side in (1, 2):
                    said = (self._cell(row.rows[side], column[side]) or "" for column in self.columns)
                    yield [
                        other if cell is None else cell for cell, other in zip(row.cells, said, strict=True)
                    ]

    def _marks(self) -> tuple[str, ...]:
        base, ours, theirs = (marks_of(table) if table else None for table in self.tables)
        mine, yours = ",".join(ours or ()), ",".join(theirs or ())
        return tuple(steady(",".join(base) if base else None, mine, yours).split(","))

    def _header(self, layout: Layout | None) -> str:
        base, ours, theirs = (Keyed(table.header) if table else None for table in self.tables)
        cells = self._header_cells()
        return self._made_line(Made(list(cells), (base, ours, theirs)), cells, layout)

    def _header_cells(self) -> list[str]:
        base, ours, theirs = (Keyed(table.header) if table else None for table in self.tables)
        return [
            steady(self._cell(base, b), self._cell(ours, o) or "", self._cell(theirs, t) or "")
            if o is not None and t is not None
            else (self._cell(ours, o) or self._cell(theirs, t) or "")
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


def _firmness(row: Keyed) -> Firmness:
    return Firmness.IDENTIFIED if row.identity or row.row.is_placeholder else Firmness.NAMED


def _placeholder(made: Made) -> bool:
    return all(row.row.is_placeholder for row in made.rows if row)


def _plain_line(cells: list[str], line: str) -> str:
    """The cells as one line, with the outer pipes and the indentation that another line has."""
    start = "| " if line.lstrip().startswith("|") else ""
    end = " |" if line.rstrip().endswith("|") else ""
    indent = line[: len(line) - len(line.lstrip())]
    return indent + start + " | ".join(cells) + end
