"""The sums and shares of a table: rows called TOTAL, columns called Total, percentages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.conflicts.kinds.counters import derived_percentage, is_counter_name

_COUNT = re.compile(r"([*_`~\s]*)(\d{1,3}(?:,\d{3})+|\d+)([*_`\s]*)")
_SHARE = re.compile(r"([*_`~≈\s]*)(\d+(?:\.\d+)?)(\s?%[*_`\s]*)")


@dataclass
class Tally:
    """A merged row and the rows that it was made of, cell by cell."""

    cells: list[str | None]
    versions: tuple[list[str] | None, ...]
    is_total: bool
    is_identified: bool


def count_in(cell: str | None) -> int | None:
    """The whole number that a cell holds, and nothing else: `**185**`."""
    found = _COUNT.fullmatch(cell) if cell else None
    return int(found[2].replace(",", "")) if found else None


def _with_count(cell: str, count: int) -> str:
    return _COUNT.sub(lambda found: f"{found[1]}{count:,}{found[3]}" if "," in found[2] else
                      f"{found[1]}{count}{found[3]}", cell, count=1)  # fmt: skip


def settle(
    names: Sequence[str],
    rows: list[Tally],
    versions: Sequence[Sequence[Sequence[str]]],
    totals: Sequence[Sequence[bool]],
) -> None:
    """Recounts, in the merged rows, what was a sum in all three versions, and derives percentages again.

    `versions` are all rows of the base, ours and theirs, `totals` which of them are rows of sums.
    """
    for row in rows:
        if not row.is_identified and not row.is_total:
            _settle_across(names, row)
    for total in (row for row in rows if row.is_total):
        _settle_down(names, total, rows, versions, totals)
        _settle_across(names, total)
    for row in rows:
        if not row.is_identified:
            _settle_shares(names, row)


def _settle_across(names: Sequence[str], row: Tally) -> None:
    """The column Total, where it was the sum of the counts beside it."""
    place = next((place for place, name in enumerate(names) if name in ("total", "all", "sum")), None)
    if place is None or None in row.versions:
        return
    others = [other for other, name in enumerate(names) if other not in (0, place) and is_counter_name(name)]
    if not all(_is_sum(known, place, others) for known in row.versions if known):
        return
    counts = [count_in(row.cells[other]) for other in others]
    known = [count for count in counts if count is not None]
    if len(known) == len([other for other in others if _is_count(row, other)]):
        _set(row, place, sum(known))


def total_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """The place of a column Total that was the sum of the counts beside it, and their sum in the last row."""
    known = [name.casefold() for name in names]
    place = next((at for at, name in enumerate(known) if name in ("total", "all", "sum")), None)
    if place is None or any(len(row) != len(names) for row in rows):
        return None
    others = [at for at, name in enumerate(known) if at not in (0, place) and is_counter_name(name)]
    if not all(_is_sum(row, place, others) for row in rows[:-1]):
        return None
    return place, sum(count_in(rows[-1][at]) or 0 for at in others)


def _is_count(row: Tally, place: int) -> bool:
    return any(count_in(known[place]) is not None for known in row.versions if known)


def _is_sum(cells: Sequence[str], place: int, others: Sequence[int]) -> bool:
    counts = [count for other in others if (count := count_in(cells[other])) is not None]
    return bool(counts) and count_in(cells[place]) == sum(counts)


def _set(row: Tally, place: int, count: int) -> None:
    like = max(known[place] for known in row.versions[1:] if known)
    current = row.cells[place]
    row.cells[place] = _with_count(like if current is None else current, count)


def _settle_down(
    names: Sequence[str],
    total: Tally,
    rows: list[Tally],
    versions: Sequence[Sequence[Sequence[str]]],
    totals: Sequence[Sequence[bool]],
) -> None:
    """The cells of a row of sums, where each was the sum of its column in every version."""
    if sum(row.is_total for row in rows) != 1 or None in total.versions:
        return
    for place in range(1, len(names)):
        columns = [
            [row[place] for row, is_total in zip(table, flags, strict=True) if not is_total]
            for table, flags in zip(versions, totals, strict=True)
        ]
        sums = [sum(count_in(cell) or 0 for cell in column) for column in columns]
        said = [count_in(known[place]) for known in total.versions if known]
        if said == sums and any(said):
            merged = [row.cells[place] for row in rows if not row.is_total]
            if None not in merged:
                _set(total, place, sum(count_in(cell) or 0 for cell in merged))


def _settle_shares(names: Sequence[str], row: Tally) -> None:
    """Percentages, where the counts beside them changed on both sides."""
    known = [cells for cells in row.versions if cells]
    if len(known) < 3:
        return
    for place in range(1, len(names)):
        found = [_SHARE.fullmatch(cells[place]) for cells in known]
        others = [
            other
            for other in range(1, len(names))
            if other != place and all(count_in(cells[other]) is not None for cells in known)
        ]
        counts = [[str(count_in(cells[other])) for other in others] for cells in known]
        now = [count_in(row.cells[other]) for other in others]
        if None in found or None in now:
            continue
        both_changed = counts[1] != counts[0] and counts[2] != counts[0]
        if row.cells[place] is None or both_changed:
            old = [match[2] for match in found if match]
            derived = derived_percentage(old, counts, [str(count) for count in now])
            if derived is not None:
                row.cells[place] = _SHARE.sub(lambda part, made=derived: f"{part[1]}{made}{part[3]}",  # type: ignore[misc]
                                              max(known[1][place], known[2][place]), count=1)  # fmt: skip
