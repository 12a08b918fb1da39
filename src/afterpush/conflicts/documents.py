"""The merge of a whole task document, registry or session file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from afterpush.conflicts.checks import lost_lines, revived_lines
from afterpush.conflicts.collisions import Collision, collisions, renumbered
from afterpush.conflicts.lists import steady_gap
from afterpush.conflicts.moves import Version, with_moves
from afterpush.conflicts.outcome import Merged
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces, hunks_of, joined, rendered
from afterpush.conflicts.prose import essence
from afterpush.conflicts.recount import recounted
from afterpush.conflicts.sections import merge_outlines
from afterpush.infra.git.merge_file import merge_file
from afterpush.roadmap import Document
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.outline import Outline, outline_of
from afterpush.roadmap.source import DocumentLines, read_source


class CheckFailedError(Exception):
    """The merged text does not hold what it must: a bug of ours, for which plain git steps in."""


@dataclass(frozen=True)
class Style:
    """How a merged text is written down."""

    labels: Sequence[str]
    marker_size: int


def merge_by_meaning(
    base: bytes, ours: bytes, theirs: bytes, *, is_roadmap: bool, renumber: bool, style: Style
) -> Merged:
    """The three-way merge of texts that all differ. Raises CheckFailedError."""
    sources = _comparable([read_source(data) for data in (base, ours, theirs)])
    edges = _edges(sources)
    ledger = Ledger()
    documents = [_document(source.lines) for source in sources]
    if is_roadmap:
        documents[2] = _without_collisions(documents, ledger, renumber=renumber)
    lines = [document.outline.source.lines for document in documents]
    pieces = joined(_pieces(_with_moves(documents, ledger), ledger))
    if not is_roadmap:
        _warn_of_claims(documents, ledger)
    if hunks_of(pieces):
        return _unclean(pieces, lines, (base, ours, theirs), edges, ledger, style)
    merged = tuple(piece for piece in pieces if isinstance(piece, str))
    _check(lines, merged, ledger)
    merged, said = recounted([document.root for document in documents], merged)
    ledger.resolved += said
    return _answer(merged, edges, ledger, is_clean=True)


def _comparable(sources: Sequence[DocumentLines]) -> list[DocumentLines]:
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


def _edges(sources: Sequence[DocumentLines]) -> DocumentLines:
    """An empty text with the merged line ends, byte order mark and final newline."""
    base, ours, theirs = sources
    return DocumentLines(
        (),
        theirs.newline if ours.newline == base.newline else ours.newline,
        theirs.has_bom if ours.has_bom == base.has_bom else ours.has_bom,
        theirs.has_final_newline
        if ours.has_final_newline == base.has_final_newline
        else ours.has_final_newline,
    )


def _document(lines: Lines) -> Document:
    root, tail = outline_of(lines)
    return Document("", Outline(DocumentLines(lines), root, tail))


def _pieces(documents: Sequence[Document], ledger: Ledger) -> Pieces:
    base, ours, theirs = (document.outline for document in documents)
    pieces = merge_outlines(base.root, ours.root, theirs.root, ledger)
    return pieces + list(steady_gap(base.tail, ours.tail, theirs.tail))


def _with_moves(documents: Sequence[Document], ledger: Ledger) -> Sequence[Document]:
    """The documents with each moved row where its mover put it; notes what both sides moved apart."""
    base, ours, theirs = (Version(known.root, known.outline.source.lines) for known in documents)
    moves = with_moves(base, ours, theirs)
    ledger.collisions |= moves.torn.keys()
    ledger.reasons += [f"{known}: {why}" for known, why in moves.torn.items()]
    return [
        known if lines is known.outline.source.lines else _document(lines)
        for known, lines in zip(documents, moves.lines, strict=True)
    ]


def _without_collisions(documents: Sequence[Document], ledger: Ledger, *, renumber: bool) -> Document:
    """Theirs, with new IDs where asked; else notes what has to stay between markers."""
    found = collisions(*documents)
    if renumber and found:
        base, ours, theirs = (document.outline.source.lines for document in documents)
        changed, names = renumbered(base, ours, theirs, found)
        ledger.resolved += [
            f"{collision.id}: two tasks had this new ID; '{collision.theirs}' is now {names[collision.id]}"
            for collision in found
        ]
        return _document(changed)
    ledger.collisions = frozenset(collision.id for collision in found)
    ledger.reasons += map(collision_reason, found)
    return documents[2]


def collision_reason(collision: Collision) -> str:
    """Why two tasks with one new ID are refused, and what to do."""
    return (
        f"{collision.id}: both sides gave this new ID to different tasks ('{collision.ours}' and "
        f"'{collision.theirs}'); give one of them another number, or merge with --renumber"
    )


def _warn_of_claims(documents: Sequence[Document], ledger: Ledger) -> None:
    """Two live sessions on one task are both kept, and named."""
    before = {session.id for session in documents[0].sessions()}
    mine, yours = (
        {
            task: session.id
            for session in document.sessions()
            if session.id not in before and not session.is_over
            for task in session.tasks
        }
        for document in documents[1:]
    )
    ledger.warnings += [
        f"{task}: two sessions work on it, {mine[task]} and {yours[task]}"
        for task in mine
        if task in yours and mine[task] != yours[task]
    ]


def _check(lines: Sequence[Lines], merged: Lines, ledger: Ledger) -> None:
    lost = lost_lines(lines[0], lines[1], lines[2], merged, ledger.explained)
    revived = revived_lines(lines[0], lines[1], lines[2], merged, ledger.explained)
    if lost or revived:
        what, line = ("lost", lost[0]) if lost else ("repeated", revived[0])
        raise CheckFailedError(f"{what} the line '{line}'")


def _unclean(
    pieces: Pieces,
    lines: Sequence[Lines],
    texts: tuple[bytes, bytes, bytes],
    edges: DocumentLines,
    ledger: Ledger,
    style: Style,
) -> Merged:
    """Markers around what is in doubt; where only places are, and plain git finds no overlap, git's text."""
    hunks = hunks_of(pieces)
    everything = tuple(
        line
        for piece in pieces
        for line in ((piece,) if isinstance(piece, str) else (*piece.ours, *piece.theirs))
    )
    lost = lost_lines(lines[0], lines[1], lines[2], everything, ledger.explained)
    if lost:
        raise CheckFailedError(f"lost the line '{lost[0]}'")
    if all(hunk.is_structural for hunk in hunks):
        plain = merge_file(*texts)
        if plain.is_clean and _is_sound(lines, essence(read_source(plain.text).lines)):
            said = "the lines do not overlap: merged as plain git does"
            return Merged(plain.text, True, (), tuple(ledger.warnings), (*ledger.resolved, said))
    if isinstance(pieces[-1], Hunk):
        edges = replace(edges, has_final_newline=True)
    merged = rendered(pieces, style.labels, style.marker_size)
    return _answer(merged, edges, ledger, is_clean=False)


def _is_sound(lines: Sequence[Lines], merged: Lines) -> bool:
    """Whether git's text lacks nothing and brings nothing back."""
    return not (
        lost_lines(lines[0], lines[1], lines[2], merged, set())
        or revived_lines(lines[0], lines[1], lines[2], merged, set(), are_moved_too=True)
    )


def _answer(lines: Lines, edges: DocumentLines, ledger: Ledger, *, is_clean: bool) -> Merged:
    source = replace(edges, lines=lines, has_final_newline=edges.has_final_newline and bool(lines))
    return Merged(
        source.data,
        is_clean,
        tuple(dict.fromkeys(ledger.reasons)) if not is_clean else (),
        tuple(dict.fromkeys(ledger.warnings)),
        tuple(dict.fromkeys(ledger.resolved)),
    )


def merge_both_added(ours: bytes, theirs: bytes, path: str, *, is_roadmap: bool, style: Style) -> Merged:
    """Two versions of a file that had no base: clean only when one holds everything of the other."""
    sources = [read_source(data) for data in (ours, theirs)]
    mine, yours = (essence(source.lines) for source in sources)
    if _holds(yours, mine) or _holds(mine, yours):
        larger = theirs if _holds(yours, mine) else ours
        if mine == yours:
            larger = max(ours, theirs, key=lambda data: (len(data), data))
        return Merged(
            larger,
            True,
            resolved=(f"{path}: added on both sides; one version holds everything of the other",),
        )
    ledger = Ledger()
    if is_roadmap:
        documents = [_document(source.lines) for source in sources]
        ledger.reasons += map(collision_reason, collisions(_document(()), *documents))
    plain = merge_file(b"", ours, theirs, labels=style.labels, marker_size=style.marker_size)
    ledger.reasons.append(
        f"{path}: added on both sides, and each version says something that the other does not"
    )
    return Merged(plain.text, False, tuple(ledger.reasons))


def _holds(whole: Lines, part: Lines) -> bool:
    """Whether every line of `part` stands in `whole`, in the same order."""
    rest = iter(whole)
    return all(line in rest for line in part)
