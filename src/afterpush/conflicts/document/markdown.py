"""The merge of three Markdown texts: read, matched and written as trees, then checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from afterpush.conflicts.document.check import faults
from afterpush.conflicts.document.headings import Heading
from afterpush.conflicts.document.merge import Merge
from afterpush.conflicts.document.nodes import Lines
from afterpush.conflicts.document.own_text import Hunk, Piece
from afterpush.conflicts.document.read import Document, bodies_of, read_tree
from afterpush.conflicts.kinds.keys import normal
from afterpush.conflicts.kinds.recount import recounted
from afterpush.conflicts.kinds.renumber import renumbered
from afterpush.conflicts.outcome import Merged, Style
from afterpush.infra.git.merge_file import merge_file
from afterpush.roadmap.source import DocumentLines, read_source

# A text that still fails its check after so many rounds is a conflict as a whole.
_ROUNDS = 4
Parts = list[tuple[Heading | None, Lines]]


def merge_markdown(
    base: bytes, ours: bytes, theirs: bytes, style: Style, *, renumber: bool = False
) -> Merged:
    """The merge of three texts that all differ; `base` is empty for a file that both sides added.

    With `renumber`, theirs of two things with one new ID gets a free one first.
    """
    sources = comparable([read_source(text) for text in (base, ours, theirs)])
    if not base and (larger := _larger(sources)) is not None:
        why = "one side has everything of the other"
        return Merged((ours, theirs)[larger - 1], True, resolved=(why,))
    merge = Merge(*_read(sources))
    if renumber and (changed := renumbered(merge.trios, sources)):
        merged = merge_markdown(base, ours, changed[0].data, style)
        return replace(merged, resolved=(*changed[1], *merged.resolved))
    edges = merged_edges(sources)
    for _ in range(_ROUNDS):
        pieces = merge.write()
        wrong = faults([source.lines for source in sources], pieces, merge.excused, merge.moved)
        if not wrong:
            if not base and not _hunks(pieces):
                break
            said: list[str] = []
            if not _hunks(pieces):
                counted, said = recounted([source.lines for source in sources], list(map(str, pieces)))
                pieces = [*counted]
            return answer(pieces, edges, (*merge.said, *said), style)
        doubted = [merge.doubt(line, why) for line, why in wrong]
        if not any(doubted):
            break
    reason = (
        "both sides added it, each with something of its own"
        if not base
        else f"{wrong[0][1]}: '{wrong[0][0]}'"
    )
    plain = merge_file(base, ours, theirs, labels=style.labels, marker_size=style.marker_size)
    if plain.is_clean:
        whole = Hunk(sources[1].lines, sources[2].lines, reason)
        return answer([whole], edges, (), style)
    return Merged(plain.text, False, (reason,))


def _larger(sources: Sequence[DocumentLines]) -> int | None:
    """Which of two texts (1 or 2) has every line of the other; None where neither has."""
    mine, yours = (Counter(filter(None, map(normal, source.lines))) for source in sources[1:])
    if mine <= yours:
        return 2
    return 1 if yours <= mine else None


def _read(sources: Sequence[DocumentLines]) -> list[Document]:
    """The three trees; what stands once in each below the same heading stays unread."""
    parts = [bodies_of(source.lines) for source in sources]
    known = [_single_bodies(source, some) for source, some in zip(sources, parts, strict=True)]
    same = {body for _, body in known[0] & known[1] & known[2]}
    return [read_tree(source.lines, some, same) for source, some in zip(sources, parts, strict=True)]


def _single_bodies(source: DocumentLines, parts: Parts) -> set[tuple[Lines, Lines]]:
    counts = Counter(body for _, body in parts)
    return {
        (source.lines[heading.start : heading.end], body)
        for heading, body in parts
        if heading and len(body) > 3 and counts[body] == 1
    }


def comparable(sources: Sequence[DocumentLines]) -> list[DocumentLines]:
    """The same texts with line ends that compare: where one mixes them, every CR belongs to its line."""
    if not any(source.newline == "\n" and any(map(_ends_in_cr, source.lines)) for source in sources):
        return list(sources)
    return [source if source.newline == "\n" else _with_own_ends(source) for source in sources]


def _ends_in_cr(line: str) -> bool:
    return line.endswith("\r")


def _with_own_ends(source: DocumentLines) -> DocumentLines:
    ended = len(source.lines) if source.has_final_newline else len(source.lines) - 1
    lines = tuple(line + "\r" if place < ended else line for place, line in enumerate(source.lines))
    return replace(source, lines=lines, newline="\n")


def merged_edges(sources: Sequence[DocumentLines]) -> DocumentLines:
    """An empty text with the merged line ends, byte order mark and final newline."""
    base, ours, theirs = sources
    return DocumentLines(
        (),
        theirs.newline if ours.newline == base.newline else ours.newline,
        theirs.has_bom if ours.has_bom == base.has_bom else ours.has_bom,
        (theirs if ours.has_final_newline == base.has_final_newline else ours).has_final_newline,
    )


def answer(pieces: Sequence[Piece], edges: DocumentLines, said: Sequence[str], style: Style) -> Merged:
    """The merged bytes, with markers where there are hunks."""
    lines = rendered(pieces, style)
    ends = bool(lines) and (edges.has_final_newline or isinstance(pieces[-1], Hunk))
    reasons = tuple(dict.fromkeys(hunk.reason for hunk in _hunks(pieces)))
    source = replace(edges, lines=tuple(lines), has_final_newline=ends)
    return Merged(source.data, not _hunks(pieces), reasons, resolved=tuple(dict.fromkeys(said)))


def rendered(pieces: Sequence[Piece], style: Style) -> list[str]:
    """The lines with markers around what is in conflict; the reason stands behind the first marker."""
    size, lines = style.marker_size, []
    for piece in pieces:
        if isinstance(piece, str):
            lines.append(piece)
        else:
            reason = f" ({piece.reason})" if piece.reason else ""
            lines += [f"{'<' * size} {style.labels[0]}{reason}", *piece.ours]
            lines += ["=" * size, *piece.theirs, f"{'>' * size} {style.labels[-1]}"]
    return lines


def _hunks(pieces: Sequence[Piece]) -> list[Hunk]:
    return [piece for piece in pieces if isinstance(piece, Hunk)]
