"""The merged text in the making: lines, hunks that are left to the reader, and what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from afterpush.roadmap.blocks import Lines


@dataclass(frozen=True)
class Hunk:
    """Two versions of a place between markers.

    `is_structural` tells that only the place is in doubt (an edit against a deletion, two insertions), not
    a value: then plain git, where it finds no overlap, may know better.
    """

    ours: Lines
    theirs: Lines
    is_structural: bool = False
    # Two different things: what their texts have in common stays on both sides.
    is_whole: bool = False


class Side(Enum):
    """Whose version something is."""

    OURS = "ours"
    THEIRS = "theirs"

    def hunk(self, lines: Lines) -> Hunk:
        """Lines that only this side has, between markers."""
        return Hunk(lines, ()) if self is Side.OURS else Hunk((), lines)


Piece = str | Hunk
Pieces = list[Piece]


@dataclass
class Ledger:
    """What a merge decided on its way, and why."""

    reasons: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # Lines that a rule made a new one of: they need not come back as they were.
    explained: set[str] = field(default_factory=set)
    # IDs whose additions stay apart: given to two different tasks, or moved to two different places.
    collisions: frozenset[str] = frozenset()
    # The headings above the place that is being merged.
    place: list[str] = field(default_factory=list)

    def where(self, what: str) -> str:
        """A place for a sentence: the nearest heading, and what stands there."""
        return f"{self.place[-1]}: {what}" if self.place else what

    def decide(self, what: str, ours: str, theirs: str, taken: str, rule: str) -> None:
        """Notes that a rule chose or made `taken` of two values."""
        self.resolved.append(
            f"{self.where(what)}: {_shown(ours)} and {_shown(theirs)} became {_shown(taken)} ({rule})"
        )

    def refuse(self, what: str, why: str) -> None:
        """Notes why something is left between markers."""
        self.reasons.append(f"{self.where(what)}: {why}")

    def explain(self, *lines: str) -> None:
        """Notes that these lines were made into others by a rule."""
        self.explained.update(lines)


def _shown(value: str) -> str:
    text = " ".join(value.split())
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def hunks_of(pieces: Iterable[Piece]) -> list[Hunk]:
    """What is left to the reader."""
    return [piece for piece in pieces if isinstance(piece, Hunk)]


def joined(pieces: Iterable[Piece]) -> Pieces:
    """The same pieces with neighbouring hunks as one, and hunks without what both their sides begin with."""
    result: Pieces = []
    for piece in pieces:
        if isinstance(piece, str):
            result.append(piece)
            continue
        if result and isinstance(result[-1], Hunk):
            last = result.pop()
            assert isinstance(last, Hunk)
            piece = Hunk(
                last.ours + piece.ours,
                last.theirs + piece.theirs,
                last.is_structural and piece.is_structural,
                last.is_whole or piece.is_whole,
            )
        result.append(piece)
    return [line for piece in result for line in _trimmed(piece)]


def _trimmed(piece: Piece) -> Pieces:
    """Without the lines that both sides of a hunk begin or end with."""
    if isinstance(piece, str) or piece.is_whole:
        return [piece]
    ours, theirs = piece.ours, piece.theirs
    start = 0
    while start < min(len(ours), len(theirs)) and ours[start] == theirs[start]:
        start += 1
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    middle = Hunk(ours[start : len(ours) - end], theirs[start : len(theirs) - end], piece.is_structural)
    rest: Pieces = [middle] if middle.ours or middle.theirs else []
    return [*ours[:start], *rest, *ours[len(ours) - end :]]


def rendered(pieces: Sequence[Piece], labels: Sequence[str], marker_size: int) -> Lines:
    """The lines of the text, with markers around what is left to the reader."""
    lines: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            lines.append(piece)
        else:
            lines += [f"{'<' * marker_size} {labels[0]}".rstrip(), *piece.ours, "=" * marker_size]
            lines += [*piece.theirs, f"{'>' * marker_size} {labels[-1]}".rstrip()]
    return tuple(lines)
