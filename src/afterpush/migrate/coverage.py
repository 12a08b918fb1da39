"""Comparing what the sources define with what the boot script (and the consolidated steps) define."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.migrate.replay.history import Effect, History
from afterpush.migrate.replay.schema import BY_DEFINITION, ELUSIVE, Key, part_kind, part_name, shown, twins
from afterpush.migrate.statements.split import Statement

_NOT_LISTED = ("order", "partitions", "schema", *ELUSIVE)


@dataclass(frozen=True)
class Object:
    """A part of the schema that the sources make, and what covers it."""

    kind: Annotated[str, "`table`, `column`, `primary_key`, `index`, `foreign_key`, `check`, `view`, ..."]
    table: Annotated[str | None, "the table that it belongs to, or is; null for what belongs to none"]
    name: str
    file: Annotated[str, "the file that made it, or changed it last"]
    line: int
    covered: Annotated[bool, "whether the boot script or the steps make it with the same definition"]
    where: Annotated[str | None, "`file:line` of what covers it; null where nothing does"]
    known_as: Annotated[str | None, "its name there; null where that is the same"]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Duplicate:
    """One definition that goes by several names."""

    kind: str
    table: str
    definition: Annotated[str, "the columns, or the definition"]
    names: Annotated[tuple[str, ...], "the names that this definition has"]
    places: Annotated[tuple[str, ...], "`file:line`, one for each name"]


@dataclass(frozen=True)
class Redefinition:
    """A table (or other object) that two places define differently."""

    table: str
    places: Annotated[tuple[str, ...], "`file:line` of both definitions"]
    differences: Annotated[str, "the parts that differ"]


def place_of(statement: Statement) -> str:
    return f"{statement.file}:{statement.line}"


def objects(sources: History, cover: History, lent: Sequence[Statement] = ()) -> list[Object]:
    """Every object of the sources with what covers it. What was lent to the boot script covers nothing."""
    covering = {key: statement for key, statement in cover.made.items() if statement not in lent}
    found, unwritten = [], _made_for_keys(sources)
    for key, statement in sources.made.items():
        kind = part_kind(key)
        if kind in _NOT_LISTED or key in unwritten:
            continue
        twin = _twin(key, sources, cover, covering)
        name = part_name(key)
        found.append(
            Object(
                kind="primary_key" if key[2] == "index PRIMARY" else kind.replace(" ", "_"),
                table=key[1] if key[0] == "table" and key[1] else None,
                name=name,
                file=statement.file,
                line=statement.line,
                covered=twin is not None,
                where=place_of(covering[twin]) if twin else None,
                known_as=part_name(twin) if twin and part_name(twin) != name else None,
            )
        )
    places = [place_of(effect.statement) for effect in sources.effects]
    order = {place: number for number, place in reversed(list(enumerate(places)))}
    return sorted(found, key=lambda one: (order.get(one.place, 0), one.table or "", one.kind != "table"))


def _twin(key: Key, sources: History, cover: History, covering: dict[Key, Statement]) -> Key | None:
    """The part that is this one on the other side: of its name first, then of any name."""
    text = sources.final[key]
    if key in covering and cover.final[key] == text and _same_partitions(key, sources, cover):
        return key
    if not key[2].startswith(BY_DEFINITION):
        return None
    return next((other for other in twins(key, text, cover.final) if other in covering), None)


def _same_partitions(key: Key, sources: History, cover: History) -> bool:
    if key[2] != "table":
        return True
    part = (*key[:2], "partitions")
    return sources.final.get(part) == cover.final.get(part)


def _made_for_keys(history: History) -> frozenset[Key]:
    """The indexes that the server made for foreign keys, which nobody wrote."""
    keys: dict[tuple[str, Statement | None], list[tuple[str, list[str]]]] = defaultdict(list)
    for key, text in history.final.items():
        if key[2].startswith("foreign key "):
            columns = [part.split(" -> ")[0] for part in text.split(", ")]
            keys[key[1], history.made.get(key)].append((part_name(key), columns))
    return frozenset(
        key
        for key, text in history.final.items()
        if key[2].startswith("index ") and not text.startswith("UNIQUE")
        for name, columns in keys.get((key[1], history.made.get(key)), ())
        if text.removeprefix("BTREE ").split(", ") == columns
        and part_name(key) in (name, columns[0].strip("`"))
    )


def duplicates(sources: History, cover: History) -> list[Duplicate]:
    """The same index, foreign key or check under several names, on either side or across."""
    groups: dict[tuple[str, str, str], dict[str, str]] = {}
    for history in (sources, cover):
        unwritten = _made_for_keys(history)
        for key, statement in history.made.items():
            if key[2].startswith(BY_DEFINITION) and key[2] != "index PRIMARY" and key not in unwritten:
                kind = part_kind(key)
                group = groups.setdefault((kind.replace(" ", "_"), key[1], history.final[key]), {})
                group.setdefault(part_name(key), place_of(statement))
    return [
        Duplicate(kind, table, _shown(kind, text), tuple(names), tuple(names.values()))
        for (kind, table, text), names in groups.items()
        if len(names) > 1
    ]


def _shown(kind: str, text: str) -> str:
    """`UNIQUE (a, b)` of an index, as people write it."""
    if kind != "index":
        return text
    unique, columns = (
        "UNIQUE " if text.startswith("UNIQUE") else "",
        text.removeprefix("UNIQUE ").partition(" ")[2],
    )
    return f"{unique}({columns.replace('`', '').lower()})"


def redefinitions(sources: History, cover: History) -> Iterator[Redefinition]:
    """What two places define differently: the second one does nothing, silently."""
    yield from _hidden(sources, sources)
    yield from _hidden(cover, sources)
    for table, keys in _differing(sources, cover).items():
        first, second = sources.made[keys[0]], cover.made[keys[0]]
        what = ", ".join(shown(key) for key in keys)
        yield Redefinition(table, (place_of(first), place_of(second)), what)


def _hidden(history: History, sources: History) -> Iterator[Redefinition]:
    """CREATE TABLE IF NOT EXISTS of a table that is there, in a form that it never had."""
    for effect in history.effects:
        known = [sources, history]
        wrong = [key for key in effect.hidden if not _is_known(key, effect.hidden[key], known)]
        if wrong:
            table = wrong[0][1]
            first = _first_made(table, history, effect) or _first_made(table, sources, effect)
            places = (*([place_of(first)] if first else []), place_of(effect.statement))
            said = "IF NOT EXISTS hides that these differ: " + ", ".join(map(shown, wrong))
            yield Redefinition(table, places, said)


def _is_known(key: Key, text: str, histories: Sequence[History]) -> bool:
    if key[2] == "order":
        return True
    kind = part_kind(key)
    for history in histories:
        if text in history.texts(key):
            return True
        if key[2].startswith(BY_DEFINITION):
            for effect in history.effects:
                if any(
                    o[:2] == key[:2] and part_kind(o) == kind and t == text for o, t in effect.after.items()
                ):
                    return True
    return False


def _first_made(table: str, history: History, but: Effect) -> Statement | None:
    return next(
        (
            one.statement
            for one in history.effects
            if one is not but and ("table", table, "table") in one.after
        ),
        None,
    )


def _differing(sources: History, cover: History) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in sources.made.keys() & cover.made.keys():
        if key[2] in ("order", "counter") or sources.made[key] == cover.made[key]:
            continue
        if cover.final[key] != sources.final[key] and cover.final[key] not in sources.texts(key):
            found.setdefault(key[1], []).append(key)
    return {table: sorted(keys) for table, keys in found.items()}
