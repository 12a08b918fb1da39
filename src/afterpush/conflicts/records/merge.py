"""Files of records: JSON lines by the record's ID, JSON and YAML by their members."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from afterpush.conflicts.document.align import chunks
from afterpush.conflicts.document.conflict_markers import answer
from afterpush.conflicts.document.markdown import comparable, merged_edges
from afterpush.conflicts.document.pieces import Hunk, Piece
from afterpush.conflicts.document.unchanged import shortened_lines
from afterpush.conflicts.kinds.dates import moment_of
from afterpush.conflicts.outcome import Merged, Style
from afterpush.conflicts.records.json_text import read_json
from afterpush.conflicts.records.members import KEYS, Merging, Rules, merge_values
from afterpush.conflicts.records.order import merged_order
from afterpush.conflicts.records.structure import ChangedAndDeletedError, UndecidedError
from afterpush.roadmap.source import read_source

__all__ = ["ChangedAndDeletedError", "UndecidedError", "is_readable", "merge_lines", "merge_structure"]

_STAMPS = ("created_at", "timestamp", "time", "ts", "date", "at", "updated_at")


def merge_structure(base: bytes, ours: bytes, theirs: bytes, rules: Rules, *, is_yaml: bool) -> Merged:
    """Three JSON or YAML texts by their members. Raises UndecidedError."""
    texts = [text.decode("utf-8", "surrogateescape") for text in (base, ours, theirs)]
    merging = Merging(rules)
    if is_yaml:
        from afterpush.conflicts.records.yaml_text import read_yaml

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


def is_readable(text: bytes, *, is_yaml: bool) -> bool:
    """Whether a text is JSON, or YAML of the kind that is merged."""
    from afterpush.conflicts.records.yaml_text import read_yaml

    try:
        (read_yaml if is_yaml else read_json)(text.decode("utf-8", "surrogateescape"))
    except UndecidedError:
        return False
    return True


def _settled(text: str, merging: Merging) -> Merged:
    return Merged(text.encode("utf-8", "surrogateescape"), True, resolved=tuple(merging.said))


def merge_lines(base: bytes, ours: bytes, theirs: bytes, style: Style) -> Merged:
    """Three files of one JSON object a line. Raises UndecidedError for lines that are none."""
    sources = comparable([read_source(text) for text in (base, ours, theirs)])
    short = shortened_lines(*(tuple(filter(str.strip, source.lines)) for source in sources))
    lines = short.texts
    records = {line: _record(line) for line in dict.fromkeys(line for some in lines for line in some)}
    name = _key_of([[records[line] for line in some if line[0] != "\0"] for some in lines])
    said: list[str] = []
    pieces = _log(lines, records) if name is None else _by_key(name, lines, records, said)
    whole: list[Piece] = []
    for piece in pieces:
        whole += short.stretches.get(piece, (piece,)) if isinstance(piece, str) else (piece,)
    return answer(whole, merged_edges(sources), said, style)


Record = dict[str, Any]


def _record(line: str) -> Record:
    if line[0] == "\0":
        return {}
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UndecidedError(f"a line is no JSON object ({error})") from error
    if not isinstance(value, dict):
        raise UndecidedError("a line is no JSON object")
    return value


def _key_of(records: Sequence[Sequence[Record]]) -> str | None:
    """The name under which every record has an ID of its own."""
    for name in KEYS:
        keys = [[_field(record, name) for record in some] for some in records]
        if all(None not in some and len(set(some)) == len(some) for some in keys):
            return name
    return None


def _field(record: Record, name: str) -> str | None:
    found = record.get(name)
    return str(found) if isinstance(found, str | int) else None


def _by_key(
    name: str, lines: Sequence[Sequence[str]], records: Mapping[str, Record], said: list[str]
) -> list[Piece]:
    known = [{_field(records[line], name) or line: line for line in some} for some in lines]
    pieces: list[Piece] = []
    for key in merged_order(*(list(some) for some in known)):
        pieces += _one(key, known[0].get(key), known[1].get(key), known[2].get(key), said)
    # A record that one side changed and the other deleted may be in the order of neither.
    return pieces + _deleted_and_changed(known, pieces)


def _one(key: str, base: str | None, ours: str | None, theirs: str | None, said: list[str]) -> list[Piece]:
    """The line of one record, as its side wrote it; of one that both changed, field by field."""
    if ours is not None and theirs is not None:
        if ours == theirs or theirs == base:
            return [ours]
        return [theirs] if ours == base else [_by_field(key, base, ours, theirs, said)]
    survivor = ours if theirs is None else theirs
    if survivor is None or survivor == base:
        return []
    return [survivor] if base is None else [_disputed(key, ours, theirs)]


def _by_field(key: str, base: str | None, ours: str, theirs: str, said: list[str]) -> Piece:
    merging = Merging()
    try:
        known = read_json(base)[1] if base is not None else None
        merged = merge_values(known, read_json(ours)[1], read_json(theirs)[1], "", merging)
    except UndecidedError as error:
        why = f"{key}: {error}" if base else f"{key}: both sides gave this new ID to different records"
        return Hunk((ours,), (theirs,), why)
    said += [f"{key}: {sentence}" for sentence in merging.said]
    return merged.text


def _disputed(key: str, ours: str | None, theirs: str | None) -> Hunk:
    who = "ours deleted it, theirs changed it" if ours is None else "theirs deleted it, ours changed it"
    sides = [() if line is None else (line,) for line in (ours, theirs)]
    return Hunk(sides[0], sides[1], f"{key}: {who}")


def _deleted_and_changed(known: Sequence[dict[str, str]], pieces: Sequence[Piece]) -> list[Piece]:
    shown = {line for piece in pieces if isinstance(piece, Hunk) for line in (*piece.ours, *piece.theirs)}
    found: list[Piece] = []
    for key, before in known[0].items():
        mine, yours = known[1].get(key), known[2].get(key)
        survivor = mine if yours is None else yours
        is_half = (mine is None) != (yours is None)
        if is_half and survivor != before and survivor not in shown:
            found.append(_disputed(key, mine, yours))
    return found


def _log(lines: Sequence[Sequence[str]], records: Mapping[str, Record]) -> list[Piece]:
    """Lines without an ID: a log, in which what both append is in the order of time."""
    when = {line: _moment(record) for line, record in records.items()}
    pieces: list[Piece] = []
    for chunk in chunks(*lines):
        if not chunk.is_open:
            pieces += chunk.merged
        elif not chunk.base and all(when[line] for line in (*chunk.ours, *chunk.theirs)):
            added = {*chunk.ours, *chunk.theirs}
            pieces += [line for _, line in sorted((when[line], line) for line in added)]
        else:
            why = "both sides wrote here, and nothing tells the order"
            pieces.append(Hunk(chunk.ours, chunk.theirs, why))
    return pieces


def _moment(record: Record) -> str:
    """When a line of a log was written."""
    for name in _STAMPS:
        if (said := _field(record, name)) and (moment_of(said) or said.isdigit()):
            return _in_utc(said)
    return ""


def _in_utc(said: str) -> str:
    """A time with an offset as it is in UTC: half past twelve at +02:00 is before eleven at Z."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return said
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else said
