"""The last look at a merged text: nothing that a side wrote may be missing, nothing deleted may be back.

Only what counts of lines can prove: where a line stood several times, both sides may have taken some and
added others.
"""

import re
from collections import Counter

from afterpush.conflicts.prose import essence
from afterpush.roadmap.blocks import Lines

# Part of every task and session ID: such lines are not written twice by chance.
_NAMES_SOMETHING = re.compile(r"-\d")


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
    """How often a line must come at least."""
    if not base:
        return max(ours, theirs)
    if ours >= base and theirs >= base:
        return 1
    return int(ours + theirs > base)


def revived_lines(
    base: Lines,
    ours: Lines,
    theirs: Lines,
    merged: Lines,
    explained: set[str],
    *,
    are_moved_too: bool = False,
) -> list[str]:
    """Lines with an ID that stood once, and now stand although a side deleted them, or stand twice.

    Unless `are_moved_too`, not those that a side has below another heading than before: it took them away,
    and wrote them anew.
    """
    before, mine, yours, result = (Counter(essence(lines)) for lines in (base, ours, theirs, merged))
    excused = set(essence(tuple(explained)))
    return [
        line
        for line, count in before.items()
        if count == 1
        and result[line] > max(0, mine[line] + yours[line] - 1)
        and max(mine[line], yours[line]) <= 1
        and _NAMES_SOMETHING.search(line)
        and line not in excused
        and (
            are_moved_too
            or _heading_above(base, line) in {_heading_above(side, line) for side in (ours, theirs)}
        )
    ]


def _heading_above(lines: Lines, wanted: str) -> str | None:
    """The heading above the first line that says this; None where none does."""
    above = ""
    for line in lines:
        if essence((line,)) == (wanted,):
            return above
        if line.startswith("#"):
            above = line
    return None
