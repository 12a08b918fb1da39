"""Counts in a line or a cell: what both sides changed is the base plus both differences.

A percentage is derived from the counts next to it, by the formula that made the three old ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from afterpush.conflicts.kinds.dates import DATE, later
from afterpush.conflicts.kinds.three_way import steady

NUMBER = re.compile(r"(?<![\w.#$\-–])\d+(?:,\d{3})*(?:\.\d+)?(?![\w\-–]|[.,]\d)")
_PERCENT = re.compile(rf"([~≈] ?)?({NUMBER.pattern})(?=%)")
_STATES = (
    r"total|completed?|done|open|removed|remaining|resolved|pending|blocked|closed|fixed|in[ -]progress|left|"
    r"finished|cancell?ed|deferred|outstanding"
)
_THINGS = (
    r"tasks?|items?|issues?|bugs?|defects?|sessions?|tests?|errors?|warnings?|P[0-4]|critical|high|medium|low"
)
_NAME = re.compile(
    rf"\b(?:{_STATES}|completion|count|tasks|items|issues|bugs|defects|sessions|number|progress|ready)\b",
    re.I,
)
# "3/8" and "3 of 8": so many of so many.
FRACTION = re.compile(r"[ \t]*(?:/|(?:out[ ])?of[ ])[ \t]*\d[\d,]*", re.I)
_COUNTED = re.compile(
    rf"%|(?:{FRACTION.pattern})?[\s*_]*(?:[A-Za-z]+\s){{0,2}}?(?:{_STATES}|{_THINGS})\b", re.I
)
_SUMMARY = re.compile(rf"\b(?:{_STATES})\b|%", re.I)


def is_counter_name(name: str) -> bool:
    """Whether a column or key of this name holds counts."""
    return _NAME.search(name) is not None


@dataclass(frozen=True)
class Part:
    """A date, a number or a percentage in a text."""

    text: str
    start: int
    kind: str


def parts_of(text: str) -> list[Part]:
    """The dates and numbers of a text, in order."""
    found: list[Part] = []
    covered: set[int] = set()
    for kind, pattern in (("date", DATE), ("percent", _PERCENT), ("number", NUMBER)):
        for one in pattern.finditer(text):
            if one.start() not in covered:
                found.append(Part(one[0], one.start(), kind))
                covered.update(range(one.start(), one.end()))
    return sorted(found, key=lambda part: part.start)


def _template(text: str, parts: Sequence[Part]) -> str:
    pieces, begun = [], 0
    for part in parts:
        pieces += [text[begun : part.start], f"\0{part.kind}\0"]
        begun = part.start + len(part.text)
    return "".join([*pieces, text[begun:]])


def template_of(text: str) -> str:
    """The text with signs for its dates, counts and percentages."""
    return _template(text, parts_of(text))


def merge_counted(base: str, ours: str, theirs: str, *, is_counter: bool) -> str | None:
    """Three texts that differ only in counts, percentages and dates as one; None when they do not.

    Without `is_counter` (prose), what changes must read as a count: "3 tasks open", "12 completed".
    """
    texts = (base, ours, theirs)
    parts = [parts_of(text) for text in texts]
    templates = {_template(text, found) for text, found in zip(texts, parts, strict=True)}
    if len(templates) != 1 or not (is_counter or _SUMMARY.search(base)):
        return None
    merged: list[str | None] = []
    for column in zip(*parts, strict=True):
        merged.append(_merge_part(base, column, is_counter=is_counter))
    _derive_percentages(parts, merged)
    if any(text is None for text in merged):
        return None
    pieces, begun = [], 0
    for part, text in zip(parts[0], merged, strict=True):
        pieces += [base[begun : part.start], str(text)]
        begun = part.start + len(part.text)
    return "".join([*pieces, base[begun:]])


def _merge_part(base: str, column: Sequence[Part], *, is_counter: bool) -> str | None:
    before, mine, yours = (part.text for part in column)
    if mine == yours or yours == before:
        return mine
    if mine == before:
        return yours
    if column[0].kind == "date":
        return later(mine, yours)
    is_count = is_counter or is_count_at(base, column[0])
    return sum_of_differences(before, mine, yours) if is_count and column[0].kind == "number" else None


def is_count_at(text: str, part: Part) -> bool:
    """Whether the words around a number say that it counts something: "3 tasks open", "Completed: 12"."""
    end = part.start + len(part.text)
    return bool(_COUNTED.match(text, end) or _NAME.search(text[: part.start]))


def sum_of_differences(base: str, ours: str, theirs: str) -> str | None:
    """The base plus both differences, for whole numbers that stay at least 0."""
    try:
        before, mine, yours = (int(text.replace(",", "")) for text in (base, ours, theirs))
    except ValueError:
        return None
    total = mine + yours - before
    return None if total < 0 else (f"{total:,}" if "," in base + ours + theirs else str(total))


def _derive_percentages(parts: Sequence[Sequence[Part]], merged: list[str | None]) -> None:
    """Replaces the percentages of a line by what its counts now make, where a formula is known."""
    places = [place for place, part in enumerate(parts[0]) if part.kind == "number"]
    if any(merged[place] is None for place in places):
        return
    counts = [[found[place].text for place in places] for found in parts]
    changed = [str(merged[place]) for place in places]
    for place, part in enumerate(parts[0]):
        if part.kind != "percent":
            continue
        old = [found[place].text for found in parts]
        both_changed = counts[1] != counts[0] and counts[2] != counts[0]
        if both_changed or merged[place] is None:
            derived = derived_percentage(old, counts, changed)
            merged[place] = derived if derived is not None or not both_changed else merged[place]


def derived_percentage(old: Sequence[str], counts: Sequence[Sequence[str]], now: Sequence[str]) -> str | None:
    """The percentage that the counts `now` make, by the simplest formula that made each of the `old` ones.

    One count over another is also believed where one side wrote something else, say `100%` of 186 of 190.
    """
    said = [text.lstrip("~≈ ") for text in old]
    sign = steady(*(text[: len(text) - len(bare)] for text, bare in zip(old, said, strict=True)))
    for top, bottom in _ratios(len(now)):
        for rounding in (ROUND_HALF_UP, ROUND_FLOOR):
            made = [
                _percent(row, top, bottom, text, rounding) for row, text in zip(counts, said, strict=True)
            ]
            misses = [one != text for one, text in zip(made, said, strict=True)]
            if sum(misses) <= (not misses[0] and len(top) == len(bottom) == 1):
                answer = _percent(now, top, bottom, said[0], rounding)
                return None if answer is None else sign + answer
    return None


def _ratios(width: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Sums of some counts over sums of some counts, the simplest first."""
    if width > 6:
        return []
    sets = [tuple(place for place in range(width) if bits >> place & 1) for bits in range(1, 1 << width)]
    pairs = [(top, bottom) for top in sets for bottom in sets if top != bottom and len(top) <= 2]
    return sorted(pairs, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))


def _percent(
    row: Sequence[str], top: tuple[int, ...], bottom: tuple[int, ...], like: str, rounding: str
) -> str | None:
    try:
        values = [Decimal(text.replace(",", "")) for text in row]
    except ArithmeticError:
        return None
    below = sum(values[place] for place in bottom)
    if not below:
        return None
    places = len(like.partition(".")[2])
    share = Decimal(100) * sum(values[place] for place in top) / below
    return str(share.quantize(Decimal(1).scaleb(-places), rounding=rounding))
