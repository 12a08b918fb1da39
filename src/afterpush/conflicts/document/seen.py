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
from functools import lru_cache
from itertools import pairwise

from afterpush.conflicts.kinds.counters import template_of
from afterpush.roadmap.headings import headings_in
from afterpush.roadmap.keys import DATE, head_id, item_parts, plain
from afterpush.roadmap.metadata import is_key_line
from afterpush.roadmap.nodes import Lines

# Two lines are one in other words when so much of their words, in order, is the same.
# Under a heading that is new, or of another day, much more: what is there is new as a rule.
_ALIKE, _ALIKE_UNPROVED, _ALIKE_ELSEWHERE = 0.7, 0.5, 0.85
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
    found = {placed for placed in new if _is_there(base, side, other, placed)}
    is_proved = bool(new) and 2 * len(found) >= len(new)
    return (
        bool(added or removed)
        and all(is_proved or _is_there(base, side, other, placed) for placed in added)
        and all(placed in found or _has_line(side, other, placed) for placed in new)
        and all(_is_gone(base, side, other, placed, is_proved=is_proved) for placed in removed)
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


def _is_gone(base: _Version, side: _Version, other: _Version, placed: Placed, *, is_proved: bool) -> bool:
    """Whether a side lacks what the other took away: a line that the base has once, wherever it is."""
    line = placed[0]
    if base.lines[line] == 1 and not other.lines[line]:
        return not side.lines[line] or (is_proved and not side.over[line] & base.titles)
    return side.pairs[placed] <= other.pairs[placed]


def _has_moves(base: _Version, side: _Version, other: _Version) -> bool:
    """Whether two lines that the other turned round, against the base, are turned round in the side too."""
    before, mine = base.places, side.places
    common = sorted((at, line) for line, at in other.places.items() if line in before and line in mine)
    return all(before[one] < before[two] or mine[one] < mine[two] for (_, one), (_, two) in pairwise(common))


def _has_reworded(base: _Version, side: _Version, other: _Version, *, is_proved: bool) -> bool:
    """Whether a side wrote in other words, or under the same name, what the other deleted unseen."""
    edited = {(_name_of(line)[0], title) for line, title in other.pairs if not base.lines[line]}
    gone = [(line, title) for line, title in base.pairs if not other.lines[line]]
    gone = [(line, title) for line, title in gone if (_name_of(line)[0], title) not in edited]
    new = [(line, title) for line, title in side.pairs if not base.lines[line] and not other.lines[line]]
    if len(gone) * len(new) > _MOST_PAIRS:
        return True
    least = _ALIKE if is_proved else _ALIKE_UNPROVED
    return any(
        _is_reworded(
            one, two, least if one[1] not in side.titles or two[1] in base.titles else _ALIKE_ELSEWHERE
        )
        for one in gone
        for two in new
    )


def _is_reworded(one: Placed, other: Placed, least: float) -> bool:
    """Whether two lines are one thing: of one name under one heading, or of nearly the same words."""
    (mine, is_mine), (yours, is_yours) = _name_of(one[0]), _name_of(other[0])
    if mine == yours and one[1] == other[1]:
        return True
    # `**Status:** ready` is under every task: elsewhere it is another one.
    if is_mine and is_yours and (mine != yours or is_key_line(one[0])):
        return False
    # Two days of a log are two entries, unless nearly all words are the same: then the day was changed.
    days = [DATE.match(item_parts(line)[1]) for line, _ in (one, other)]
    if days[0] and days[1] and days[0][0] != days[1][0]:
        least = _ALIKE_ELSEWHERE
    return SequenceMatcher(None, _words(one[0]), _words(other[0]), autojunk=False).ratio() >= least


@lru_cache(maxsize=4096)
def _name_of(line: str) -> tuple[str, bool]:
    """What a line is known by, and whether another name of that kind makes it another thing."""
    if line.startswith("|"):
        cell = line[1:].partition("|")[0].strip()
        return cell, bool(head_id(plain(cell), is_cell=True))
    if is_key_line(line):
        return line.partition(":")[0], True
    key = head_id(plain(item_parts(line.lstrip("# "))[1]))
    return (key, True) if key else (template_of(line), False)


@lru_cache(maxsize=4096)
def _words(text: str) -> Sequence[str]:
    return re.findall(r"[^\W\d]\w*", text.casefold())
