"""Files of records: JSON lines by the record's ID, JSON and YAML by their members."""

from collections.abc import Sequence

from afterpush.conflicts.document.align import chunks
from afterpush.conflicts.document.markdown import answer, comparable, merged_edges
from afterpush.conflicts.document.own_text import Hunk, Piece
from afterpush.conflicts.kinds.dates import moment_of
from afterpush.conflicts.kinds.json_text import read_json
from afterpush.conflicts.kinds.structure import (
    KEYS,
    Container,
    Merging,
    Rules,
    Scalar,
    UndecidedError,
    Value,
    merge_values,
    merged_order,
)
from afterpush.conflicts.outcome import Merged, Style
from afterpush.roadmap.source import read_source

__all__ = ["UndecidedError", "merge_lines", "merge_structure"]

_STAMPS = ("created_at", "timestamp", "time", "ts", "date", "at", "updated_at")


def merge_structure(base: bytes, ours: bytes, theirs: bytes, rules: Rules, *, is_yaml: bool) -> Merged:
    """Three JSON or YAML texts by their members. Raises UndecidedError."""
    texts = [text.decode("utf-8", "surrogateescape") for text in (base, ours, theirs)]
    merging = Merging(rules)
    if is_yaml:
        from afterpush.conflicts.kinds.yaml_text import read_yaml

        trees = [
            read_yaml(text if text.endswith("\n") else text + "\n") if text.strip() else None
            for text in texts
        ]
        before, mine, yours = trees
        if mine is None or yours is None:
            raise UndecidedError("one side emptied it")
        merged = merge_values(before, mine, yours, "", merging).text
        has_end = [text.endswith("\n") for text in texts]
        keeps = has_end[2] if has_end[1] == has_end[0] else has_end[1]
        text = merged if keeps else merged.removesuffix("\n")
        if read_yaml(merged).value != merge_values(before, mine, yours, "", Merging(rules)).value:
            raise UndecidedError("what both sides changed does not fit together")
        return _settled(text, merging)
    parts = [read_json(text) if text.strip() else None for text in texts]
    before_part, mine_part, yours_part = parts
    if mine_part is None or yours_part is None:
        raise UndecidedError("one side emptied it")
    value = merge_values(before_part[1] if before_part else None, mine_part[1], yours_part[1], "", merging)
    keep = mine_part if before_part is None or yours_part[::2] == before_part[::2] else yours_part
    return _settled(f"{keep[0]}{value.text}{keep[2]}", merging)


def _settled(text: str, merging: Merging) -> Merged:
    return Merged(text.encode("utf-8", "surrogateescape"), True, resolved=tuple(merging.said))


def merge_lines(base: bytes, ours: bytes, theirs: bytes, style: Style) -> Merged:
    """Three files of one JSON value a line. Raises UndecidedError for lines that are none."""
    sources = comparable([read_source(text) for text in (base, ours, theirs)])
    lines = [[line for line in source.lines if line.strip()] for source in sources]
    records = [[_record(line) for line in some] for some in lines]
    name = _key_of(records)
    said: list[str] = []
    pieces = _log(lines, records) if name is None else _by_key(name, lines, records, said)
    return answer(pieces, merged_edges(sources), said, style)


def _record(line: str) -> Container:
    try:
        value = read_json(line)[1]
    except UndecidedError as error:
        raise UndecidedError(f"a line is no JSON object: {error}") from error
    if not isinstance(value, Container) or value.is_array:
        raise UndecidedError("a line is no JSON object")
    return value


def _key_of(records: Sequence[Sequence[Container]]) -> str | None:
    for name in KEYS:
        keys = [[_field(record, name) for record in some] for some in records]
        if all(None not in some and len(set(some)) == len(some) for some in keys):
            return name
    return None


def _field(record: Container, name: str) -> str | None:
    found: Value | None = next((entry.value for entry in record.entries if entry.key == name), None)
    return str(found.value) if isinstance(found, Scalar) and isinstance(found.value, str | int) else None


def _by_key(
    name: str, lines: Sequence[Sequence[str]], records: Sequence[Sequence[Container]], said: list[str]
) -> list[Piece]:
    known = [
        {str(_field(record, name)): (line, record) for line, record in zip(some, values, strict=True)}
        for some, values in zip(lines, records, strict=True)
    ]
    pieces: list[Piece] = []
    for key in merged_order(*(list(some) for some in known)):
        before, mine, yours = (some.get(key) for some in known)
        pieces += _one(key, before, mine, yours, said)
    # A record that one side changed and the other deleted stands in no order of both.
    return pieces + _deleted_and_changed(known, pieces)


Known = tuple[str, Container] | None


def _one(key: str, base: Known, ours: Known, theirs: Known, said: list[str]) -> list[Piece]:
    if ours and theirs:
        if ours[0] == theirs[0] or (base and theirs[0] == base[0]):
            return [ours[0]]
        if base and ours[0] == base[0]:
            return [theirs[0]]
        merging = Merging()
        try:
            merged = merge_values(base[1] if base else None, ours[1], theirs[1], "", merging)
        except UndecidedError as error:
            why = f"{key}: {error}" if base else f"{key}: both sides gave this new ID to different records"
            return [Hunk((ours[0],), (theirs[0],), why)]
        said += [f"{key}: {sentence}" for sentence in merging.said]
        return [merged.text]
    survivor = ours or theirs
    if survivor is None or (base and base[0] == survivor[0]):
        return []
    if base is None:
        return [survivor[0]]
    return [_disputed(key, ours, theirs)]


def _disputed(key: str, ours: Known, theirs: Known) -> Hunk:
    who = "theirs deleted it, ours changed it" if ours else "ours deleted it, theirs changed it"
    return Hunk((ours[0],) if ours else (), (theirs[0],) if theirs else (), f"{key}: {who}")


def _deleted_and_changed(
    known: Sequence[dict[str, tuple[str, Container]]], pieces: Sequence[Piece]
) -> list[Piece]:
    shown = {line for piece in pieces if isinstance(piece, Hunk) for line in (*piece.ours, *piece.theirs)}
    found: list[Piece] = []
    for key, before in known[0].items():
        mine, yours = known[1].get(key), known[2].get(key)
        survivor = mine or yours
        if survivor and not (mine and yours) and survivor[0] != before[0] and survivor[0] not in shown:
            found.append(_disputed(key, mine, yours))
    return found


def _log(lines: Sequence[Sequence[str]], records: Sequence[Sequence[Container]]) -> list[Piece]:
    """Lines without an ID: a log, in which what both append stands in the order of time."""
    when = {
        line: _moment(record)
        for some, values in zip(lines, records, strict=True)
        for line, record in zip(some, values, strict=True)
    }
    pieces: list[Piece] = []
    for chunk in chunks(*lines):
        if not chunk.is_open:
            pieces += chunk.merged
        elif not chunk.base and all(when[line] for line in (*chunk.ours, *chunk.theirs)):
            pieces += [
                line for _, line in sorted({(when[line], line) for line in (*chunk.ours, *chunk.theirs)})
            ]
        else:
            pieces.append(
                Hunk(chunk.ours, chunk.theirs, "both sides wrote here, and nothing tells the order")
            )
    return pieces


def _moment(record: Container) -> str:
    for name in _STAMPS:
        if (said := _field(record, name)) and (moment_of(said) or said.isdigit()):
            return said
    return ""
