"""The merge of three Markdown texts: read, matched and written as trees, then checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from afterpush.conflicts.document.conflict_markers import answer
from afterpush.conflicts.document.lost_or_doubled import faults
from afterpush.conflicts.document.merge import Merge
from afterpush.conflicts.document.pieces import Hunk, Piece, hunks_in
from afterpush.conflicts.document.seen import seen_by
from afterpush.conflicts.document.unchanged import Shortened, shortened
from afterpush.conflicts.kinds.recount import recounted
from afterpush.conflicts.kinds.renumber import Renumbered, renumbered
from afterpush.conflicts.outcome import Merged, Style
from afterpush.infra.git.merge_file import merge_file
from afterpush.roadmap.source import DocumentLines, read_source
from afterpush.roadmap.tables import normal
from afterpush.roadmap.tree import read_tree

# A text that still fails its check after so many rounds is a conflict as a whole.
_ROUNDS = 4


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
    lines = [source.lines for source in sources]
    short, edges = shortened(*lines), merged_edges(sources)
    side = seen_by(*short.texts) if base else 0
    if side and sources[side].with_lines(()) == edges:
        return Merged((ours, theirs)[side - 1], True, resolved=("one side has everything of the other",))
    merged = _merged(short, renumber=renumber) or _merged(Shortened(lines), renumber=renumber)
    if isinstance(merged, Renumbered):
        again = merge_markdown(base, ours, sources[2].with_lines(merged.theirs).data, style)
        return replace(again, resolved=(*merged.said, *again.resolved))
    if merged is None or (not base and not hunks_in(merged.pieces)):
        return _refused(sources, edges, style, has_base=bool(base))
    pieces, counted = recounted(lines, merged.pieces)
    return answer(pieces, edges, [*merged.said, *counted], style)


@dataclass(frozen=True)
class _Written:
    """What became of three texts: lines and hunks, and sentences about what rules decided."""

    pieces: list[Piece]
    said: list[str]


def _merged(short: Shortened, *, renumber: bool) -> _Written | Renumbered | None:
    """The merge with its check; None where no conflict, however large, makes the text pass it."""
    merge = Merge(*(read_tree(text) for text in short.texts), is_hidden=short.has)
    if renumber and (changed := renumbered(merge.trios, short)):
        return changed
    for _ in range(_ROUNDS):
        pieces = merge.write()
        wrong = faults(short.texts, pieces, merge.excused, merge.moved)
        if not wrong:
            whole = _restored(pieces, short)
            return _Written(whole, merge.said) if whole else None
        doubted = [merge.doubt(line, why) for line, why in wrong]
        if not any(doubted):
            break
    return None


def _restored(pieces: Sequence[Piece], short: Shortened) -> list[Piece] | None:
    """The pieces with the stretches that all three share; None where one of them was touched."""
    if not short.stretches:
        return list(pieces)
    if any("\0" in line for hunk in hunks_in(pieces) for line in (*hunk.ours, *hunk.theirs)):
        return None
    lines = [piece if isinstance(piece, str) else f"\1{number}" for number, piece in enumerate(pieces)]
    restored = short.restored(lines)
    if restored is None:
        return None
    hunks = {f"\1{number}": piece for number, piece in enumerate(pieces) if isinstance(piece, Hunk)}
    return [hunks.get(line, line) for line in restored]


def _refused(
    sources: Sequence[DocumentLines], edges: DocumentLines, style: Style, *, has_base: bool
) -> Merged:
    """Both texts as git leaves them, never clean."""
    reason = (
        "the parts do not fit together" if has_base else "both sides added it, each with something of its own"
    )
    plain = merge_file(
        *(source.data for source in sources), labels=style.labels, marker_size=style.marker_size
    )
    if not plain.is_clean:
        return Merged(plain.text, False, (reason,))
    return answer([Hunk(sources[1].lines, sources[2].lines, reason)], edges, (), style)


def _larger(sources: Sequence[DocumentLines]) -> int | None:
    """Which of two texts (1 or 2) has every line of the other; None where neither has."""
    mine, yours = (Counter(filter(None, map(normal, source.lines))) for source in sources[1:])
    if mine <= yours:
        return 2
    return 1 if yours <= mine else None


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
