"""Whether one side has seen the other: all that the other wrote, took out or moved is so in it already.

Then it is the answer, byte for byte. Merging again (a squash, a cherry-pick, a branch that took main in) is
settled before anything is matched, however much the side went on from there.
    base  - a          ours  - b          theirs  - b     Ours has the b of theirs and not its a:
          - c                - d                  - c     ours took theirs in, and then made d of c.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from afterpush.roadmap.headings import headings_in
from afterpush.roadmap.nodes import Lines

# Two lines are one in other words when so much of their words, in order, is the same.
_ALIKE, _ALIKE_UNPROVED = 0.7, 0.5
# Above this many pairs of lines nobody compares their words.
_MOST_PAIRS = 4000
# A line with the heading over it.
Placed = tuple[str, str]


class _Version:
    """One of the three texts: how often each line is in it, under which headings, and where if only once."""

    def __init__(self, lines: Lines) -> None:
        placed = list(_placed(lines))
        self.pairs = Counter(placed)
        self.lines = Counter(line for line, _ in placed)
        self.titles = {title for _, title in placed}
        self.over: defaultdict[str, set[str]] = defaultdict(set)
        for line, title in placed:
            self.over[line].add(title)
        self.places = {line: at for at, (line, _) in enumerate(placed) if self.lines[line] == 1}


def _placed(lines: Lines) -> Iterable[Placed]:
    headings = {heading.start for heading in headings_in(lines, 0)}
    title = ""
    for number, line in enumerate(lines):
        if number in headings:
            title = line.strip()
            yield title, ""
        elif text := _bare(line):
            yield text, title


def _bare(line: str) -> str:
    """A line without padding and the number of an item: what a merge may lay out again."""
    text = " ".join(line.replace("|", " | ").split())
    return re.sub(r"^\d{1,9}(?=[.)] )", "1", text) if text.strip("|-: =") else ""


def seen_by(base: Lines, ours: Lines, theirs: Lines) -> int:
    """Which side has seen the other: 1 (ours) or 2; 0 where neither has, or each has."""
    before, mine, yours = map(_Version, (base, ours, theirs))
    has = (_has(before, mine, yours), _has(before, yours, mine))
    return 0 if has[0] == has[1] else 1 if has[0] else 2


def _has(base: _Version, side: _Version, other: _Version) -> bool:
    """Whether a side has everything that the other did to the base.

    It is proved to have seen the other by most of what that wrote; then it may have moved the rest, or
    changed an old line that the other put somewhere.
    """
    added, removed = other.pairs - base.pairs, base.pairs - other.pairs
    new = [placed for placed in added if other.lines[placed[0]] > base.lines[placed[0]]]
    is_proved = bool(new) and 2 * sum(_is_there(base, side, other, placed) for placed in new) >= len(new)
    return (
        (bool(added) or bool(removed))
        and all(is_proved or _is_there(base, side, other, placed) for placed in added)
        and all(_is_there(base, side, other, one) or _has_line(side, other, one) for one in new)
        and all(_is_gone(base, side, other, placed) for placed in removed)
        and _has_moves(base, side, other)
        and not _has_reworded(base, side, other, is_proved=is_proved)
    )


def _is_there(base: _Version, side: _Version, other: _Version, placed: Placed) -> bool:
    """Whether a side has what the other added, under that heading or what has become of it since."""
    line, title = placed
    if side.pairs[placed] >= other.pairs[placed]:
        return True
    return _has_line(side, other, placed) and (
        title not in side.titles
        or any(over not in base.titles and over not in other.titles for over in side.over[line])
    )


def _has_line(side: _Version, other: _Version, placed: Placed) -> bool:
    return side.lines[placed[0]] >= other.lines[placed[0]]


def _is_gone(base: _Version, side: _Version, other: _Version, placed: Placed) -> bool:
    """Whether a side lacks what the other took away: a line that the base has once, wherever it is."""
    line = placed[0]
    if base.lines[line] == 1 and not other.lines[line]:
        return not side.lines[line]
    return side.pairs[placed] <= other.pairs[placed]


def _has_moves(base: _Version, side: _Version, other: _Version) -> bool:
    """Whether two lines that the other turned round, against the base, are turned round in the side too."""
    before, mine = base.places, side.places
    common = sorted((at, line) for line, at in other.places.items() if line in before and line in mine)
    return all(before[one] < before[two] or mine[one] < mine[two] for (_, one), (_, two) in pairwise(common))


def _has_reworded(base: _Version, side: _Version, other: _Version, *, is_proved: bool) -> bool:
    """Whether a side wrote in other words what the other deleted: nobody saw that."""
    gone = [_words(line) for line in base.lines - other.lines]
    new = [_words(line) for line in side.lines - base.lines - other.lines]
    if len(gone) * len(new) > _MOST_PAIRS:
        return True
    least = _ALIKE if is_proved else _ALIKE_UNPROVED
    return any(_alike(one, two) >= least for one in gone for two in new)


def _alike(one: Sequence[str], other: Sequence[str]) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _words(text: str) -> Sequence[str]:
    return re.findall(r"[^\W\d]\w*", text.casefold())
