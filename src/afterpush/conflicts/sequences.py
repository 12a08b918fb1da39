"""The order of things that both sides added to, took from or moved: one algorithm for sections, blocks,
table rows and list items.

Presence is decided three-way: what one side deleted and the other left alone is gone. What a side added or
moved follows the item that it stands behind on that side. Additions of both behind one item are ordered by
their keys, so that it does not matter who is "ours", nor in which order many sides are merged.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Generic, TypeVar

from afterpush.conflicts.matching import in_order

N = TypeVar("N")
# The places of one thing in the base, in ours and in theirs, as far as it is there.
Token = tuple[int | None, int | None, int | None]
Runs = dict[int, list[list[Token]]]
START = -1


class Firmness(IntEnum):
    """How surely an added item is a thing of its own."""

    # Prose: two additions at one place are a conflict.
    LOOSE = 0
    # Told apart by its text: a bullet, a row, a section.
    NAMED = 1
    # Told apart by an ID or a key.
    IDENTIFIED = 2


@dataclass(frozen=True)
class Step(Generic[N]):
    """One item of the merged sequence, as far as each version has it."""

    base: N | None
    ours: N | None
    theirs: N | None
    # Both sides moved it, and to different places: this is only one of them.
    is_torn: bool = False

    @property
    def dispute(self) -> str:
        """Why an item that only one side has here is in doubt."""
        if self.is_torn:
            return "both sides moved it, and to different places"
        return "theirs deleted it, ours changed it" if self.ours else "ours deleted it, theirs changed it"


@dataclass(frozen=True)
class Clash(Generic[N]):
    """Additions at one place of which nobody can tell the order, or whether they replace each other."""

    ours: tuple[N, ...]
    theirs: tuple[N, ...]


class EntangledError(Exception):
    """Each side moved something behind what the other moved."""


def _never(*_: object) -> bool:
    return False


@dataclass
class Sequences(Generic[N]):
    """Three versions of a sequence and which items are the same.

    `ours_of` and `theirs_of` go from places in the base, `both` from places in ours to places in theirs of
    what both added. `order` must tell any two different items apart. An item that `nests` in the one
    before it stays with it.
    """

    base: Sequence[N]
    ours: Sequence[N]
    theirs: Sequence[N]
    ours_of: dict[int, int]
    theirs_of: dict[int, int]
    both: dict[int, int]
    is_same: Callable[[N, N], bool]
    order: Callable[[N], str]
    firmness: Callable[[N], Firmness]
    is_placeholder: Callable[[N], bool] = _never
    nests: Callable[[N, N], bool] = _never
    _kept: set[int] = field(default_factory=set, init=False)
    _emitted: set[int] = field(default_factory=set, init=False)
    _torn: set[int] = field(default_factory=set, init=False)

    def arranged(self) -> list[Step[N] | Clash[N]]:
        """The merged sequence. Raises EntangledError."""
        self._kept = {place for place in range(len(self.base)) if self._is_kept(place)}
        moved = self._moved(self.ours_of), self._moved(self.theirs_of)
        ours = self._runs(self.ours, self.ours_of, moved[0], 1)
        theirs = self._runs(self.theirs, self.theirs_of, moved[1], 2)
        self._share(ours, theirs)
        steps = self._walked(ours, theirs, moved[0] | moved[1])
        if self._emitted != self._kept:
            raise EntangledError
        return steps

    def _item(self, token: Token) -> N:
        base, mine, yours = token
        if mine is not None:
            return self.ours[mine]
        return self.theirs[yours] if yours is not None else self.base[base or 0]

    def _token(self, place: int) -> Token:
        return place, self.ours_of.get(place), self.theirs_of.get(place)

    def _step(self, token: Token) -> Step[N]:
        base, mine, yours = token
        return Step(
            None if base is None else self.base[base],
            None if mine is None else self.ours[mine],
            None if yours is None else self.theirs[yours],
            is_torn=base in self._torn,
        )

    def _is_kept(self, place: int) -> bool:
        step = self._step(self._token(place))
        if step.ours is not None and step.theirs is not None:
            return True
        left = step.ours if step.theirs is None else step.theirs
        return left is not None and not self.is_same(self.base[place], left)

    def _moved(self, of_base: dict[int, int]) -> set[int]:
        """The kept items that a side put out of the base's order: as few as explain it."""
        pairs = sorted((place, of_base[place]) for place in self._kept if place in of_base)
        return {place for place, _ in pairs} - {place for place, _ in in_order(pairs)}

    def _runs(self, side: Sequence[N], of_base: dict[int, int], moved: set[int], which: int) -> Runs:
        """What a side added or moved, by the kept item before it.

        An item in between that the other side deleted parts two runs.
        """
        base_of = {place: known for known, place in of_base.items()}
        runs: Runs = {}
        anchor, is_open = START, False

        def add(token: Token) -> None:
            nonlocal is_open
            if not is_open:
                runs.setdefault(anchor, []).append([])
                is_open = True
            runs[anchor][-1].append(token)

        for place in range(len(side)):
            known = base_of.get(place)
            if known is None:
                add(self._added(place, which))
                continue
            if known in moved:
                add(self._token(known))
            if known in self._kept:
                anchor = known
            is_open = False
        return runs

    def _added(self, place: int, which: int) -> Token:
        if which == 1:
            return None, place, self.both.get(place)
        return None, self._ours_of_both.get(place), place

    @cached_property
    def _ours_of_both(self) -> dict[int, int]:
        return {other: place for place, other in self.both.items()}

    def _share(self, ours: Runs, theirs: Runs) -> None:
        """What both added behind different items stays only behind the first of these.

        What both moved behind different items stays behind each, as that side's alone.
        """
        mine, yours = ({token: anchor for anchor, some in runs.items() for run in some for token in run}
                       for runs in (ours, theirs))  # fmt: skip
        for token in mine.keys() & yours.keys():
            here, there = mine[token], yours[token]
            if here == there:
                continue
            if token[0] is not None:
                self._torn.add(token[0])
                ours[here] = _with_token(ours[here], token, (token[0], token[1], None))
                theirs[there] = _with_token(theirs[there], token, (token[0], None, token[2]))
                continue
            runs, gone = (theirs, there) if here < there else (ours, here)
            runs[gone] = [[kept for kept in run if kept != token] for run in runs[gone]]

    def _walked(self, ours: Runs, theirs: Runs, moved: set[int]) -> list[Step[N] | Clash[N]]:
        """The kept items in order, each followed by what was added or moved behind it."""
        replaced = self._replaced()
        steps: list[Step[N] | Clash[N]] = []
        waiting: deque[Token | Clash[N] | int] = deque([START])
        waiting.extend(self._token(place) for place in sorted(self._kept - moved))
        while waiting:
            head = waiting.popleft()
            if isinstance(head, Clash):
                steps.append(head)
                continue
            if isinstance(head, tuple):
                steps.append(self._step(head))
                if head[0] is None or head[0] in self._emitted:
                    continue
                self._emitted.add(head[0])
            anchor = head if isinstance(head, int) else head[0]
            assert anchor is not None
            added = self._additions(
                ours.get(anchor, []), theirs.get(anchor, []), is_replaced=anchor in replaced
            )
            waiting.extendleft(reversed(added))
        return steps

    def _replaced(self) -> set[int]:
        """The kept items behind which both sides deleted something."""
        replaced, anchor = set(), START
        for place, item in enumerate(self.base):
            if place in self._kept:
                anchor = place
            elif place not in self.ours_of and place not in self.theirs_of and not self.is_placeholder(item):
                replaced.add(anchor)
        return replaced

    def _additions(
        self, ours: list[list[Token]], theirs: list[list[Token]], *, is_replaced: bool
    ) -> list[Token | Clash[N]]:
        result: list[Token | Clash[N]] = []
        segment: list[Token] = []
        for token in _interleaved([self._chunks(run) for run in (*ours, *theirs) if run], self._order_of):
            if token[0] is not None or None not in token[1:]:
                result += [*self._segment(segment, is_replaced=is_replaced), token]
                segment = []
            else:
                segment.append(token)
        return result + self._segment(segment, is_replaced=is_replaced)

    def _chunks(self, run: list[Token]) -> deque[list[Token]]:
        """A run as pieces that stay together: something with what nests in it."""
        chunks: deque[list[Token]] = deque()
        for token in run:
            if chunks and self._stays_with(chunks[-1][0], token):
                chunks[-1].append(token)
                continue
            chunks.append([token])
        return chunks

    def _stays_with(self, head: Token, token: Token) -> bool:
        """Whether something new nests in something new, both of one side alone."""
        is_own = head[0] is None and None in head[1:] and token[0] is None and None in token[1:]
        return is_own and self.nests(self._item(head), self._item(token))

    def _order_of(self, token: Token) -> str:
        items = (self.ours[token[1]] if token[1] is not None else None,
                 self.theirs[token[2]] if token[2] is not None else None)  # fmt: skip
        return min(self.order(item) for item in items if item is not None)

    def _segment(self, tokens: list[Token], *, is_replaced: bool) -> list[Token | Clash[N]]:
        mine = sorted(place for _, place, _ in tokens if place is not None)
        yours = sorted(place for _, _, place in tokens if place is not None)
        needed = Firmness.IDENTIFIED if is_replaced else Firmness.NAMED
        items = [self.ours[place] for place in mine], [self.theirs[place] for place in yours]
        if all(items) and any(self.firmness(item) < needed for some in items for item in some):
            return [Clash(tuple(items[0]), tuple(items[1]))]
        return list(tokens)


def _with_token(runs: list[list[Token]], old: Token, new: Token) -> list[list[Token]]:
    return [[new if token == old else token for token in run] for run in runs]


def _interleaved(runs: list[deque[list[Token]]], order: Callable[[Token], str]) -> list[Token]:
    """The runs as one: always the smallest head, a shared item only when it heads every run that has it.

    Taking the smallest head keeps each run in its own order and does not depend on which runs were merged
    before: a run is a row of blocks that each begin with a new greatest key, and the blocks get sorted.
    """
    taken: set[Token] = set()
    result: list[Token] = []
    while True:
        for run in runs:
            while run and run[0][0] in taken:
                run.popleft()
        runs = [run for run in runs if run]
        if not runs:
            return result
        heads = [run[0] for run in runs]
        behind = {chunk[0] for run in runs for chunk in list(run)[1:]} if len(runs) > 1 else set()
        ready = [head for head in heads if head[0] not in behind]
        chosen = min(ready or heads, key=lambda head: order(head[0]))
        result += chosen
        taken.update(chosen)
