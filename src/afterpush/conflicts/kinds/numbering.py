"""Numbered lists: those that count are counted again, those that are all ones stay so.

Only the first number of a list counts for a reader (CommonMark 0.31, 5.3): numbers are layout.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from afterpush.conflicts.kinds.three_way import changed_alone
from afterpush.conflicts.matching.trios import Trio
from afterpush.roadmap.nodes import Kind, Node

_NUMBER = re.compile(r"([ \t]*)(\d{1,9})([.)])")


def number_of(node: Node | None) -> int | None:
    """The number of a numbered item."""
    found = _NUMBER.match(node.own[0]) if node and node.kind is Kind.ITEM else None
    return int(found[2]) if found else None


def with_number(line: str, number: int) -> str:
    """The line of an item with another number."""
    return _NUMBER.sub(lambda found: f"{found[1]}{number}{found[3]}", line, count=1)


def numbers_of(parent: Trio, members: Sequence[Trio]) -> dict[Trio, int]:
    """The numbers that the items under one parent get; nothing for what keeps its own."""
    if not any(number_of(trio.any) is not None for trio in members if trio.kind is Kind.ITEM):
        return {}
    kept = _as_one_side_has_them(parent, members)
    if kept is not None:
        return kept
    styles = [_style(node) for node in parent.nodes]
    base, ours, theirs = styles
    style = (theirs or ours) if ours in (base, None) else ours
    if style == "alike":
        side = next(
            (
                node
                for node, known in zip(parent.nodes[::-1], styles[::-1], strict=True)
                if known == style and node
            ),
            None,
        )
        number = (
            next((known for child in side.children if (known := number_of(child)) is not None), 1)
            if side
            else 1
        )
        return {trio: number for trio in members if number_of(trio.any) is not None}
    return _counted(members) if style == "counts" else {}


def _as_one_side_has_them(parent: Trio, members: Sequence[Trio]) -> dict[Trio, int] | None:
    """The numbers of the side that alone changed the items or their numbers; None where both did."""
    base, ours, theirs = (
        [(child.trio, number) for child in node.children if (number := number_of(child)) is not None]
        if node
        else None
        for node in parent.nodes
    )
    kept = (None, ours, theirs)[changed_alone(base, ours, theirs)]
    numbered = [trio for trio in members if number_of(trio.any) is not None]
    if kept is None or [trio for trio, _ in kept] != numbered:
        return None
    return {trio: number for trio, number in kept if trio}


def _style(node: Node | None) -> str | None:
    """Whether a side counts its items through, or gives all of them one number."""
    numbers = [
        number for child in (node.children if node else ()) if (number := number_of(child)) is not None
    ]
    if len(numbers) < 2:
        return None
    if len(set(numbers)) == 1:
        return "alike"
    steps = [after == before + 1 for before, after in pairwise(numbers)]
    return "counts" if 2 * sum(steps) >= len(steps) else "free"


def _counted(members: Sequence[Trio]) -> dict[Trio, int]:
    found: dict[Trio, int] = {}
    current: int | None = None
    is_apart = False
    for trio in members:
        number = number_of(trio.any)
        if number is None:
            is_apart = is_apart or trio.kind is not Kind.ITEM
            continue
        if current is None:
            firsts = [
                known
                for one in members
                for node in one.nodes
                if (known := number_of(node)) is not None and _is_first(node)
            ]
            current = min([*firsts, number])
        elif is_apart and _is_first(trio.any):
            current = number
        else:
            current += 1
        found[trio], is_apart = current, False
    return found


def _is_first(node: Node | None) -> bool:
    """Whether an item begins a list on its side."""
    if node is None or node.parent is None:
        return False
    siblings = node.parent.children
    before = [number for one in siblings[: siblings.index(node)] if (number := number_of(one)) is not None]
    return not before or number_of(node) != before[-1] + 1
