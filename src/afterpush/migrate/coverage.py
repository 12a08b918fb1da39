"""Comparing what the sources define with what the boot script (and the consolidated file) define."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from afterpush.migrate.items import Item, items
from afterpush.migrate.model import Column, Place, Schema, Table

# What does the same under another name: names of these are the second class of a comparison.
_BY_DEFINITION = frozenset(["index", "foreign_key", "check", "trigger"])


@dataclass(frozen=True)
class Object:
    """An object of the sources; `where` is the place that covers it, `known_as` its name there if another."""

    item: Item
    where: Place | None = None
    known_as: str = ""

    @property
    def covered(self) -> bool:
        return self.where is not None


@dataclass(frozen=True)
class Duplicate:
    """One definition that goes by several names."""

    kind: str
    table: str
    definition: str
    names: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Redefinition:
    """A table (or other object) that two places define differently; `what` names the parts that differ."""

    table: str
    places: tuple[Place, ...]
    what: str


def objects(sources: Schema, cover: Schema, owned: frozenset[str]) -> list[Object]:
    """Every object of the sources with what covers it; `owned` are the files whose objects count."""
    there = _by_place(cover)
    return [_object(item, there, sources, cover) for item in items(sources) if item.place.file in owned]


_ByPlace = dict[tuple[str, str], list[Item]]


def _by_place(schema: Schema) -> _ByPlace:
    """The objects by kind and table: what may be the same thing stands there."""
    found: _ByPlace = {}
    for item in items(schema):
        found.setdefault((item.kind, item.table.lower()), []).append(item)
    return found


def _object(item: Item, there: _ByPlace, sources: Schema, cover: Schema) -> Object:
    for candidate in _candidates(item, there):
        if _is_same(item, candidate, sources, cover):
            other = candidate.name if candidate.name.lower() != item.name.lower() else ""
            return Object(item, candidate.place, other)
    return Object(item)


def _candidates(item: Item, there: _ByPlace) -> list[Item]:
    """Objects of the cover that may be this one: of its name first, then of any name."""
    pool = there.get((item.kind, item.table.lower()), [])
    named = [entry for entry in pool if entry.name.lower() == item.name.lower()]
    if item.kind not in _BY_DEFINITION:
        return named
    return named + [entry for entry in pool if entry not in named]


def _is_same(item: Item, other: Item, sources: Schema, cover: Schema) -> bool:
    if item.kind == "column":
        ours, theirs = sources.tables[item.table.lower()], cover.tables[item.table.lower()]
        return not column_differences(item.name, ours, theirs)
    if item.kind == "table":
        return not table_differences(sources.tables[item.table.lower()], cover.tables[item.table.lower()])
    return item.facts == other.facts


def column_differences(name: str, ours: Table, theirs: Table) -> list[str]:
    """The properties in which a column differs; a character set that one side leaves open equals any."""
    key = name.lower()
    # A side that only changed the table does not know its defaults and its key: the other side does.
    first = (ours if ours.created or not theirs.created else theirs).effective(ours.columns[key])
    second = (theirs if theirs.created or not ours.created else ours).effective(theirs.columns[key])
    if not (first.charset and second.charset):
        first, second = (replace(column, charset="", collation="") for column in (first, second))
    if not (first.collation and second.collation):
        first, second = replace(first, collation=""), replace(second, collation="")
    return [
        _PROPERTIES[at] for at, (a, b) in enumerate(zip(first.facts(), second.facts(), strict=True)) if a != b
    ]


_PROPERTIES = (
    "type,nullable,default,on update,auto_increment,character set,collation,comment,expression,stored,"
    "invisible,extra"
).split(",")


def table_differences(ours: Table, theirs: Table) -> list[str]:
    """The table options in which two tables differ; one that only one side names differs from none."""
    first, second = ours.option_facts(), theirs.option_facts()
    found = [key for key in first.keys() & second.keys() if first[key] != second[key]]
    if " ".join(ours.partition.lower().split()) != " ".join(theirs.partition.lower().split()):
        found.append("partitions")
    return sorted(found)


def duplicates(sources: Schema, cover: Schema) -> list[Duplicate]:
    """The same index, foreign key, check or trigger under several names, on either side or across."""
    groups: dict[tuple[str, str, str], dict[str, Item]] = {}
    for item in (*items(sources), *items(cover)):
        if item.kind in _BY_DEFINITION and not item.name.startswith("("):
            key = (item.kind, item.table.lower(), repr(item.facts))
            groups.setdefault(key, {}).setdefault(item.name.lower(), item)
    return [
        Duplicate(
            kind,
            next(iter(group.values())).table,
            definition(next(iter(group.values()))),
            tuple(item.name for item in group.values()),
            tuple(item.place for item in group.values()),
        )
        for (kind, _, _), group in groups.items()
        if len(group) > 1
    ]


def definition(item: Item) -> str:
    """A short text of what the object is."""
    if item.kind == "index":
        parts, unique = item.facts[0], item.facts[1]
        assert isinstance(parts, tuple)
        text = ", ".join(f"{name}({length})" if length else str(name) for name, length, _ in parts)
        return f"{'UNIQUE ' if unique else ''}({text})"
    if item.kind == "foreign_key":
        columns, target, target_columns, on_delete, on_update = item.facts
        return f"({_joined(columns)}) -> {target} ({_joined(target_columns)}) {on_delete}/{on_update}"
    return " ".join(str(fact) for fact in item.facts)[:120]


def _joined(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, tuple) else ""


def redefinitions(sources: Schema, cover: Schema) -> Iterator[Redefinition]:
    """What both sides define, under one name, differently."""
    for key, ours in sources.tables.items():
        theirs = cover.tables.get(key)
        if theirs is None or ours is theirs:
            continue
        if what := _differences(ours, theirs):
            yield Redefinition(ours.name, (ours.place, _first_place(theirs)), ", ".join(what))
    for name, program in sources.programs.items():
        other = cover.programs.get(name)
        if other is not None and other.facts() != program.facts():
            yield Redefinition(program.name, (program.place, other.place), f"the {program.kind}'s text")


def is_earlier_stage(wanted: Table, ours: Table | None) -> bool:
    """Whether our table had every column and index of this one, alike, at some time."""
    if ours is None:
        return False
    known = {
        name: [ours.effective(stage).facts() for stage in (own, *own.earlier)]
        for name, own in ours.columns.items()
    }
    indexes = {index.facts() for index in ours.indexes.values()}
    return all(
        wanted.column_facts(own) in known.get(name, []) for name, own in wanted.columns.items()
    ) and all(index.facts() in indexes for index in wanted.indexes.values())


def _first_place(table: Table) -> Place:
    return table.place


def _differences(ours: Table, theirs: Table) -> list[str]:
    found = [
        f"column {theirs.columns[name].name} ({', '.join(properties)})"
        for name in ours.columns.keys() & theirs.columns.keys()
        if (properties := column_differences(name, ours, theirs))
    ]
    if ours.created and theirs.created:
        found += [f"table {option}" for option in table_differences(ours, theirs)]
        found += [f"column {column.name} (only there)" for column in _extra(ours, theirs)]
        lacking = ours.columns.keys() - theirs.columns.keys()
        found += [f"column {ours.columns[name].name} (not there)" for name in lacking]
    for name in ours.indexes.keys() & theirs.indexes.keys():
        if ours.indexes[name].facts() != theirs.indexes[name].facts():
            found.append("the primary key" if name == "primary" else f"index {ours.indexes[name].name}")
    return sorted(found)


def _extra(ours: Table, theirs: Table) -> list[Column]:
    """Columns that only the other CREATE TABLE has: where the table stands, IF NOT EXISTS hides them."""
    return [
        column for name, column in theirs.columns.items() if name not in ours.columns and not column.added
    ]
