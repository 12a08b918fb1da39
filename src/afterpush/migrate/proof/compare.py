"""Two states side by side: what is defined differently, and what only has another name or place."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from afterpush.migrate.replay.schema import BY_DEFINITION, Key, State, part_kind, part_name, shown, twins

# The counter of a table with rows in it: any other one is as good.
ANY = "*"


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in `run` as in the run that it is compared with.

    `expected` and `found` are definitions; None where the thing is missing on that side.
    """

    run: str
    kind: str
    table: str
    name: str
    expected: Annotated[str | None, "null where it should not be there"]
    found: Annotated[str | None, "null where it is missing"]
    message: str


@dataclass(frozen=True)
class Comparison:
    """`definitions` decide; `names` and `positions` are the second class."""

    definitions: tuple[Difference, ...] = ()
    names: tuple[Difference, ...] = ()
    positions: tuple[Difference, ...] = ()


def compare(run: str, expected: State, found: State, *, copies_count: bool = False) -> Comparison:
    """What `found` (the result of `run`) has otherwise than `expected`.

    An index, key or check that has another name is the same thing; so is one that one side has under several
    names, unless `copies_count`.
    """
    left = {key: text for key, text in expected.items() if found.get(key) != text}
    right = {key: text for key, text in found.items() if expected.get(key) != text}
    names = _under_other_names(run, left, right, expected, found, copies_count)
    positions = []
    definitions = []
    for key in sorted(left.keys() | right.keys()):
        mine, theirs = left.get(key), right.get(key)
        if key[2] == "counter" and ANY in (expected.get(key), found.get(key)):
            continue
        if key[2] == "order" and mine and theirs and Counter(mine.split(", ")) == Counter(theirs.split(", ")):
            said = f"run {run}: the columns of {key[1]} are in another order"
            positions.append(Difference(run, "column order", key[1], "", mine, theirs, said))
        elif key[2] != "order":
            definitions.append(_difference(run, key, mine, theirs))
    return Comparison(tuple(_without_parts(definitions)), tuple(names), tuple(positions))


def _under_other_names(
    run: str, left: State, right: State, expected: State, found: State, copies_count: bool
) -> list[Difference]:
    """Takes out of both sides what the other one has under another name, and says so."""
    said = []
    for mine, theirs, whole in ((left, right, found), (right, left, expected)):
        for key in [key for key in mine if key[2].startswith(BY_DEFINITION)]:
            text = mine[key]
            found_there = twins(key, text, theirs) or ([] if copies_count else twins(key, text, whole))
            if not found_there:
                continue
            del mine[key]
            twin = found_there[0]
            theirs.pop(twin, None)
            kind, is_expected = part_kind(key), mine is left
            message = f"run {run}: {kind} {key[1]}.{part_name(key)} is called {part_name(twin)}"
            if not is_expected:
                named = f"{kind} {key[1]}.{part_name(key)}"
                message = f"run {run}: the definition of {named} goes by a further name there"
            said.append(
                Difference(run, kind, key[1], part_name(key), text if is_expected else None, text, message)
            )
    return said


def _without_parts(differences: list[Difference]) -> list[Difference]:
    """A table that is missing says it for its parts."""
    whole = {one.table for one in differences if one.kind == "table" and None in (one.expected, one.found)}
    return [one for one in differences if one.kind == "table" or one.table not in whole]


def _difference(run: str, key: Key, expected: str | None, found: str | None) -> Difference:
    how = (
        "is missing"
        if found is None
        else "is there, but should not be"
        if expected is None
        else f"is defined otherwise: {found}, not {expected}"
    )
    table = key[1] if key[0] == "table" else ""
    name = "" if key[2] == "table" else part_name(key)
    return Difference(run, part_kind(key), table, name, expected, found, f"run {run}: {shown(key)} {how}")
