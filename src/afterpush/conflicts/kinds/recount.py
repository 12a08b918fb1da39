"""Values that the document itself gives, taken again from the merged text: counts, sums, percentages.

Both sides add a task and write 6 where 5 was: the merged text has seven. A value is taken again where one
way of making it gave the number of the base, of ours and of theirs; or, of counts, what each side added. The
ways are: counting tasks, sessions and boxes; the sum of a column in a row called Total; the sum of the counts
beside a column called Total; one count over another. A line that is between markers for such a value only is
settled by it.
"""

import re
from collections.abc import Iterator, Sequence

from afterpush.conflicts.document.pieces import Hunk, Piece
from afterpush.conflicts.kinds.census import UNITS, Place, Version, is_total, shape_of
from afterpush.conflicts.kinds.counters import (
    FRACTION,
    Part,
    derived_percentage,
    is_count_at,
    is_counter_name,
    parts_of,
)
from afterpush.roadmap.tables import said_cells

# What a word beside a number counts; the first that is found decides.
_MEANINGS = (
    ("complete", re.compile(r"complet|done|fixed|resolved|closed|finished|✅", re.I)),
    ("cancelled", re.compile(r"removed|cancel|deferred|skipped", re.I)),
    ("blocked", re.compile(r"blocked", re.I)),
    ("in-progress", re.compile(r"in[ -]?progress|active|working", re.I)),
    ("review", re.compile(r"review", re.I)),
    ("ready", re.compile(r"ready|not started|to ?do|planned", re.I)),
    ("open", re.compile(r"open|remaining|pending|left|outstanding|unresolved", re.I)),
)


def recounted(texts: Sequence[Sequence[str]], pieces: Sequence[Piece]) -> tuple[list[Piece], list[str]]:
    """The merged pieces with the values that could be taken again, and a sentence for each; texts: b, o, t.

    Nothing is counted while something else is between markers.
    """
    shapes, said = _changed_by_both(texts), list[str]()
    if not shapes or not all(_is_one_line(piece, shapes) for piece in pieces):
        return list(pieces), said
    lines = [max(piece.ours + piece.theirs) if isinstance(piece, Hunk) else piece for piece in pieces]
    answer = list(pieces)
    versions = [Version(text, shapes) for text in (*texts, lines)]
    known = [(key, place) for key, place in versions[3].places.items() if place]
    # Sums come after what they are the sums of.
    for key, place in sorted(known, key=lambda entry: is_total(said_cells(lines[entry[1].number]))):
        places = [version.places.get(key) for version in versions]
        number, piece = place.number, pieces[place.number]
        line = _Line(versions, [one for one in places if one], _sides(piece)) if all(places) else None
        text = line.taken_again() if line else lines[number]
        if isinstance(piece, Hunk) and not (line and line.is_settled):
            continue
        if text != piece:
            before = " and ".join(f"'{one.strip()}'" for one in _sides(piece))
            said.append(f"{before} became '{text.strip()}' (counted again)")
            answer[number] = lines[number] = text
    return answer, said


def _sides(piece: Piece) -> Sequence[str]:
    return (*piece.ours, *piece.theirs) if isinstance(piece, Hunk) else (piece,)


def _is_one_line(piece: Piece, shapes: set[str]) -> bool:
    """Whether a piece is a line, or two lines of one shape between markers."""
    if isinstance(piece, str):
        return True
    shape = {*map(shape_of, piece.ours), *map(shape_of, piece.theirs)}
    return len(piece.ours) == len(piece.theirs) == len(shape) == 1 and shape <= shapes


def _changed_by_both(texts: Sequence[Sequence[str]]) -> set[str]:
    """The shapes, without their numbers, of lines that both sides wrote again."""
    base = set(texts[0])
    mine, yours = (
        {shape_of(line) for line in text if line not in base and re.search(r"\d", line) and len(line) < 400}
        for text in texts[1:]
    )
    return mine & yours


class _Line:
    """One line in the base, ours, theirs and the merged text, with its numbers side by side."""

    def __init__(self, versions: Sequence[Version], places: Sequence[Place], sides: Sequence[str]) -> None:
        """`sides` are the lines between markers, or the one that is merged."""
        self.versions, self.places = versions, places
        self.texts = [version.lines[place.number] for version, place in zip(versions, places, strict=True)]
        self.columns = places[3].columns
        self.parts = [list(some) for some in zip(*map(parts_of, self.texts), strict=True)]
        self.now = [some[3].text for some in self.parts]
        now = zip(*map(parts_of, sides), strict=True)
        self.is_answered = [len({part.text for part in some}) == 1 for some in now]

    @property
    def is_settled(self) -> bool:
        """Whether every value that the sides wrote differently was taken again."""
        return all(self.is_answered)

    def taken_again(self) -> str:
        """The merged line with its counts, then its sums, then its percentages."""
        for at, some in enumerate(self.parts):
            values = [part.text.replace(",", "") for part in some]
            if some[0].kind == "number" and all(map(str.isdigit, values)):
                answers = set(self._answers(some[3], [int(value) for value in values[:3]]))
                if len(answers) == 1:
                    self._set(at, answers.pop())
        self._take_total()
        counts = [at for at, some in enumerate(self.parts) if some[0].kind == "number"]
        for at, some in enumerate(self.parts):
            if some[0].kind == "percent" and (made := self._percentage(at, counts)) is not None:
                self.now[at], self.is_answered[at] = made, True
        line = self.texts[3]
        for some, text in zip(reversed(self.parts), reversed(self.now), strict=True):
            line = _with(line, some[3], text)
        return line

    def _set(self, at: int, count: int) -> None:
        has_commas = "," in self.now[at]
        self.now[at], self.is_answered[at] = f"{count:,}" if has_commas else str(count), True

    def _column(self, part: Part) -> int:
        """The column of a part of a row; 0 in a line that is none."""
        text = self.texts[3]
        return text[: part.start].count("|") - text.lstrip().startswith("|") if self.columns else 0

    def _answers(self, part: Part, values: list[int]) -> Iterator[int]:
        """What the merged text makes of a number that both sides changed, by each way that fits."""
        both = list(zip(self.versions, self.places, strict=True))
        column = self._column(part)
        if column and all(is_total(said_cells(text)) for text in self.texts):
            sums = [version.column_sum(place, column) for version, place in both]
            if sums[:3] == values:
                yield sums[3]
                return
        meaning, is_named = _meaning(self.texts[3], part, self.columns, column)
        if values[0] in values[1:] or not is_named:
            return
        near, whole = [place.section for _, place in both], [(0, len(one.lines)) for one in self.versions]
        fits = []
        for scopes in (near, whole):
            for unit in UNITS:
                made = [
                    version.census(scope)[unit, meaning]
                    for (version, _), scope in zip(both, scopes, strict=True)
                ]
                if made[:3] == values:
                    yield made[3]
                    return
                if scopes is whole and all(made[at] - made[0] == values[at] - values[0] for at in (1, 2)):
                    fits.append(values[0] + made[3] - made[0])
        yield from fits

    def _take_total(self) -> None:
        """The column Total, where it was the sum of the counts next to it in every version."""
        names = [name.casefold() for name in self.columns]
        place = next((at for at, name in enumerate(names) if name in ("total", "all", "sum")), 0)
        parts = {self._column(some[3]): at for at, some in enumerate(self.parts) if some[0].kind == "number"}
        others = [
            at for column, at in parts.items() if column not in (0, place) and is_counter_name(names[column])
        ]
        if not place or place not in parts or not others or not all(self.is_answered[at] for at in others):
            return
        rows = [[_number(some[side].text) for some in self.parts] for side in range(3)]
        if all(row[parts[place]] == sum(row[at] for at in others) for row in rows):
            self._set(parts[place], sum(_number(self.now[at]) for at in others))

    def _percentage(self, at: int, counts: Sequence[int]) -> str | None:
        """What the counts in the line make; else what the boxes, tasks or sessions of the text make."""
        old = [part.text for part in self.parts[at][:3]]
        if counts and all(self.is_answered[place] for place in counts):
            before = [[self.parts[place][side].text for place in counts] for side in range(3)]
            now = [self.now[place] for place in counts]
            return derived_percentage(old, before, now) if before[0] not in before[1:] else None
        if counts or self.columns or old[0] in old[1:]:
            return None
        answers = set()
        for unit in UNITS:
            made = []
            for version, place in zip(self.versions, self.places, strict=True):
                census = version.census(place.section if place.section[0] else (0, len(version.lines)))
                made.append([str(census[unit, meaning]) for meaning in ("complete", "all")])
            answers.add(derived_percentage(old, made[:3], made[3]))
        answers.discard(None)
        return answers.pop() if len(answers) == 1 else None


def _number(text: str) -> int:
    bare = text.replace(",", "")
    return int(bare) if bare.isdigit() else 0


def _meaning(line: str, part: Part, columns: Sequence[str], column: int) -> tuple[str, bool]:
    """What a number counts, and whether its name says that it is a count."""
    if columns:
        name = columns[column] if 0 < column < len(columns) else ""
        return _meaning_of(name), is_counter_name(name)
    whole = FRACTION.match(line, part.start + len(part.text))
    after = re.split(
        r"[,;.+|()/]", line[whole.end() if whole else part.start + len(part.text) :], maxsplit=1
    )[0]
    before = re.split(r"[,;.+|()]", line[: part.start])[-1]
    meaning = _meaning_of(after if re.search(r"[a-z]", after, re.I) else before)
    return ("complete" if whole and meaning == "all" else meaning), is_count_at(line, part)


def _meaning_of(words: str) -> str:
    if re.search(r"\btotal\b|\ball\b", words, re.I):
        return "all"
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(words)), "all")


def _with(line: str, part: Part, new: str) -> str:
    """The line with another number; in a table the column keeps its width."""
    rest = line[part.start + len(part.text) :]
    grown = len(new) - len(part.text)
    blanks = re.match(r"([%*_`]*)( *)", rest) if line.lstrip().startswith("|") else None
    if blanks and grown > 0 and len(blanks[2]) > grown:
        rest = blanks[1] + rest[len(blanks[1]) + grown :]
    elif blanks and grown < 0:
        rest = blanks[1] + " " * -grown + rest[len(blanks[1]) :]
    return line[: part.start] + new + rest
