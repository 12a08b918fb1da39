"""Merging a table: rows by their key, cells by their column, padding aside."""

from collections.abc import Iterator

from afterpush.conflicts.columns import Column, merged_columns
from afterpush.conflicts.matching import match
from afterpush.conflicts.pieces import Ledger, Pieces
from afterpush.conflicts.rows import Keyed, Made, Pair, cell_of, firmness_of, is_placeholder, matched_rows
from afterpush.conflicts.sequences import Clash, Sequences, Step
from afterpush.conflicts.table_writer import TableWriter
from afterpush.conflicts.totals import Tally, settle
from afterpush.conflicts.values import merge_value, three_way
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.tables import Table, read_table


def merge_tables(base: Lines | None, ours: Lines, theirs: Lines, ledger: Ledger) -> Pieces | None:
    """The merged table; None when the columns cannot be reconciled. Raises EntangledError."""
    tables = (read_table(base) if base else None, read_table(ours), read_table(theirs))
    columns = merged_columns(*tables)
    if columns is None:
        return None
    return _TableMerge(tables, columns, ledger).pieces()


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
        return TableWriter(self.tables, self.columns, self.names, self.ledger).pieces(made)

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
            is_same=self._is_same, order=lambda row: row.order, firmness=firmness_of,
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
        cells: list[str | None] = [cell_of(row, column[side]) or "" for column in self.columns]
        return Made(cells, (None, step.ours, step.theirs))

    def _merged(self, base: Keyed | None, ours: Keyed, theirs: Keyed) -> Made:
        cells: list[str | None] = []
        for name, column in zip(self.names, self.columns, strict=True):
            said = [cell_of(row, place) for row, place in zip((base, ours, theirs), column, strict=True)]
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
        real = [row for row in made if isinstance(row, Pair) or not is_placeholder(row)]
        stood_beside = any(row.row.is_placeholder for row in before) and not all(
            row.row.is_placeholder for row in before
        )
        if real and not stood_beside and len(real) < len(made):
            gone = [row for row in made if isinstance(row, Made) and is_placeholder(row)]
            self.ledger.explain(*(row.row.line for some in gone for row in some.rows if row))
            made[:] = real

    def _settle_totals(self, made: list[Made]) -> None:
        tallies = [
            Tally(
                row.cells,
                tuple(
                    None if known is None else [cell_of(known, column[side]) or "" for column in self.columns]
                    for side, known in enumerate(row.rows)
                ),
                is_total=next(known for known in row.rows if known).is_total,
                is_identified=next(known for known in row.rows if known).identity is not None,
            )
            for row in made
        ]
        versions = [
            [[cell_of(row, column[side]) or "" for column in self.columns] for row in rows]
            for side, rows in enumerate(self.versions)
        ]
        totals = [[row.is_total for row in rows] for rows in self.versions]
        settle(self.names, tallies, versions, totals)
