"""What a merged text is written of: lines, and hunks that a person has to decide."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.roadmap.nodes import Lines


@dataclass(frozen=True)
class Hunk:
    """What stays between markers: the lines of both sides, and why."""

    ours: Lines
    theirs: Lines
    reason: str = ""


Piece = str | Hunk


def hunks_in(pieces: Sequence[Piece]) -> list[Hunk]:
    """What a person has to decide of it."""
    return [piece for piece in pieces if isinstance(piece, Hunk)]


# For lines that a rule wrote, what it decided.
Said = list[str]


def brief(text: str) -> str:
    return text if len(text) <= 70 else text[:67] + "..."
