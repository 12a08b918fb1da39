"""Counts of what stands in the document itself, taken anew from the merged text.

Both sides add a task and write 6 where 5 stood: the merged text has seven. A count is taken anew where the
same way of counting made the number of the base, of ours and of theirs; or at least what each side added to
the number of the base: a document that holds only some of the tasks still tells how many were added.
"""

import re
from collections.abc import Iterator, Sequence

from afterpush.conflicts.census import UNITS, Reader
from afterpush.conflicts.counters import derived_percentages
from afterpush.conflicts.prose import essence
from afterpush.conflicts.slots import DIGIT, Slot, Slots, hint_of, number_start, shape_of
from afterpush.roadmap.blocks import Lines
from afterpush.roadmap.outline import Section, outline_of
from afterpush.roadmap.tables import display_width

_SHARE = re.compile(r"\d+(?:\.\d+)?")


def recounted(roots: Sequence[Section], merged: Lines) -> tuple[Lines, list[str]]:
    """The merged lines with the counts that could be taken anew, and a sentence for each.

    `roots` are the base, ours and theirs.
    """
    changed = _changed_by_both([root.lines for root in roots])
    if not changed:
        return merged, []
    shapes, hints, reader = set(changed), set(changed.values()), Reader()
    texts = [Slots(root, shapes, hints, reader) for root in (*roots, outline_of(merged)[0])]
    lines, said = list(merged), []
    for number, changes in _changes(texts).items():
        before = lines[number]
        # From the right, so that what stands further left keeps its place.
        for slot, count in sorted(changes, key=lambda change: -change[0].start):
            lines[number] = _with_number(lines[number], slot.start, slot.text, _like(slot.text, count))
        lines[number] = _with_shares(_old_lines(texts, changes[0][0]), lines[number])
        said.append(f"'{before.strip()}' became '{lines[number].strip()}' (counted anew)")
    return tuple(lines), said


def _changed_by_both(versions: Sequence[Lines]) -> dict[str, str]:
    """The shapes, without their numbers, of lines that both sides wrote anew; with their first characters."""
    before = set(versions[0])
    mine, yours = (
        {shape_of(line): hint_of(line) for line in lines if line not in before and DIGIT.search(line)}
        for lines in versions[1:]
    )
    return {shape: hint for shape, hint in mine.items() if shape in yours}


def _changes(texts: Sequence[Slots]) -> dict[int, list[tuple[Slot, int]]]:
    """The numbers that become others, by their lines."""
    changes: dict[int, list[tuple[Slot, int]]] = {}
    for key, slots in texts[3].found.items():
        known = [text.found.get(key, []) for text in texts[:3]]
        if any(len(some) != len(slots) for some in known):
            continue
        for place, slot in enumerate(slots):
            count = _taken_anew(texts, [some[place] for some in known], slot)
            if count is not None and count != slot.value:
                changes.setdefault(slot.number, []).append((slot, count))
    return changes


def _taken_anew(texts: Sequence[Slots], old: Sequence[Slot], slot: Slot) -> int | None:
    """The count that the merged text makes, by the ways of counting that made all three old ones."""
    before, mine, yours = (one.value for one in old)
    if before in (mine, yours) and slot.value == mine + yours - before:
        return None
    if before not in (mine, yours):
        answers = set(_whole_counts(texts, old, slot))
        if len(answers) == 1:
            return answers.pop()
        if answers:
            return None
    answers = set(_added_counts(texts, old)) if slot.is_named else set()
    return answers.pop() if len(answers) == 1 else None


def _whole_counts(texts: Sequence[Slots], old: Sequence[Slot], slot: Slot) -> Iterator[int]:
    """Where each number was the count of something, the count of that now."""
    for unit in UNITS:
        for depth in range(min(len(one.scopes) for one in (*old, slot))):
            made = [
                text.counts(one.scopes[depth])[unit, one.meaning]
                for text, one in zip(texts, (*old, slot), strict=True)
            ]
            if made[:3] == [one.value for one in old]:
                yield made[3]


def _added_counts(texts: Sequence[Slots], old: Sequence[Slot]) -> Iterator[int]:
    """Where each side changed the number by what it added to the whole document, the base plus all that."""
    meaning, values = old[0].meaning, [one.value for one in old]
    for unit in UNITS:
        made = [text.counts(text.root)[unit, meaning] for text in texts]
        if all(count - made[0] == value - values[0] for count, value in zip(made, values, strict=False)):
            yield values[0] + made[3] - made[0]


def _like(text: str, count: int) -> str:
    return f"{count:,}" if "," in text else str(count)


def _old_lines(texts: Sequence[Slots], slot: Slot) -> list[str]:
    """The three versions of the line in which a number of the merged text stands."""
    key = next(key for key, slots in texts[3].found.items() if slot in slots)
    return [text.found[key][0].line for text in texts[:3]]


def _with_number(line: str, start: int, old: str, new: str) -> str:
    """The line with another number; in a table the column keeps its width."""
    rest = line[start + len(old) :]
    grown = display_width(new) - display_width(old)
    blanks = re.match(r"([*_`]*)( *)", rest) if line.lstrip().startswith("|") else None
    if blanks and grown > 0 and len(blanks[2]) > grown:
        rest = blanks[1] + rest[len(blanks[1]) + grown :]
    elif blanks and grown < 0:
        rest = blanks[1] + " " * -grown + rest[len(blanks[1]) :]
    return line[:start] + new + rest


def _with_shares(old: Sequence[str], line: str) -> str:
    """The line with the percentages that its counts now make."""
    if not line.lstrip().startswith("|"):
        return derived_percentages(old, line)
    *before, now = (essence((text,))[0] for text in (*old, line))
    cells, made = now.split("|"), derived_percentages(before, now).split("|")
    for column in reversed(range(len(cells))):
        share = _SHARE.search(cells[column])
        if share and cells[column] != made[column]:
            new = _SHARE.search(made[column])
            start = number_start(line, column)
            line = _with_number(line, start, share[0], new[0] if new else share[0])
    return line
