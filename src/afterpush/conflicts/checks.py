"""The last look at a merged text: nothing that a side wrote may be missing, nothing deleted may be back."""

from collections import Counter

from afterpush.conflicts.prose import essence
from afterpush.roadmap.blocks import Lines


def lost_lines(base: Lines, ours: Lines, theirs: Lines, merged: Lines, explained: set[str]) -> list[str]:
    """Lines that should be in the merged text and are not.

    `explained` are lines of which a rule made others. Blank lines and rules do not count.
    """
    before, mine, yours, result = (Counter(essence(lines)) for lines in (base, ours, theirs, merged))
    excused = set(essence(tuple(explained)))
    return [
        line
        for line in (before | mine | yours)
        if result[line] < _least(before[line], mine[line], yours[line])
        and line not in excused
        and line.strip("-*_=| :")
    ]


def _least(base: int, ours: int, theirs: int) -> int:
    """How often a line must come: at least once per addition, less what either side took away."""
    if ours >= base and theirs >= base:
        return max(ours, theirs)
    return max(0, ours + theirs - base)


def revived_lines(base: Lines, ours: Lines, theirs: Lines, merged: Lines, explained: set[str]) -> list[str]:
    """Lines that come more often than both sides together account for."""
    before, mine, yours, result = (Counter(essence(lines)) for lines in (base, ours, theirs, merged))
    excused = set(essence(tuple(explained)))
    return [
        line
        for line, count in result.items()
        if count > max(mine[line], yours[line], mine[line] + yours[line] - before[line])
        and before[line]
        and line not in excused
        and line.strip("-*_=| :")
    ]
