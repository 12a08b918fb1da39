"""The rows of a table that is being merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.matching import match, words_alike
from afterpush.conflicts.sequences import Firmness
from afterpush.roadmap.ids import leading_id, leading_session
from afterpush.roadmap.tables import Row, column_key


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


def cell_of(row: Keyed | None, place: int | None) -> str | None:
    """What a row says in a column, as far as it has both."""
    return row.row.cells[place] if row and place is not None and place < len(row.row.cells) else None


def matched_rows(base: Sequence[Keyed], side: Sequence[Keyed]) -> dict[int, int]:
    """Which rows are the same: by all cells, by their key, by likeness where they have no ID."""
    return match(base, side, (lambda row: row.row.cells, lambda row: row.key or None), _likeness)


def _likeness(one: Keyed, other: Keyed) -> float:
    if one.identity or other.identity or one.row.is_placeholder or other.row.is_placeholder:
        return 0.0
    return words_alike(" ".join(one.row.cells).split(), " ".join(other.row.cells).split())


def firmness_of(row: Keyed) -> Firmness:
    """How surely an added row is one of its own."""
    return Firmness.IDENTIFIED if row.identity or row.row.is_placeholder else Firmness.NAMED


def is_placeholder(made: Made) -> bool:
    """Whether a merged row only says that there is none."""
    return all(row.row.is_placeholder for row in made.rows if row)
