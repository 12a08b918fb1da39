"""Rows and items that a side moved to another section: from "Working" to "Completed", from "Open" to "Done".

Merged section by section, a moved row is a deletion here and an addition there, and what the other side
changed in it would meet a deletion. So the move is made in the other versions as well, before they are
merged. What both sides moved, and to different places, cannot be in both.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.prose import essence
from afterpush.conflicts.shelves import Places, Shelf, Thing, shelves_in
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.outline import Section


@dataclass(frozen=True)
class Version:
    """One version of a document: its sections and its lines."""

    root: Section
    lines: Lines


@dataclass(frozen=True)
class _Spot:
    shelf: Shelf
    thing: Thing


@dataclass(frozen=True)
class Moves:
    """The lines of base, ours and theirs with each move made in all three.

    `torn` tells, by their IDs, why some rows cannot be in one place only.
    """

    lines: tuple[Lines, Lines, Lines]
    torn: dict[str, str]


def with_moves(base: Version, ours: Version, theirs: Version) -> Moves:
    """Makes the moves of each side in the versions that lack them, where these have such a table or list."""
    sides = _Side("ours", base, ours), _Side("theirs", base, theirs)
    moving = _Moving(sides, (_Rewriting(base), _Rewriting(ours), _Rewriting(theirs)))
    for mover, other in (sides, sides[::-1]):
        for known in mover.moved:
            if known not in moving.done and not other.is_idle(mover.before[known].thing):
                moving.settle(known, mover, other)
    made = moving.versions
    return Moves((made[0].lines(), made[1].lines(), made[2].lines()), moving.torn)


class _Moving:
    def __init__(
        self, sides: tuple["_Side", "_Side"], versions: tuple["_Rewriting", "_Rewriting", "_Rewriting"]
    ) -> None:
        self._sides, self.versions = sides, versions
        self.done: set[str] = set()
        self.torn: dict[str, str] = {}

    def settle(self, known: str, mover: "_Side", other: "_Side") -> None:
        """Makes one move in the base and on the other side, or tells why it cannot be."""
        self.done.add(known)
        spots = [side.moved[known] for side in (mover, other) if known in side.moved]
        if len(spots) == 2 and not _is_one_place(mover, spots[0], other, spots[1]):
            ours, theirs = (side.moved[known].shelf.section.title for side in self._sides)
            self.torn[known] = f"ours moved it to '{ours}', theirs to '{theirs}'"
            return
        wanted = [(self.versions[0], mover.before[known], mover.base_places)]
        if known in other.after and len(spots) == 1:
            version = self.versions[1 + self._sides.index(other)]
            wanted.append((version, other.after[known], other.places))
        place = mover.places.of(spots[0].shelf.section)
        shelves = [version.shelf(old, spots[0], place, places) for version, old, places in wanted]
        found = [shelf for shelf in shelves if shelf]
        if len(found) == len(wanted):
            for (version, old, _), shelf in zip(wanted, found, strict=True):
                version.move(old.thing, spots, shelf)
        elif known not in other.after:
            title = spots[0].shelf.section.title
            self.torn[known] = f"{mover.name} moved it to '{title}', {other.name} deleted it"


def _is_one_place(one: "_Side", spot: _Spot, other: "_Side", second: _Spot) -> bool:
    places = one.places.of(spot.shelf.section), other.places.of(second.shelf.section)
    return places[0] == places[1] and (places[0] is not None or spot.shelf.path == second.shelf.path)


class _Side:
    """What one side did to the things that stand in sections which it changed."""

    def __init__(self, name: str, base: Version, side: Version) -> None:
        self.name = name
        sections = [frozenset(section.own_lines for section in one.root.walk()) for one in (base, side)]
        self._base, self._side = base, side
        before = [*shelves_in(base.root, sections[1])]
        after = [*shelves_in(side.root, sections[0])]
        self._present = {thing.id for shelf in after for thing in shelf.things}
        self.before, self.after = _unique(before), _unique(after)

    @cached_property
    def places(self) -> Places:
        return Places(self._base.root, self._side.root)

    @cached_property
    def base_places(self) -> Places:
        return Places(self._base.root, self._base.root)

    @cached_property
    def moved(self) -> dict[str, _Spot]:
        """What stands in another section now."""
        return {
            known: spot
            for known, spot in self.after.items()
            if known in self.before
            and self.before[known].shelf.path != spot.shelf.path
            and self._is_elsewhere(self.before[known].shelf.section, spot.shelf.section)
        }

    def _is_elsewhere(self, before: Section, after: Section) -> bool:
        # A section that was only retitled looks like another one.
        return self.places.of(after) != self.base_places.of(before)

    def is_idle(self, thing: Thing) -> bool:
        """Whether the side left a thing of the base as it was, or has its ID too often to tell."""
        known = thing.id
        if known not in self.before or self.before[known].thing != thing:
            return True
        if known not in self.after:
            return known in self._present
        return known not in self.moved and self._is_unchanged(known)

    def _is_unchanged(self, known: str) -> bool:
        old, new = self.before[known].thing, self.after[known].thing
        return essence(self._base.lines[old.start : old.end]) == essence(
            self._side.lines[new.start : new.end]
        )


def _unique(shelves: Iterable[Shelf]) -> dict[str, _Spot]:
    spots = [_Spot(shelf, thing) for shelf in shelves for thing in shelf.things]
    count = Counter(spot.thing.id for spot in spots)
    return {spot.thing.id: spot for spot in spots if count[spot.thing.id] == 1}


class _Rewriting:
    """Moves within the lines of one version."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._shelves: list[Shelf] | None = None
        self._gone: set[int] = set()
        self._added: dict[int, dict[str, Lines]] = {}

    def shelf(self, source: _Spot, target: _Spot, place: int | None, places: Places) -> Shelf | None:
        """The table or list here that is the target's: the only like one in that section of the base, or the
        only one that shares something with it."""
        if place is None or source.shelf.like != target.shelf.like:
            return None
        if self._shelves is None:
            self._shelves = list(shelves_in(self._version.root))
        found = [shelf for shelf in self._shelves if shelf.like == target.shelf.like
                 and places.of(shelf.section) == place]  # fmt: skip
        known = {thing.id for thing in target.shelf.things}
        sharing = [shelf for shelf in found if any(thing.id in known for thing in shelf.things)]
        return next((some[0] for some in (found, sharing) if len(some) == 1), None)

    def move(self, thing: Thing, spots: Sequence[_Spot], shelf: Shelf) -> None:
        """Takes a thing to the shelf, behind what it follows where it was moved (of two, the first)."""
        self._gone.update(range(thing.start, thing.end))
        behind = min(shelf.line_behind(spot.shelf.before(spot.thing)) for spot in spots)
        self._added.setdefault(behind, {})[thing.id] = self._version.lines[thing.start : thing.end]

    def lines(self) -> Lines:
        """The lines as they are after the moves."""
        if not self._gone:
            return self._version.lines
        return tuple(_woven(self._version.lines, self._gone, self._added))


def _woven(lines: Sequence[str], gone: set[int], added: dict[int, dict[str, Lines]]) -> Iterable[str]:
    for number in range(len(lines) + 1):
        # By their IDs: the same order in all versions, whoever moved them.
        for _, thing in sorted(added.get(number, {}).items()):
            yield from thing
        if number < len(lines) and number not in gone:
            yield lines[number]
