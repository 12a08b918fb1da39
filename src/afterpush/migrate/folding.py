"""Reading many statements into one schema."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterpush.migrate.changes import Folding
from afterpush.migrate.dynamic import resolved
from afterpush.migrate.reading import Reading, Sort, read
from afterpush.migrate.statements import Statement


@dataclass(frozen=True)
class Folded:
    """Statements, each read, and the schema that they make together."""

    readings: tuple[Reading, ...]
    folding: Folding

    def of(self, sort: Sort) -> list[Reading]:
        return [reading for reading in self.readings if reading.sort is sort]


def fold(statements: Sequence[Statement], before: Iterable[Reading] = ()) -> Folded:
    """Reads the statements in order; `before` is what others made first, and is not in the readings."""
    readings = tuple(map(read, resolved(statements)))
    folding = Folding()
    for reading in (*before, *readings):
        for change in reading.changes:
            change(folding)
    return Folded(readings, folding)
