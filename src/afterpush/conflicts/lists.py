"""Merging a list: items as a set with an order, checkboxes by their state, what is below each one apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.conflicts.matching import match, words_alike
from afterpush.conflicts.notes import merge_noted
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces
from afterpush.conflicts.prose import essence, merge_by_git, merge_key_line
from afterpush.conflicts.sequences import Clash, Firmness, Sequences, Step
from afterpush.conflicts.values import steady, three_way
from afterpush.roadmap.blocks import ITEM, Lines
from afterpush.roadmap.ids import leading_id
from afterpush.roadmap.items import Item, read_items
from afterpush.roadmap.metadata import read_entries
from afterpush.roadmap.sessions import item_session
from afterpush.roadmap.status import Status, are_opposed, checkbox_status
from afterpush.roadmap.tables import is_empty_value, normal


@dataclass(frozen=True, eq=False)
class Keyed:
    """An item with what tells it from others."""

    item: Item

    @cached_property
    def identity(self) -> str | None:
        """The session's ID, or the ID of the task that a checkbox line is about."""
        session = item_session(self.item.text)
        if session or not self.item.checkbox:
            return session
        task = leading_id(self.item.text)
        return task[0] if task else None

    @cached_property
    def name(self) -> str | None:
        """The key of an item such as `- **Status:** ready`."""
        entries = read_entries(self.item.text) if self.item.text.startswith("**") else ()
        return entries[0].key if entries and not self.identity else None

    @property
    def key(self) -> str:
        return self.identity or (f"key {self.name}" if self.name else normal(self.item.text))

    @property
    def order(self) -> str:
        return "\0".join((self.key, *self.item.lines))

    @property
    def said(self) -> tuple[str, ...]:
        return (self.item.checkbox, normal(self.item.text), *essence(self.item.below))

    @property
    def is_placeholder(self) -> bool:
        return is_empty_value(self.item.text) and not self.item.below


def merge_lists(base: Lines | None, ours: Lines, theirs: Lines, ledger: Ledger) -> Pieces:
    """The merged list. Raises EntangledError."""
    return _ListMerge(base, ours, theirs, ledger).pieces()


class _ListMerge:
    def __init__(self, base: Lines | None, ours: Lines, theirs: Lines, ledger: Ledger) -> None:
        self.versions = tuple([Keyed(item) for item in read_items(lines)] if lines else []
                              for lines in (base, ours, theirs))  # fmt: skip
        self.ledger = ledger

    def pieces(self) -> Pieces:
        base, ours, theirs = self.versions
        ours_of, theirs_of = matched_items(base, ours), matched_items(base, theirs)
        new = [[place for place in range(len(side)) if place not in set(of.values())]
               for side, of in ((ours, ours_of), (theirs, theirs_of))]  # fmt: skip
        pairs = match([ours[place] for place in new[0]], [theirs[place] for place in new[1]],
                      (lambda item: item.said, lambda item: item.key), lambda one, other: 0.0)  # fmt: skip
        steps = Sequences(
            base, ours, theirs, ours_of, theirs_of,
            {new[0][place]: new[1][other] for place, other in pairs.items()},
            is_same=lambda one, other: one.said == other.said, order=lambda item: item.order,
            firmness=_firmness, is_placeholder=lambda item: item.is_placeholder,
        ).arranged()  # fmt: skip
        groups = [self._clash(step) if isinstance(step, Clash) else self._step(step)
                  for step in self._without_placeholder(steps)]  # fmt: skip
        return self._numbered(self._joined(groups))

    def _without_placeholder(
        self, steps: Sequence[Step[Keyed] | Clash[Keyed]]
    ) -> Sequence[Step[Keyed] | Clash[Keyed]]:
        """An item that says "none" goes as soon as there is one, unless it always stood beside others."""
        before = self.versions[0]
        kept = [step for step in steps if isinstance(step, Clash) or not _is_placeholder(step)]
        if not kept or (any(item.is_placeholder for item in before) and len(before) > 1):
            return steps
        for step in steps:
            if isinstance(step, Step) and _is_placeholder(step):
                known = (step.base, step.ours, step.theirs)
                self.ledger.explain(*(item.item.lines[0] for item in known if item))
        return kept

    def _joined(self, groups: Sequence[tuple[Lines, Pieces]]) -> Pieces:
        """The items with blank lines between; what was first on its side gets those of the others."""
        loose = max((gap for gap, _ in groups[1:]), key=len, default=())
        is_loose = bool(groups[2:]) and all(gap for gap, _ in groups[1:] if gap is not None)
        pieces: Pieces = []
        for place, (gap, some) in enumerate(groups):
            if place:
                pieces += gap or (loose if is_loose else ())
            pieces += some
        return pieces

    def _clash(self, clash: Clash[Keyed]) -> tuple[Lines, Pieces]:
        texts = [item.item.text for item in (*clash.ours, *clash.theirs)]
        self.ledger.refuse(" / ".join(texts), "both sides put different items in one place")
        gap = (clash.ours or clash.theirs)[0].item.gap
        return gap, [Hunk(_lines(clash.ours), _lines(clash.theirs), is_structural=True)]

    def _step(self, step: Step[Keyed]) -> tuple[Lines, Pieces]:
        base, ours, theirs = step.base, step.ours, step.theirs
        known = ours or theirs
        assert known is not None
        lines = ours.item.lines if ours else (), theirs.item.lines if theirs else ()
        if base is None and known.identity in self.ledger.collisions:
            return known.item.gap, [Hunk(*lines, is_whole=True)]
        if ours is None or theirs is None:
            if base is None:
                return known.item.gap, list(known.item.lines)
            self.ledger.refuse(known.item.text, step.dispute)
            return known.item.gap, [Hunk(*lines, is_structural=True)]
        gap = steady_gap(base.item.gap if base else None, ours.item.gap, theirs.item.gap)
        return gap, self._merged(base, ours, theirs)

    def _merged(self, base: Keyed | None, ours: Keyed, theirs: Keyed) -> Pieces:
        first = three_way(base.item.lines[0] if base else None, ours.item.lines[0], theirs.item.lines[0])
        pieces: Pieces = [first] if first is not None else self._first_line(base, ours, theirs)
        return pieces + self._below(
            base.item.below if base else None, ours.item.below, theirs.item.below, ours
        )

    def _first_line(self, base: Keyed | None, ours: Keyed, theirs: Keyed) -> Pieces:
        said = [item.item if item else None for item in (base, ours, theirs)]
        before, mine, yours = said
        assert mine is not None and yours is not None
        mark = steady(before.mark if before else None, mine.mark, yours.mark)
        box = _merged_checkbox(before, mine, yours)
        text = self._text(before, mine, yours, ours)
        self.ledger.explain(*(item.lines[0] for item in said if item))
        if box is None:
            self.ledger.refuse(ours.item.text, f"[{mine.checkbox}] against [{yours.checkbox}]")
        elif (
            mine.checkbox != yours.checkbox
            and before
            and before.checkbox not in (mine.checkbox, yours.checkbox)
        ):
            self.ledger.decide(
                mine.text, f"[{mine.checkbox}]", f"[{yours.checkbox}]", f"[{box}]", "the further one"
            )
        sides = [
            mark
            + (
                f"[{item.checkbox if box is None else box}] "
                if (item.checkbox if box is None else box)
                else ""
            )
            + (item.text if text is None else text)
            for item in (mine, yours)
        ]
        return [sides[0]] if sides[0] == sides[1] else [Hunk((sides[0],), (sides[1],))]

    def _text(self, before: Item | None, mine: Item, yours: Item, ours: Keyed) -> str | None:
        if ours.name:
            line = merge_key_line(before.text if before else None, mine.text, yours.text, self.ledger)
            return line if isinstance(line, str) else None
        decision = merge_noted(before.text if before else None, mine.text, yours.text)
        if decision is None:
            self.ledger.refuse(mine.text, f"'{mine.text}' against '{yours.text}'")
            return None
        if decision.rule:
            self.ledger.decide("an item", mine.text, yours.text, decision.value, decision.rule)
        return decision.value

    def _below(self, base: Lines | None, ours: Lines, theirs: Lines, item: Keyed) -> Pieces:
        said = [essence(lines) if lines is not None else None for lines in (base, ours, theirs)]
        if said[1] == said[2]:
            return list(steady_gap(base, ours, theirs))
        if said[0] is not None and said[0] in (said[1], said[2]):
            return list(theirs if said[0] == said[1] else ours)
        if not ours or not theirs:
            if not base:
                return list(ours or theirs)
        elif all(lines and ITEM.match(lines[0]) for lines in (base or ours, ours, theirs)):
            return _ListMerge(base or None, ours, theirs, self.ledger).pieces()
        pieces = merge_by_git(base, ours, theirs)
        if any(isinstance(piece, Hunk) for piece in pieces):
            self.ledger.refuse(item.item.text, "both sides changed what stands below it")
        return pieces

    def _numbered(self, pieces: Pieces) -> Pieces:
        """Numbers counted anew, where the list was counted through on both sides."""
        starts = {_first_number(version) for version in self.versions if version}
        if len(starts) != 1 or None in starts or any(isinstance(piece, Hunk) for piece in pieces):
            return pieces
        items = read_items([piece for piece in pieces if isinstance(piece, str)])
        number = next(start for start in starts if start is not None)
        lines: Pieces = []
        for place, item in enumerate(items):
            mark = item.mark.replace(str(item.number), str(number + place), 1)
            first = mark + item.lines[0][len(item.mark) :]
            if first != item.lines[0]:
                self.ledger.explain(item.lines[0])
            lines += [*item.gap, first, *item.below]
        return lines


def _first_number(items: Sequence[Keyed]) -> int | None:
    """The number that a list counts on from, one by one."""
    first = items[0].item.number
    counted = first is not None and all(item.item.number == first + place for place, item in enumerate(items))
    return first if counted else None


def matched_items(base: Sequence[Keyed], side: Sequence[Keyed]) -> dict[int, int]:
    """Which items are the same: by all they say, by their key, by likeness where they have no ID."""
    return match(base, side, (lambda item: item.said, lambda item: item.key), _likeness)


def _likeness(one: Keyed, other: Keyed) -> float:
    if one.identity or other.identity or one.name or other.name:
        return 0.0
    return words_alike(one.item.text.split(), other.item.text.split())


def _firmness(item: Keyed) -> Firmness:
    return Firmness.IDENTIFIED if item.identity or item.name or item.is_placeholder else Firmness.NAMED


def _is_placeholder(step: Step[Keyed]) -> bool:
    return all(item.is_placeholder for item in (step.base, step.ours, step.theirs) if item)


def _lines(items: Sequence[Keyed]) -> Lines:
    return tuple(line for place, item in enumerate(items)
                 for line in (*(item.item.gap if place else ()), *item.item.lines))  # fmt: skip


def steady_gap(base: Lines | None, ours: Lines, theirs: Lines) -> Lines:
    """Blank lines (and rules) before something: three-way, else the longer ones."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else max(ours, theirs, key=lambda gap: (len(gap), gap))


def _merged_checkbox(before: Item | None, mine: Item, yours: Item) -> str | None:
    """The state of a checkbox: three-way, else the further one; None for cancelled against progress,
    or forward against back."""
    decided = three_way(before.checkbox if before else None, mine.checkbox, yours.checkbox)
    if decided is not None:
        return decided
    states = {item.checkbox: checkbox_status(item.checkbox) for item in (mine, yours)}
    if before and len(set(states.values())) == 1:
        return max(states)
    start = checkbox_status(before.checkbox) if before else Status.UNKNOWN
    if any(state.rank is None for state in states.values()) or are_opposed(start, *states.values()):
        return None
    return max(states, key=lambda box: (states[box].rank or 0, box))
