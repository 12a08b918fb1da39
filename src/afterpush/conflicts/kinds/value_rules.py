"""One value that both sides may have changed: a cell, a key's value, a checkbox, a heading.

Three-way first: a value that only one side changed is that side's. The rules are for what both changed
differently; where no rule decides, the answer is None and both stay between markers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from afterpush.conflicts.kinds.counters import is_counter_name, merge_counted
from afterpush.conflicts.kinds.dates import is_date, later, moment_of, with_latest_dates, without_dates
from afterpush.conflicts.kinds.three_way import three_way, three_way_said
from afterpush.roadmap.ids import TASK_ID
from afterpush.roadmap.status import Status, are_opposed, checkbox_status, find_status
from afterpush.roadmap.tables import is_empty_value, normal

DATE_KEY = re.compile(r"\b(?:date|updated|modified|reviewed|refreshed|synced)\b")
# `_Last updated: 2024-05-02 by Ann_`: the date of a text, with who wrote it.
_DATED = re.compile(r"[\W_]*(?:last )?(?:updated|modified|reviewed)(?: on| at)?\W+(?=\d|[a-z]+\.? \d)", re.I)
STATUS_KEYS = frozenset({"status", "state"})
VERSION_KEYS = frozenset({"version", "roadmap version", "document version", "doc version"})
LIST_KEYS = frozenset(
    "dependencies,depends on,dependency,deps,blocks,blocked by,requires,related,related tasks,see also,tasks,"
    "files,files affected,files modified,affected modules,labels,tags,commits,key commits,prs".split(",")
)
_VERSION = re.compile(r"(?P<before>\D{0,3}?)(?P<number>\d+(?:\.\d+)*)(?P<after>.*)", re.S)
# "🔴 OPEN", "🟡 OPEN": how urgent it is.
_COLOUR = re.compile("[🔴🟠🟡🟢🔵🟣⚪⚫]")
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_LISTED = re.compile(r"`[^`]+`|\[[^\]]*\]\([^)]*\)|[\w.*/@#-]*[./#][\w.*/@#-]*\w")


@dataclass(frozen=True)
class Decision:
    """What became of a value, and by which rule; without a rule, three-way alone decided."""

    value: str
    rule: str = ""


def merge_value(
    key: str, base: str | None, ours: str, theirs: str, *, is_count: bool | None = None
) -> Decision | None:
    """The merged value of a cell or key; None is a disagreement.

    `is_count` tells whether its numbers are counts; by default the key's name tells.
    """
    decided = three_way_said(base, ours, theirs, normal)
    if decided is not None:
        return Decision(decided)
    if base is None or is_empty_value(base):
        if is_empty_value(ours) != is_empty_value(theirs):
            return Decision(theirs if is_empty_value(ours) else ours)
    elif is_empty_value(ours) or is_empty_value(theirs):
        # One side took the value back, the other changed it.
        return None
    counts = is_counter_name(key) if is_count is None else is_count
    return _by_rule(key, base, ours, theirs, counts=counts)


Rule = Callable[[str | None, str, str], Decision | None]


def _by_rule(key: str, base: str | None, ours: str, theirs: str, *, counts: bool) -> Decision | None:
    rules: list[Rule] = []
    if key in STATUS_KEYS:
        rules = [merge_status]
    elif key in VERSION_KEYS:
        rules = [merge_version]
    elif DATE_KEY.search(key):
        rules = [merge_date]
    else:
        if key in LIST_KEYS or (base and all(_is_listing(value) for value in (base, ours, theirs))):
            rules.append(merge_listing)
        rules += [merge_pure_date, merge_dated]
        if counts:
            rules.append(merge_count)
    for rule in rules:
        decision = rule(base, ours, theirs)
        if decision is not None:
            return decision
    return None


def merge_version(base: str | None, ours: str, theirs: str) -> Decision | None:
    """The higher version; one more when both sides raised it, and differently."""
    found = [_VERSION.fullmatch(value) if value else None for value in (base, ours, theirs)]
    if found[1] is None or found[2] is None:
        return None
    numbers = [_numbers(match["number"]) if match else () for match in found]
    if numbers[1] == numbers[2]:
        remark = three_way(found[0]["after"] if found[0] else None, found[1]["after"], found[2]["after"])
        if remark is None:
            return None
        longest = max(match["before"] + match["number"] for match in found[1:] if match)
        return Decision(longest + remark, "the same version")
    highest = found[1] if numbers[1] > numbers[2] else found[2]
    if not base or min(numbers[1], numbers[2]) <= numbers[0]:
        return Decision(highest[0], "the higher version")
    *first, last = highest["number"].split(".")
    raised = ".".join([*first, str(int(last) + 1).zfill(len(last))])
    return Decision(
        f"{highest['before']}{raised}{highest['after']}", "both raised the version: one more than the higher"
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def merge_date(base: str | None, ours: str, theirs: str) -> Decision | None:
    """The later date, with the text next to it."""
    taken = later(ours, theirs)
    if taken is None:
        return None
    same = moment_of(ours) == moment_of(theirs)
    return Decision(taken, "the same date: the text that sorts last" if same else "the later date")


def merge_pure_date(base: str | None, ours: str, theirs: str) -> Decision | None:
    """The later of two values that are dates and nothing else."""
    return merge_date(base, ours, theirs) if is_date(ours) and is_date(theirs) else None


def merge_dated(base: str | None, ours: str, theirs: str) -> Decision | None:
    """Two texts that differ only in their dates: the later ones."""
    taken = with_latest_dates(ours, theirs) if moment_of(ours) else None
    return None if taken is None else Decision(taken, "the later date")


def merge_count(base: str | None, ours: str, theirs: str) -> Decision | None:
    """Counts in the same words: the base plus both differences."""
    taken = merge_counted(base, ours, theirs, is_counter=True) if base else None
    return None if taken is None else Decision(taken, "counts: the base plus both differences")


def merge_status(base: str | None, ours: str, theirs: str) -> Decision | None:
    """Statuses by their order, three-way first: so a reopened task stays open beside an edited date.

    Both on the way from ready to complete: the further one. Blocked or cancelled against anything else is
    a disagreement, and so is forward against back.
    """
    before = find_status(base).status if base else None
    mine, yours = find_status(ours).status, find_status(theirs).status
    if Status.UNKNOWN in (mine, yours):
        return merge_dated(base, ours, theirs)
    if mine is yours:
        return _same_status(base, ours, theirs)
    if mine is before or yours is before:
        return Decision(theirs if mine is before else ours, "the side that changed the status")
    if mine.rank is None or yours.rank is None or (before and are_opposed(before, mine, yours)):
        return None
    return Decision(ours if mine.rank > yours.rank else theirs, "the further status")


def _same_status(base: str | None, ours: str, theirs: str) -> Decision | None:
    """One status in two wordings: the one that says more, the later date.

    None when both add a remark, or give it different colours.
    """
    mine, yours = _remark(ours), _remark(theirs)
    colours = ["".join(_COLOUR.findall(value or "")) for value in (base, ours, theirs)]
    colour = three_way(*colours)
    if (mine != yours and mine and yours) or (colour is None and colours[1] and colours[2]):
        return None
    taken = max(
        (bool(remark), moment_of(text) or (0, 0, 0, ""), len(text), text)
        for remark, text in ((mine, ours), (yours, theirs))
    )[3]
    if colour and len(_COLOUR.findall(taken)) == len(colour) == 1:
        taken = _COLOUR.sub(colour, taken)
    return Decision(taken, "the same status: the wording that says more, the later date")


def _remark(text: str) -> str:
    """What a status says beside the status itself and dates."""
    found = find_status(text)
    return re.sub(r"[\W_]+", " ", without_dates(text[: found.start] + text[found.end :])).strip().lower()


def _is_listing(value: str) -> bool:
    """Whether a value lists IDs, code or paths and nothing else."""
    return all(TASK_ID.fullmatch(part) or _LISTED.fullmatch(part) for part in split_listing(value))


def split_listing(value: str) -> list[str]:
    """The parts of a comma-separated value; none of an empty one."""
    if is_empty_value(value):
        return []
    return [part.strip() for part in re.split(r",(?![^(]*\))|;", value) if part.strip()]


def merge_listing(base: str | None, ours: str, theirs: str) -> Decision | None:
    """Comma-separated values as sets: what either added, without what either took away."""
    bracketed = [_BRACKETED.fullmatch(value or "") for value in (base, ours, theirs)]
    if any(bracketed[1:]):
        if not (bracketed[1] and bracketed[2]) or not (bracketed[0] or is_empty_value(base or "")):
            return None
        base, ours, theirs = (found[1] if found else "" for found in bracketed)
    before, mine, yours = (split_listing(value or "") for value in (base, ours, theirs))
    replaced = [part for part in before if part not in mine and part not in yours]
    if replaced and set(mine) != set(yours):
        return None
    separator = "; " if ";" in ours + theirs and "," not in ours + theirs else ", "
    kept = [part for part in before if part in mine and part in yours]
    added = sorted({part for part in (*mine, *yours) if part not in before})
    merged = separator.join([*kept, *added]) or max(ours, theirs)
    return Decision(f"[{merged}]" if bracketed[1] else merged, "lists: what both added or kept")


def merge_text(base: str | None, ours: str, theirs: str) -> Decision | None:
    """A line of prose or a heading: three-way, else where only dates or counts differ."""
    decided = three_way_said(base, ours, theirs, normal)
    if decided is not None:
        return Decision(decided)
    is_dated = _DATED.match(ours) and _DATED.match(theirs)
    if is_dated and without_dates(ours) != without_dates(theirs) and moment_of(ours) != moment_of(theirs):
        return merge_date(base, ours, theirs)
    taken = with_latest_dates(ours, theirs) if moment_of(ours) else None
    if taken is not None:
        return Decision(taken, "the later date")
    taken = merge_counted(base, ours, theirs, is_counter=False) if base else None
    return None if taken is None else Decision(taken, "counts: the base plus both differences")


def merge_marks(base: str | None, ours: str, theirs: str) -> str | None:
    """The state of a checkbox or the status beside a title: three-way, else the further one.

    None where one went forward and the other back, or where one is cancelled or blocked.
    """
    decided = three_way(base, ours, theirs)
    if decided is not None:
        return decided
    states = [_state(mark) for mark in (base or "", ours, theirs)]
    if not base and not (ours and theirs):
        return ours or theirs
    if states[1] is states[2]:
        return max(ours, theirs, key=lambda mark: (len(mark), mark))
    if states[1].rank is None or states[2].rank is None or (base and are_opposed(*states)):
        return None
    return ours if states[1].rank > states[2].rank else theirs


def _state(mark: str) -> Status:
    return checkbox_status(mark) if len(mark) == 1 and mark in " ~/xX-" else find_status(mark).status
