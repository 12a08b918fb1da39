"""The merged text as bytes, with conflict markers around what is for a person to decide."""

from collections.abc import Sequence
from dataclasses import replace

from afterpush.conflicts.document.pieces import Hunk, Piece, hunks_in
from afterpush.conflicts.outcome import Merged, Style
from afterpush.roadmap.source import DocumentLines


def answer(pieces: Sequence[Piece], edges: DocumentLines, said: Sequence[str], style: Style) -> Merged:
    """The merged bytes, with markers where there are hunks."""
    lines, hunks = _marked(pieces, style), hunks_in(pieces)
    ends = bool(lines) and (edges.has_final_newline or isinstance(pieces[-1], Hunk))
    reasons = tuple(dict.fromkeys(hunk.reason for hunk in hunks))
    source = replace(edges, lines=tuple(lines), has_final_newline=ends)
    return Merged(source.data, not hunks, reasons, resolved=tuple(dict.fromkeys(said)))


def _marked(pieces: Sequence[Piece], style: Style) -> list[str]:
    """The lines with markers around what is in conflict; the reason is behind the first marker."""
    size, lines = style.marker_size, []
    for piece in pieces:
        if isinstance(piece, str):
            lines.append(piece)
        else:
            reason = f" ({piece.reason})" if piece.reason else ""
            lines += [f"{'<' * size} {style.labels[0]}{reason}", *piece.ours]
            lines += ["=" * size, *piece.theirs, f"{'>' * size} {style.labels[-1]}"]
    return lines
