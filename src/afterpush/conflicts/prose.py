"""Merging lines that have no structure of their own: prose, code, comments, quotes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from afterpush.conflicts.counters import template_of
from afterpush.conflicts.matching import match, words_alike
from afterpush.conflicts.pieces import Hunk, Ledger, Piece, Pieces
from afterpush.conflicts.sequences import Clash, EntangledError, Firmness, Sequences, Step
from afterpush.conflicts.values import merge_text, merge_value, steady, three_way
from afterpush.infra.git.merge_file import merge_file
from afterpush.roadmap.blocks import ITEM, Lines
from afterpush.roadmap.ids import leading_id, leading_session
from afterpush.roadmap.metadata import KeyLine, read_entries
from afterpush.roadmap.tables import normal, said_cells

_MARKERS = 47


def essence(lines: Lines) -> tuple[str, ...]:
    """What lines say: without blank lines, padding and the length of a table's dashes."""
    return tuple(_said(line) for line in lines if line and not line.isspace())


@lru_cache(maxsize=1 << 16)
def _said(line: str) -> str:
    if "|" not in line or not line.lstrip().startswith("|"):
        return normal(line)
    cells = said_cells(line)
    if all(set(cell) <= {"-", ":"} and cell for cell in cells):
        cells = tuple(cell[0] + cell[-1] for cell in cells)
    return "|".join(cells)


def merge_by_git(base: Lines | None, ours: Lines, theirs: Lines) -> Pieces:
    """The lines merged by `git merge-file`, its conflicts as hunks."""
    texts = ["".join(line + "\n" for line in lines or ()).encode("utf-8", "surrogateescape")
             for lines in (base, ours, theirs)]  # fmt: skip
    merged = merge_file(texts[0], texts[1], texts[2], marker_size=_MARKERS)
    return _hunks(merged.text.decode("utf-8", "surrogateescape").split("\n")[:-1])


def _hunks(lines: Sequence[str]) -> Pieces:
    pieces: list[Piece] = []
    sides: tuple[list[str], list[str]] = ([], [])
    side = -1
    for line in lines:
        if line.startswith("<" * _MARKERS):
            sides, side = ([], []), 0
        elif line == "=" * _MARKERS and side == 0:
            side = 1
        elif line.startswith(">" * _MARKERS):
            pieces.append(Hunk(tuple(sides[0]), tuple(sides[1])))
            side = -1
        elif side >= 0:
            sides[side].append(line)
        else:
            pieces.append(line)
    return pieces


def merge_lines(
    base: Lines | None, ours: Lines, theirs: Lines, what: str, ledger: Ledger, *, has_plain_keys: bool = False
) -> Pieces:
    """Lines of prose: line by line where one side only touched keys, bullets and counts; else as git does.

    With `has_plain_keys` (front matter) a key needs no emphasis.
    """
    if essence(ours) == essence(theirs):
        return list(_steady_lines(base, ours, theirs))
    if base is not None:
        before = essence(base)
        if before == essence(ours):
            return list(theirs)
        if before == essence(theirs):
            return list(ours)
        pieces = _LineMerge(base, ours, theirs, ledger, has_plain_keys=has_plain_keys).pieces()
        if pieces is not None:
            return pieces
    pieces = merge_by_git(base, ours, theirs)
    if any(isinstance(piece, Hunk) for piece in pieces):
        ledger.refuse(what, "both sides changed the same lines")
    return pieces


def _steady_lines(base: Lines | None, ours: Lines, theirs: Lines) -> Lines:
    if base in (ours, theirs):
        return theirs if base == ours else ours
    return max((ours, theirs), key=lambda lines: (sum(map(len, lines)), lines))


@dataclass(frozen=True, eq=False)
class _Line:
    text: str
    has_plain_key: bool = False

    @cached_property
    def inner(self) -> str:
        """Without the marks of a quote."""
        return self.text.lstrip().lstrip(">").strip()

    @cached_property
    def entries(self) -> tuple[KeyLine, ...]:
        is_key = self.inner.startswith("**") or (self.has_plain_key and self.inner == self.text.rstrip())
        return read_entries(self.inner) if is_key else ()

    @cached_property
    def key(self) -> str | None:
        """The first key of a line of keys; the ID of a row that stands apart from its table."""
        if self.entries:
            return self.entries[0].key
        if not self.inner.startswith("|"):
            return None
        cell = said_cells(self.inner)[0]
        task = leading_id(cell)
        return leading_session(cell) or (task[0] if task else None)

    @property
    def firmness(self) -> Firmness:
        if self.key:
            return Firmness.IDENTIFIED
        return Firmness.NAMED if ITEM.match(self.inner) and self.inner != self.text else Firmness.LOOSE


class _LineMerge:
    """Line by line; `pieces` is None when both sides touched the prose itself."""

    def __init__(
        self, base: Lines, ours: Lines, theirs: Lines, ledger: Ledger, *, has_plain_keys: bool
    ) -> None:
        self.base, self.ours, self.theirs = (
            [_Line(line, has_plain_keys) for line in lines] for lines in (base, ours, theirs)
        )
        self.ledger = ledger

    def pieces(self) -> Pieces | None:
        ours_of, theirs_of = self._matched(self.ours), self._matched(self.theirs)
        if not (self._is_firm(ours_of, self.ours) or self._is_firm(theirs_of, self.theirs)):
            return None
        new = [[place for place in range(len(side)) if place not in of.values()]
               for side, of in ((self.ours, ours_of), (self.theirs, theirs_of))]  # fmt: skip
        pairs = match(
            [self.ours[place] for place in new[0]],
            [self.theirs[place] for place in new[1]],
            (lambda line: normal(line.text), lambda line: line.key),
            lambda one, other: 0.0,
        )
        both = {new[0][place]: new[1][other] for place, other in pairs.items()}
        sequences = Sequences(
            self.base, self.ours, self.theirs, ours_of, theirs_of, both,
            is_same=lambda one, other: normal(one.text) == normal(other.text),
            order=lambda line: f"{line.key or ''}\0{line.text}",
            firmness=lambda line: line.firmness, is_placeholder=lambda line: False,
        )  # fmt: skip
        try:
            steps = sequences.arranged()
        except EntangledError:
            return None
        if any(isinstance(step, Clash) for step in steps):
            return None
        pieces = [self._merged(step) for step in steps if isinstance(step, Step)]
        return (
            None
            if any(piece is None for piece in pieces)
            else [piece for piece in pieces if piece is not None]
        )

    def _matched(self, side: list[_Line]) -> dict[int, int]:
        return match(self.base, side, (lambda line: normal(line.text), lambda line: line.key), _likeness)

    def _is_firm(self, of_base: dict[int, int], side: list[_Line]) -> bool:
        """Whether only keys, bullets and counts were added, taken or changed."""
        touched = [line for place, line in enumerate(self.base) if place not in of_base]
        touched += [line for place, line in enumerate(side) if place not in of_base.values()]
        if any(line.firmness is Firmness.LOOSE and line.inner for line in touched):
            return False
        for place, other in of_base.items():
            before, after = self.base[place], side[other]
            is_loose = before.firmness is Firmness.LOOSE
            if is_loose and template_of(normal(before.text)) != template_of(normal(after.text)):
                return False
        return True

    def _merged(self, step: Step[_Line]) -> Piece | None:
        """The line of one step; None for an edit against a deletion."""
        if step.ours is None or step.theirs is None:
            line = step.ours or step.theirs
            return line.text if line and step.base is None else None
        base = step.base.text if step.base else None
        if step.ours.entries:
            return merge_key_line(base, step.ours.text, step.theirs.text, self.ledger)
        decision = merge_text(base, step.ours.text, step.theirs.text)
        if decision is None:
            return None
        if decision.rule:
            self.ledger.decide("a line", step.ours.text, step.theirs.text, decision.value, decision.rule)
            self.ledger.explain(*(line for line in (base, step.ours.text, step.theirs.text) if line))
        return decision.value


def _likeness(one: _Line, other: _Line) -> float:
    return 0.0 if one.key or other.key else words_alike(one.text.split(), other.text.split())


def merge_key_line(base: str | None, ours: str, theirs: str, ledger: Ledger) -> Piece:
    """A line of keys and values, key by key; a hunk with only the disagreeing values when there is one."""
    decided = three_way(base, ours, theirs)
    if decided is not None:
        return decided
    entries = [read_entries(line) if line else () for line in (base, ours, theirs)]
    keys = [[entry.key for entry in some] for some in entries]
    if keys[1] != keys[2] or (base and keys[0] != keys[1]) or not keys[1]:
        return _unlike_keys(entries, (base, ours, theirs), ledger)
    known = entries[0] or (None,) * len(keys[1])
    sides = ["", ""]
    for before, mine, yours in zip(known, entries[1], entries[2], strict=True):
        head = steady(before.head if before else None, mine.head, yours.head)
        tail = steady(before.tail if before else None, mine.tail, yours.tail)
        decision = merge_value(mine.key, before.value if before else None, mine.value, yours.value)
        if decision is None:
            ledger.refuse(mine.key, f"'{mine.value}' against '{yours.value}'")
        elif decision.rule:
            ledger.decide(mine.key, mine.value, yours.value, decision.value, decision.rule)
        values = (mine.value, yours.value) if decision is None else (decision.value, decision.value)
        sides = [side + head + value + tail for side, value in zip(sides, values, strict=True)]
    ledger.explain(*(line for line in (base, ours, theirs) if line))
    return sides[0] if sides[0] == sides[1] else Hunk((sides[0],), (sides[1],))


def _unlike_keys(
    entries: Sequence[Sequence[KeyLine]], lines: tuple[str | None, str, str], ledger: Ledger
) -> Piece:
    """Lines that do not hold the same keys: keys that were appended to the same beginning are all kept."""
    base, ours, theirs = lines
    before = len(entries[0])
    begins = [[entry.key for entry in some[:before]] for some in entries]
    added = [some[before:] for some in entries[1:]]
    names = [{entry.key for entry in some} for some in added]
    if base and before and begins[0] == begins[1] == begins[2] and not names[0] & names[1]:
        starts = [_text(some[:before]) for some in entries]
        start = merge_key_line(starts[0].rstrip(), starts[1].rstrip(), starts[2].rstrip(), ledger)
        if isinstance(start, str):
            ledger.explain(base, ours, theirs)
            extra = sorted((*added[0], *added[1]), key=lambda entry: entry.key)
            return start + "".join(_appended(entry) for entry in extra)
    ledger.refuse("a line of keys", "both sides changed it, and not the same keys")
    return Hunk((ours,), (theirs,))


def _appended(entry: KeyLine) -> str:
    head = entry.head if entry.head.startswith((" ", "|")) else f" | {entry.head}"
    return head + entry.value


def _text(entries: Sequence[KeyLine]) -> str:
    """The text of entries, without what parts them from the next."""
    return "".join(entry.text for entry in entries).rstrip(" |·•")
