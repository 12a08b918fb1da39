"""Merging what stands below a heading, block by block."""

from collections.abc import Sequence
from functools import lru_cache

from afterpush.conflicts import lists, rows
from afterpush.conflicts.lists import merge_lists, steady_gap
from afterpush.conflicts.matching import ALIKE, match, words_alike
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces, Side
from afterpush.conflicts.prose import essence, merge_by_git, merge_key_line, merge_lines
from afterpush.conflicts.sequences import Clash, EntangledError, Firmness, Sequences, Step
from afterpush.conflicts.tables import merge_tables
from afterpush.roadmap.blocks import Block, BlockKind, Lines
from afterpush.roadmap.items import read_items
from afterpush.roadmap.metadata import read_entries
from afterpush.roadmap.tables import read_table

Blocks = Sequence[Block]


def merge_bodies(base: Blocks, ours: Blocks, theirs: Blocks, ledger: Ledger) -> Pieces:
    """The merged blocks, with the blank lines before them."""
    if lines_of(ours) == lines_of(theirs) or lines_of(theirs) == lines_of(base):
        return kept_blocks(ours, Side.OURS, ledger)
    if lines_of(ours) == lines_of(base):
        return kept_blocks(theirs, Side.THEIRS, ledger)
    ours_of, theirs_of = _matched(base, ours), _matched(base, theirs)
    sequences = Sequences(
        base, ours, theirs, ours_of, theirs_of, _added_by_both(ours, theirs, ours_of, theirs_of),
        is_same=lambda one, other: _said(one) == _said(other), order=_order, firmness=_firmness,
        is_placeholder=lambda block: block.kind is BlockKind.RULE,
    )  # fmt: skip
    try:
        steps = sequences.arranged()
    except EntangledError:
        ledger.refuse("the text", "both sides put its parts into different orders")
        return merge_by_git(lines_of(base), lines_of(ours), lines_of(theirs))
    pieces: Pieces = []
    for step in steps:
        pieces += _clash(step, ledger) if isinstance(step, Clash) else _step(step, ledger)
    return pieces


def lines_of(blocks: Blocks) -> Lines:
    """The lines of blocks with the blank ones before them."""
    return tuple(line for block in blocks for line in (*block.gap, *block.lines))


@lru_cache(maxsize=4096)
def _essence(lines: Lines) -> tuple[str, ...]:
    return essence(lines)


def _said(block: Block) -> tuple[object, ...]:
    return block.kind, *_essence(block.lines)


def _key(block: Block) -> tuple[object, ...] | None:
    """What tells a block from others when its text changed."""
    match block.kind:
        case BlockKind.KEY:
            return block.kind, _name(block)
        case BlockKind.TABLE:
            return block.kind, *read_table(block.lines).columns
        case BlockKind.FRONT_MATTER:
            return (block.kind,)
    return None


def _name(block: Block) -> str:
    entries = read_entries(block.lines[0])
    return entries[0].key if entries else block.lines[0]


def _matched(base: Blocks, side: Blocks) -> dict[int, int]:
    return match(base, side, (_said, _key), _likeness)


def _likeness(one: Block, other: Block) -> float:
    if one.kind is not other.kind or one.kind is BlockKind.KEY:
        return 0.0
    if one.kind is BlockKind.TABLE:
        keys = [_row_keys(block) for block in (one, other)]
    elif one.kind is BlockKind.LIST:
        keys = [{lists.Keyed(item).key for item in read_items(block.lines)} for block in (one, other)]
    else:
        keys = [set(_essence(block.lines)) for block in (one, other)]
    words = words_alike(" ".join(one.lines).split(), " ".join(other.lines).split())
    # Something that was only added to is the same, however much was added; a list in a list's place, always.
    least = ALIKE if one.kind is BlockKind.LIST else 0.0
    return max(least, words, len(keys[0] & keys[1]) / len(keys[0]) if keys[0] else 0.0)


def _row_keys(block: Block) -> set[str]:
    return {rows.Keyed(row).key for row in read_table(block.lines).rows if not row.is_placeholder}


def _order(block: Block) -> str:
    return "\0".join((_name(block) if block.kind is BlockKind.KEY else block.kind.value, *block.lines))


def _firmness(block: Block) -> Firmness:
    return Firmness.IDENTIFIED if block.kind in (BlockKind.KEY, BlockKind.RULE) else Firmness.LOOSE


def _added_by_both(
    ours: Blocks, theirs: Blocks, ours_of: dict[int, int], theirs_of: dict[int, int]
) -> dict[int, int]:
    """The same text, the same key, or a list or a like table behind the same block."""
    mine = [place for place in range(len(ours)) if place not in set(ours_of.values())]
    yours = [place for place in range(len(theirs)) if place not in set(theirs_of.values())]
    found = match(
        [ours[place] for place in mine], [theirs[place] for place in yours],
        (_said, lambda block: _key(block) if block.kind is BlockKind.KEY else None), lambda one, other: 0.0,
    )  # fmt: skip
    both = {mine[place]: yours[other] for place, other in found.items()}
    spots = _spots(ours, mine, ours_of, set(both)), _spots(theirs, yours, theirs_of, set(both.values()))
    for spot, place in spots[0].items():
        other = spots[1].get(spot)
        if place is not None and other is not None:
            both[place] = other
    return both


def _spots(
    side: Blocks, new: Sequence[int], of_base: dict[int, int], paired: set[int]
) -> dict[object, int | None]:
    """New lists and tables by the block of the base before them; None where there are two of a kind."""
    base_of = {place: known for known, place in of_base.items()}
    spots: dict[object, int | None] = {}
    for place in new:
        block = side[place]
        if place in paired or block.kind not in (BlockKind.LIST, BlockKind.TABLE):
            continue
        anchor = next((base_of[before] for before in range(place, -1, -1) if before in base_of), -1)
        spot = (anchor, block.kind, _key(block))
        spots[spot] = None if spot in spots else place
    return spots


def _clash(clash: Clash[Block], ledger: Ledger) -> Pieces:
    ledger.refuse("the text", "both sides put something else in one place")
    gap = steady_gap(None, clash.ours[0].gap, clash.theirs[0].gap)
    ours, theirs = (lines_of(some)[len(some[0].gap) :] for some in (clash.ours, clash.theirs))
    return [*gap, Hunk(ours, theirs, is_structural=True)]


def _step(step: Step[Block], ledger: Ledger) -> Pieces:
    base, ours, theirs = step.base, step.ours, step.theirs
    if ours is not None and theirs is not None:
        gap = steady_gap(base.gap if base else None, ours.gap, theirs.gap)
        return [*gap, *merge_block(base, ours, theirs, ledger)]
    known = ours or theirs
    assert known is not None
    if base is None:
        return kept_blocks((known,), Side.OURS if ours else Side.THEIRS, ledger)
    ledger.refuse(f"'{known.lines[0].strip()[:60]}'", step.dispute)
    hunk = Hunk(ours.lines if ours else (), theirs.lines if theirs else (), is_structural=True)
    return [*known.gap, hunk]


def merge_block(base: Block | None, ours: Block, theirs: Block, ledger: Ledger) -> Pieces:
    """One block of which both sides have a version, without the blank lines before it."""
    before = base.lines if base else None
    if ours.lines == theirs.lines:
        return list(ours.lines)
    if before in (ours.lines, theirs.lines):
        side = Side.THEIRS if before == ours.lines else Side.OURS
        return _kept(theirs if side is Side.THEIRS else ours, side, ledger)
    pieces: Pieces | None
    try:
        pieces = _by_kind(ours.kind, before, ours.lines, theirs.lines, ledger)
    except EntangledError:
        pieces = None
    if pieces is None:
        ledger.refuse(f"a {ours.kind.value}", "both sides changed its order or its columns")
        pieces = merge_by_git(before, ours.lines, theirs.lines)
    return pieces


def _by_kind(
    kind: BlockKind, base: Lines | None, ours: Lines, theirs: Lines, ledger: Ledger
) -> Pieces | None:
    match kind:
        case BlockKind.TABLE:
            return merge_tables(base, ours, theirs, ledger)
        case BlockKind.LIST:
            return merge_lists(base, ours, theirs, ledger)
        case BlockKind.KEY:
            return [merge_key_line(base[0] if base else None, ours[0], theirs[0], ledger)]
    has_plain_keys = kind is BlockKind.FRONT_MATTER
    return merge_lines(base, ours, theirs, f"a {kind.value}", ledger, has_plain_keys=has_plain_keys)


def kept_blocks(blocks: Blocks, side: Side, ledger: Ledger) -> Pieces:
    """Blocks as one side has them, with the rows and items of colliding tasks between markers."""
    pieces: Pieces = []
    for block in blocks:
        pieces += [*block.gap, *_kept(block, side, ledger)]
    return pieces


def _kept(block: Block, side: Side, ledger: Ledger) -> Pieces:
    if not ledger.collisions or block.kind not in (BlockKind.TABLE, BlockKind.LIST):
        return list(block.lines)
    if block.kind is BlockKind.TABLE:
        ids = [None, None, *(rows.Keyed(row).identity for row in read_table(block.lines).rows)]
        return [
            side.hunk((line,)) if known in ledger.collisions else line
            for line, known in zip(block.lines, ids, strict=True)
        ]
    pieces: Pieces = []
    for item in read_items(block.lines):
        pieces += item.gap
        if lists.Keyed(item).identity in ledger.collisions:
            pieces.append(side.hunk(item.lines))
        else:
            pieces += item.lines
    return pieces
