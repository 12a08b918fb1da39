"""Two snapshots side by side: what is defined differently, and what only has another name or place."""

from collections import Counter
from dataclasses import dataclass

from afterpush.migrate.snapshot import Snapshot, Thing


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in `run` as in the run that it is compared with.

    `expected` and `found` are definitions; None where the thing is missing on that side.
    """

    run: str
    kind: str
    table: str
    name: str
    expected: str | None
    found: str | None
    message: str


@dataclass(frozen=True)
class Comparison:
    """`definitions` decide; `names` and `positions` are the second class."""

    definitions: tuple[Difference, ...]
    names: tuple[Difference, ...]
    positions: tuple[Difference, ...]


def compare(run: str, expected: Snapshot, found: Snapshot, *, copies_count: bool = False) -> Comparison:
    """What `found` (the result of `run`) has otherwise than `expected`.

    An index, key or check that one side has once and the other several times, under several names, is the
    same definition with more names: second class, unless `copies_count`.
    """
    left, right = _unmatched(expected, found)
    copies: list[Thing] = []
    if not copies_count:
        copies = _copies(left, found) + _copies(right, expected)
        left, right = _without(left, copies), _without(right, copies)
    definitions = _definitions(run, left, right)
    definitions = _without_consequences(definitions, {thing.table for thing in copies})
    names = [
        *_names(run, expected, found),
        *(_copy(run, one, expected) for one in copies if one.kind != "text"),
    ]
    return Comparison(tuple(definitions), tuple(names), tuple(_positions(run, expected, found)))


def _copies(things: list[Thing], other: Snapshot) -> list[Thing]:
    """Those that the other side has too, only fewer of them."""
    there = {(thing.key, thing.definition) for thing in other.things}
    return [thing for thing in things if not thing.named and (thing.key, thing.definition) in there]


def _without(things: list[Thing], copies: list[Thing]) -> list[Thing]:
    dropped = {id(thing) for thing in copies}
    return [thing for thing in things if id(thing) not in dropped]


def _copy(run: str, thing: Thing, left: Snapshot) -> Difference:
    is_expected = any(thing is one for one in left.things)
    how = "has no second name there" if is_expected else "goes by a further name there"
    message = f"run {run}: the definition of {thing.kind} {thing.table}.{thing.name} {how}"
    mine, theirs = (thing.definition, None) if is_expected else (None, thing.definition)
    return Difference(run, thing.kind, thing.table, thing.name, mine, theirs, message)


def _without_consequences(differences: list[Difference], explained_by: set[str]) -> list[Difference]:
    """A table or view that is missing says it for its columns; text counts where nothing else explains it."""
    holders = ("table", "view")
    whole = {one.table for one in differences if one.kind in holders and None in (one.expected, one.found)}
    kept = [one for one in differences if one.kind in holders or one.table not in whole]
    explained = explained_by | {one.table for one in kept if one.kind != "text"}
    return [one for one in kept if one.kind != "text" or one.table not in explained]


def _unmatched(expected: Snapshot, found: Snapshot) -> tuple[list[Thing], list[Thing]]:
    left = Counter((thing.key, thing.definition) for thing in expected.things)
    right = Counter((thing.key, thing.definition) for thing in found.things)

    def only(things: tuple[Thing, ...], more: Counter[object]) -> list[Thing]:
        rest = Counter(more)
        chosen = []
        for thing in things:
            if rest[(thing.key, thing.definition)] > 0:
                rest[(thing.key, thing.definition)] -= 1
                chosen.append(thing)
        return chosen

    return only(expected.things, Counter(left - right)), only(found.things, Counter(right - left))


def _definitions(run: str, left: list[Thing], right: list[Thing]) -> list[Difference]:
    """Things on one side only; those of one kind, table and name on both sides make one difference."""
    waiting: dict[tuple[str, str, str], list[Thing]] = {}
    for thing in right:
        waiting.setdefault((thing.kind, thing.table, thing.name), []).append(thing)
    differences = []
    for thing in left:
        others = waiting.get((thing.kind, thing.table, thing.name))
        differences.append(_difference(run, thing, others.pop(0) if others else None))
    differences += [_difference(run, None, thing) for things in waiting.values() for thing in things]
    return differences


def _difference(run: str, expected: Thing | None, found: Thing | None) -> Difference:
    thing = expected or found
    assert thing is not None
    place = ".".join(filter(None, [thing.table, thing.name]))
    how = (
        "is missing"
        if found is None
        else "is there, but should not be"
        if expected is None
        else "is defined otherwise"
    )
    noun = "definition" if thing.kind == "text" else thing.kind
    return Difference(
        run,
        thing.kind,
        thing.table,
        thing.name,
        expected.definition if expected else None,
        found.definition if found else None,
        f"run {run}: {noun} {place} {how}".replace("  ", " "),
    )


def _names(run: str, expected: Snapshot, found: Snapshot) -> list[Difference]:
    """Things with the same definition that go by other names."""
    differences = []
    left, right = _by_definition(expected), _by_definition(found)
    for place in sorted(left.keys() & right.keys()):
        kind, table, _ = place
        mine, theirs = Counter(left[place]), Counter(right[place])
        gone, new = sorted((mine - theirs).elements()), sorted((theirs - mine).elements())
        for old_name, new_name in zip(gone, new, strict=False):
            message = f"run {run}: {kind} {table}.{old_name} is called {new_name}"
            differences.append(Difference(run, kind, table, old_name, old_name, new_name, message))
    return differences


def _by_definition(snapshot: Snapshot) -> dict[tuple[str, str, str], list[str]]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for thing in snapshot.things:
        if not thing.named and thing.name:
            groups.setdefault((thing.kind, thing.table, thing.definition), []).append(thing.name)
    return groups


def _positions(run: str, expected: Snapshot, found: Snapshot) -> list[Difference]:
    differences = []
    for table in sorted(expected.column_order.keys() & found.column_order.keys()):
        mine, theirs = expected.column_order[table], found.column_order[table]
        if mine != theirs and set(mine) == set(theirs):
            message = f"run {run}: the columns of {table} stand in another order"
            differences.append(
                Difference(run, "column order", table, "", ", ".join(mine), ", ".join(theirs), message)
            )
    return differences
