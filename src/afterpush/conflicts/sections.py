"""Merging the tree of sections: by task ID where the heading has one, else by what it says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from afterpush.conflicts.bodies import kept_blocks, merge_bodies
from afterpush.conflicts.dates import without_dates
from afterpush.conflicts.deletions import disputed
from afterpush.conflicts.headings import merge_heading
from afterpush.conflicts.lists import steady_gap
from afterpush.conflicts.matching import match
from afterpush.conflicts.pieces import Hunk, Ledger, Pieces, Side
from afterpush.conflicts.prose import essence, merge_by_git
from afterpush.conflicts.sequences import Clash, EntangledError, Firmness, Sequences, Step
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.outline import Section
from afterpush.roadmap.tables import normal
from afterpush.roadmap.tasks import heading_id

_SIGNS = re.compile(r"[^\w\s]+")
_CHANGING = re.compile(r"\([^)]*\)|\d+|\0")


@lru_cache(maxsize=1 << 14)
def _without_changes(title: str) -> str:
    return normal(_SIGNS.sub(" ", _CHANGING.sub(" ", without_dates(title)))).lower()


@dataclass(frozen=True, eq=False)
class Keyed:
    """A heading with what stands right below it, and what tells it from others."""

    section: Section
    # The keys of the headings above.
    above: tuple[str, ...]

    @property
    def level(self) -> int:
        return self.section.level

    @property
    def title(self) -> str:
        return self.section.title

    @cached_property
    def identity(self) -> str | None:
        found = heading_id(self.section)
        return found[0] if found else None

    @cached_property
    def key(self) -> str:
        """The task's ID, else what the heading says without emoji, emphasis and case."""
        title = self.section.title
        return self.identity or normal(_SIGNS.sub(" ", title)).lower() or title

    @cached_property
    def rough(self) -> str | None:
        """The title without what changes in it: dates, counts, remarks."""
        return self.identity or _without_changes(self.section.title) or None

    @cached_property
    def said(self) -> tuple[str, ...]:
        return essence(self.section.own_lines)

    @cached_property
    def below(self) -> frozenset[str]:
        return frozenset(self.said[1:])

    @property
    def order(self) -> str:
        # Deeper ones first: they belong to the section before them.
        return "\0".join((str(9 - self.section.level), self.key, *self.section.own_lines))


def flattened(root: Section) -> list[Keyed]:
    """All sections below the root, in the order of the text."""
    found: list[Keyed] = []

    def collect(section: Section, above: tuple[str, ...]) -> None:
        for child in section.children:
            known = Keyed(child, above)
            found.append(known)
            collect(child, (*above, known.key))

    collect(root, ())
    return found


def merge_outlines(base: Section, ours: Section, theirs: Section, ledger: Ledger) -> Pieces:
    """Everything from the first line to the last block.

    Sections are taken as a flat sequence: a heading that one side puts between a section and its
    sub-sections does not move these.
    """
    versions = [flattened(root) for root in (base, ours, theirs)]
    ledger.place.append("the top")
    pieces = merge_bodies(base.body, ours.body, theirs.body, ledger)
    ledger.place.pop()
    try:
        steps, held = _arranged(*versions)
    except EntangledError:
        ledger.refuse("the sections", "each side moved some behind what the other moved")
        return pieces + merge_by_git(*(_lines(sections) for sections in versions))
    for step in steps:
        if isinstance(step, Clash):
            pieces += _clash(step, ledger)
        elif step.base and (step.ours is None or step.theirs is None):
            _dispute(step, held.get(step.base, "changed it"), pieces, ledger)
        else:
            pieces += _step(step, ledger)
    return pieces


def _arranged(
    base: list[Keyed], ours: list[Keyed], theirs: list[Keyed]
) -> tuple[list[Step[Keyed] | Clash[Keyed]], dict[Keyed, str]]:
    """The merged sequence, and which deleted sections the reader must see (see `disputed`)."""
    ours_of, theirs_of = matched_sections(base, ours), matched_sections(base, theirs)
    held = disputed(base, ours_of, theirs, theirs_of) | disputed(base, theirs_of, ours, ours_of)
    new = [
        [place for place in range(len(side)) if place not in set(of.values())]
        for side, of in ((ours, ours_of), (theirs, theirs_of))
    ]
    pairs = match(
        [ours[place] for place in new[0]], [theirs[place] for place in new[1]],
        (lambda known: known.said, lambda known: (known.above, known.key), lambda known: known.identity),
        lambda one, other: 0.0,
    )  # fmt: skip
    steps = Sequences(
        base, ours, theirs, ours_of, theirs_of,
        {new[0][place]: new[1][other] for place, other in pairs.items()},
        is_same=lambda one, other: one not in held and one.said == other.said,
        order=lambda known: known.order,
        firmness=lambda known: Firmness.IDENTIFIED if known.identity else Firmness.NAMED,
        nests=lambda one, other: other.level > one.level,
    ).arranged()  # fmt: skip
    return steps, held


def _lines(sections: Sequence[Keyed]) -> Lines:
    return tuple(line for known in sections for line in (*known.section.lead, *known.section.own_lines))


def matched_sections(base: Sequence[Keyed], side: Sequence[Keyed]) -> dict[int, int]:
    """Which sections are the same: by all they say, by ID or title (below the same headings first), by the
    rough title, by what is below.
    """
    return match(
        base,
        side,
        (
            lambda known: known.said if len(known.said) > 1 else None,
            lambda known: (known.above, known.key),
            lambda known: known.key,
            lambda known: (known.above, known.rough) if known.rough else None,
            lambda known: known.rough,
        ),
        _likeness,
    )


def _likeness(one: Keyed, other: Keyed) -> float:
    if one.identity or other.identity or not one.below or not other.below:
        return 0.0
    return 2 * len(one.below & other.below) / (len(one.below) + len(other.below))


def _clash(clash: Clash[Keyed], ledger: Ledger) -> Pieces:
    titles = [known.section.title for known in (*clash.ours, *clash.theirs)]
    ledger.refuse(" / ".join(titles), "both sides put different sections in the place of others")
    ours, theirs = (_lines(some)[len(some[0].section.lead) :] for some in (clash.ours, clash.theirs))
    lead = steady_gap(None, clash.ours[0].section.lead, clash.theirs[0].section.lead)
    return [*lead, Hunk(ours, theirs, is_structural=True)]


def _step(step: Step[Keyed], ledger: Ledger) -> Pieces:
    base, ours, theirs = (known.section if known else None for known in (step.base, step.ours, step.theirs))
    known = step.ours or step.theirs
    assert known is not None
    is_collision = base is None and known.identity in ledger.collisions
    if ours is not None and theirs is not None:
        lead = steady_gap(base.lead if base else None, ours.lead, theirs.lead)
        if is_collision:
            return [*lead, Hunk(ours.own_lines, theirs.own_lines, is_whole=True)]
        return [*lead, *_merged(base, ours, theirs, ledger)]
    section, side = known.section, Side.OURS if ours else Side.THEIRS
    if is_collision:
        return [*section.lead, side.hunk(section.own_lines)]
    heading = section.heading.lines if section.heading else ()
    return [*section.lead, *heading, *kept_blocks(section.body, side, ledger)]


def _dispute(step: Step[Keyed], what: str, pieces: Pieces, ledger: Ledger) -> None:
    """A section that one side deleted, between markers; what belongs together comes into one hunk."""
    known = step.ours or step.theirs
    assert known is not None and step.base is not None
    side = Side.OURS if step.ours else Side.THEIRS
    if what:
        ledger.refuse(f"'{known.title}'", step.dispute.replace("changed it", what))
    lead, lines = known.section.lead, known.section.own_lines
    if pieces and isinstance(pieces[-1], Hunk):
        lead, lines = (), lead + lines
    hunk = side.hunk(lines)
    pieces += [*lead, Hunk(hunk.ours, hunk.theirs, is_structural=True)]


def _merged(base: Section | None, ours: Section, theirs: Section, ledger: Ledger) -> Pieces:
    """Heading and body of a section that both sides have."""
    if ours.own_lines == theirs.own_lines:
        return list(ours.own_lines)
    pieces = _heading(base, ours, theirs, ledger)
    ledger.place.append(ours.title)
    pieces += merge_bodies(base.body if base else (), ours.body, theirs.body, ledger)
    ledger.place.pop()
    return pieces


def _heading(base: Section | None, ours: Section, theirs: Section, ledger: Ledger) -> Pieces:
    before, mine, yours = (
        section.heading.lines[0] if section and section.heading else "" for section in (base, ours, theirs)
    )
    decision = merge_heading(before or None, mine, yours)
    if decision is None:
        ledger.refuse(f"'{ours.title}'", f"the heading is '{theirs.title}' on the other side")
        return [Hunk((mine,), (yours,))]
    if decision.rule:
        ledger.decide("the heading", mine, yours, decision.value, decision.rule)
        ledger.explain(mine, yours, *([before] if before else []))
    return [decision.value]
