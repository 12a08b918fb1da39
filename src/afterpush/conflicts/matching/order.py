"""The order of what is under one parent.

The spine is what all three versions have there, without what a side moved. Everything else is behind its
nearest predecessor in the spine; what both sides put at one place is zipped in the direction that the
neighbours have: newest first stays newest first, an alphabetical list stays one.
"""

from collections.abc import Callable, Sequence

from afterpush.conflicts.document.align import align, rising
from afterpush.conflicts.kinds.list_direction import Direction, direction_of
from afterpush.conflicts.matching.trios import Doubt, Trio, parent_of, trio_of
from afterpush.roadmap.nodes import Kind, Node

Runs = dict[Trio | None, list[Trio]]


def ordered(parent: Trio, members: Sequence[Trio]) -> list[Trio]:
    """The members of a parent in the order of the merged text: sections behind what has no heading."""
    ranks: dict[tuple[int, int], list[Trio]] = {}
    for trio in members:
        ranks.setdefault(_rank(trio, parent), []).append(trio)
    return [trio for rank in sorted(ranks) for trio in _ordered(parent, ranks[rank])]


def _ordered(parent: Trio, members: Sequence[Trio]) -> list[Trio]:
    if len(members) < 2:
        return list(members)
    sides = [_sequence(parent, members, side) for side in range(3)]
    spine, movers = _spine(sides)
    settled = set(spine)
    runs = [_runs(side, settled) for side in sides]
    find_direction = _asker(sides[1:])
    found: list[Trio] = []
    for anchor in (None, *spine):
        found += (anchor,) if anchor else ()
        mine, yours = (
            [
                trio
                for trio in runs[side].get(anchor, ())
                if movers.get(trio, side) == side and trio not in settled
            ]
            for side in (1, 2)
        )
        merged = _zipped(mine, yours, find_direction, anchor.kind if anchor else None)
        settled.update(merged)
        found += merged
    for trio in sorted((one for one in members if one not in settled), key=lambda one: one.any.index):
        found.insert(_place_from_elsewhere(found, trio), trio)
    return found


def _rank(trio: Trio, parent: Trio) -> tuple[int, int]:
    """Sections come behind what has no heading of its own; definitions at the end of a text behind all.

    The deeper section first: behind `## B` in the same document `### A` would be a part of it.
    """
    if trio.kind in (Kind.LINK, Kind.NOTE) and parent.kind is Kind.ROOT:
        here = [node for node in trio.nodes if node and parent_of(node) is parent]
        return (2 if any(map(_is_behind_sections, here)) else 0), 0
    if trio.kind is not Kind.SECTION:
        return 0, 0
    return 1, -_depth(trio, parent)


def _is_behind_sections(node: Node) -> bool:
    siblings = node.parent.children if node.parent else ()
    return any(one.kind is Kind.SECTION and one.index < node.index for one in siblings)


def _depth(trio: Trio, parent: Trio) -> int:
    """How deep a section was before a side may have put all of them deeper."""
    if trio.base and parent_of(trio.base) is parent:
        return trio.base.rank
    node = trio.any
    siblings = (one for one in (node.parent.children if node.parent else ()) if one.rank == node.rank)
    old = (trio_of(one).base for one in siblings)
    return next((one.rank for one in old if one and parent_of(one) is parent), node.rank)


def _place_from_elsewhere(found: Sequence[Trio], trio: Trio) -> int:
    """Behind the neighbour that it had under its old parent; else behind the last one of its kind."""
    places = {known: place for place, known in enumerate(found)}
    siblings = [trio_of(node) for node in (trio.any.parent.children if trio.any.parent else ())]
    at = siblings.index(trio) if trio in siblings else 0
    for sibling in reversed(siblings[:at]):
        if sibling in places:
            return places[sibling] + 1
    for sibling in siblings[at + 1 :]:
        if sibling in places:
            return places[sibling]
    alike = [place for place, known in enumerate(found) if known.kind is trio.kind]
    return alike[-1] + 1 if alike else len(found)


def _sequence(parent: Trio, members: Sequence[Trio], side: int) -> list[Trio]:
    """The members that are under the parent on a side, in its order."""
    here = [
        (node.index, trio) for trio in members if (node := trio.nodes[side]) and parent_of(node) is parent
    ]
    return [trio for _, trio in sorted(here, key=lambda entry: entry[0])]


def _spine(sides: Sequence[list[Trio]]) -> tuple[list[Trio], dict[Trio, int]]:
    """What all three have, without what a side moved; and which side moved the rest.

    What a side moved is what is not in the longest run that rises there: a b c d -> a c d b moved b.
    """
    base, ours, theirs = sides
    places = [{trio: place for place, trio in enumerate(side)} for side in (ours, theirs)]
    common = [trio for trio in base if trio in places[0] and trio in places[1]]
    kept = [{common[at] for at in rising([side[trio] for trio in common])} for side in places]
    # What both sides moved is in nobody's hand: it goes to the first of its two places.
    movers = {trio: 2 if trio in kept[0] else 1 for trio in common if trio in kept[0] or trio in kept[1]}
    return [trio for trio in common if trio in kept[0] and trio in kept[1]], movers


def _runs(side: Sequence[Trio], spine: set[Trio]) -> Runs:
    """What is behind each element of the spine (None: before the first)."""
    runs: Runs = {}
    anchor: Trio | None = None
    for trio in side:
        if trio in spine:
            anchor = trio
        else:
            runs.setdefault(anchor, []).append(trio)
    return runs


def _zipped(
    mine: list[Trio], yours: list[Trio], direction: Callable[[Trio], Direction], behind: Kind | None
) -> list[Trio]:
    """Two runs behind a thing of a kind as one: what is in both holds its place, each side's order stays."""
    found: list[Trio] = []
    one = other = 0
    for left, right in [*align(mine, yours), (len(mine), len(yours))]:
        found += _interleaved(mine[one:left], yours[other:right], direction, behind)
        if left < len(mine):
            found.append(mine[left])
        one, other = left + 1, right + 1
    return list(dict.fromkeys(found))


def _interleaved(
    mine: list[Trio], yours: list[Trio], direction: Callable[[Trio], Direction], behind: Kind | None
) -> list[Trio]:
    if not mine or not yours:
        return mine or yours
    is_one_kind = len({trio.kind for trio in (*mine, *yours)}) == 1
    way = direction(mine[0]) if is_one_kind else Direction()
    if not way.can_compare([*mine, *yours]):
        # Nothing tells their order: by the text, so that neither the side nor the order of several merges
        # matters; but what a side wrote in an order of its own stays together, and an item with its list.
        way = Direction()
        if all(run[0].kind in _PROSE for run in (mine, yours)):
            _refuse_both(mine, yours)
        if not is_one_kind or not all(_is_sorted(run) for run in (mine, yours)):
            first, second = sorted((mine, yours), key=lambda run: _by_text(run, behind))
            return first + second
    found: list[Trio] = []
    left, right = list(mine), list(yours)
    while left and right:
        found.append((left if way.is_first(left[0], right[0]) else right).pop(0))
    return found + left + right


def _by_text(run: Sequence[Trio], behind: Kind | None) -> tuple[bool, list[str]]:
    return run[0].kind is not behind, [trio.any.said for trio in run]


def _refuse_both(mine: Sequence[Trio], yours: Sequence[Trio]) -> None:
    """Two texts written at one place: whether both are wanted, and in which order, a person knows."""
    for trio in (*mine, *yours):
        if trio.base is None:
            trio.refuse(Doubt.BOTH_WROTE, f"{trio.any.name}: both sides wrote a text here")


def _is_sorted(run: Sequence[Trio]) -> bool:
    said = [trio.any.said for trio in run]
    is_one_kind = all(trio.kind is run[0].kind and trio.kind not in _PROSE for trio in run)
    return len(run) == 1 or (is_one_kind and said == sorted(said))


# What reads on from one to the next: two runs of these are never mixed.
_PROSE = frozenset({Kind.TEXT, Kind.CODE, Kind.HTML, Kind.QUOTE})


def _asker(sides: Sequence[list[Trio]]) -> Callable[[Trio], Direction]:
    """The direction of the siblings of a thing's kind; read off both sides when it is first asked for."""
    known: dict[str, Direction] = {}

    def ask(trio: Trio) -> Direction:
        kind = trio.kind
        if kind not in known:
            known[kind] = direction_of([[one for one in side if one.kind is kind] for side in sides])
        return known[kind]

    return ask
