"""The three-way merge of one value or text: what one side alone changed."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Sized = TypeVar("Sized", str, tuple[str, ...])


def three_way(base: T | None, ours: T, theirs: T) -> T | None:
    """The value that one side alone changed, or both alike; None when they disagree."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else None


def steady(base: Sized | None, ours: Sized, theirs: Sized) -> Sized:
    """Like `three_way` for what does not matter (padding, bullets): always an answer, whichever is "ours"."""
    decided = three_way(base, ours, theirs)
    return max((len(ours), ours), (len(theirs), theirs))[1] if decided is None else decided


def three_way_said(
    base: Sized | None, ours: Sized, theirs: Sized, said: Callable[[Sized], object]
) -> Sized | None:
    """The same by what the versions say: new words outrank a new layout; of two layouts, the steady one."""
    decided = three_way(base, ours, theirs)
    if decided is not None:
        return decided
    before, mine, yours = None if base is None else said(base), said(ours), said(theirs)
    if mine == yours:
        return steady(base, ours, theirs)
    if base is None:
        return None
    return theirs if mine == before else ours if yours == before else None


def changed_alone(base: Any, ours: Any, theirs: Any) -> int:
    """Which side (1 or 2) alone changed something, or has it; 1 where both did alike, 0 where both did."""
    return 2 if ours in (base, None) else 1 if theirs in (base, None, ours) else 0


def merged_names(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The keys of a line or the columns of a table: what a side took away is gone, what one added keeps its
    place. The order is that of the side that changed it."""

    def in_order(names: Sequence[str]) -> bool:
        return [name for name in names if name in base] == [name for name in base if name in names]

    first, second = sorted((list(ours), list(theirs)), key=lambda names: (in_order(names), names))
    merged = [name for name in first if name in second or name not in base]
    for place, name in enumerate(second):
        if name not in merged and name not in base:
            behind = [merged.index(one) for one in second[:place] if one in merged]
            at = max(behind) + 1 if behind else 0
            while at < len(merged) and merged[at] not in base and merged[at] not in second:
                at += 1
            merged.insert(at, name)
    return merged
