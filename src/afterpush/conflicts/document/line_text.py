"""Paragraphs, code, quotes and HTML that both sides changed: merged line by line."""

from afterpush.conflicts.document.align import chunks
from afterpush.conflicts.document.pieces import Hunk, Piece, Said, brief
from afterpush.conflicts.kinds.three_way import three_way, three_way_said
from afterpush.conflicts.kinds.value_rules import merge_text
from afterpush.roadmap.nodes import Lines, Node
from afterpush.roadmap.tables import normal


def against(ours: Lines, theirs: Lines) -> str:
    """What each side wrote, for a reason."""
    mine, yours = (brief("; ".join(map(str.strip, lines))) for lines in (ours, theirs))
    if not (mine and yours):
        return f"{'theirs' if yours else 'ours'} wrote '{mine or yours}', the other side took it away"
    return f"'{mine}' against '{yours}'"


def merge_lines(base: Node | None, ours: Node, theirs: Node, said: Said) -> list[Piece]:
    """Paragraphs, code, quotes and HTML line by line, as git does; dates and counts by their rules."""
    if base is None:
        if larger((), ours.own, theirs.own):
            return [*max((len(own), own) for own in (ours.own, theirs.own))[1]]
        return [Hunk(ours.own, theirs.own, against(ours.own, theirs.own))]
    found: list[Piece] = []
    for chunk in chunks(base.own, ours.own, theirs.own):
        if not chunk.is_open:
            found += chunk.merged
            continue
        lines = _lines_by_rule(chunk.base, chunk.ours, chunk.theirs, said)
        if lines is None:
            found.append(Hunk(chunk.ours, chunk.theirs, against(chunk.ours, chunk.theirs)))
        else:
            found += lines
    return found


def _lines_by_rule(base: Lines, ours: Lines, theirs: Lines, said: Said) -> list[str] | None:
    """Lines that both changed: numbers and dates by rule where the words are the same, or layout only."""
    decided = three_way_said(base, ours, theirs, lambda lines: tuple(map(normal, lines)))
    if decided is not None:
        return list(decided)
    if side := larger(base, ours, theirs):
        return list((ours, theirs)[side - 1])
    changed = [
        (mine != before, yours != before) for before, mine, yours in zip(base, ours, theirs, strict=False)
    ]
    if (True, False) in changed and (False, True) in changed:
        # Changes that touch each other: no unchanged line says that they do not belong together.
        return None
    shortest = min(len(base), len(ours), len(theirs))
    found: list[str] = []
    for before, mine, yours in zip(base, ours, theirs, strict=False):
        answer = three_way(before, mine, yours)
        if answer is None:
            settled = merge_text(before, mine, yours)
            if settled is None:
                return None
            said.append(
                f"'{brief(mine.strip())}' and '{brief(yours.strip())}' "
                f"became '{brief(settled.value.strip())}' ({settled.rule})"
            )
            answer = settled.value
        found.append(answer)
    rest = three_way(base[shortest:], ours[shortest:], theirs[shortest:])
    return None if rest is None else [*found, *rest]


def larger(base: Lines, ours: Lines, theirs: Lines) -> int:
    """Which side (1 or 2; 0: neither) has all lines, or words, that the other put in.

    Merging again doubles none of them:  base a b,  theirs a x b,  ours a x y b  give ours.
    """
    holds = [_holds(theirs, base) and _holds(ours, theirs), _holds(ours, base) and _holds(theirs, ours)]
    return holds.index(True) + 1 if any(holds) else 0


def _holds(one: Lines, other: Lines) -> bool:
    """Whether a text has every line (or word) of another one, in its order."""
    lines = iter(map(normal, one))
    return all(line in lines for line in map(normal, other))
