"""Objects and arrays merged by their members: three-way, by rules, in the order that the sides have."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from afterpush.conflicts.kinds.dates import moment_of
from afterpush.conflicts.kinds.three_way import steady
from afterpush.conflicts.kinds.value_rules import merge_status
from afterpush.conflicts.records.order import lead_among, merged_order, with_leads
from afterpush.conflicts.records.structure import (
    ChangedAndDeletedError,
    Container,
    Entry,
    Scalar,
    UndecidedError,
    Value,
)

# What tells a record from others, the first that every record has and no two share.
KEYS = ("id", "key", "uuid", "uid", "slug", "name")


_STAMP = re.compile(
    r"(?:^|[_.-])(?:updated|modified|changed|synced|last_?updated|last_?modified)(?:$|[_.-])|(?:updated|modified|lastSeen)(?:At|On)?$"
)


_STATUS = frozenset({"status", "state"})


Rules = Mapping[str, str]


@dataclass
class Merging:
    """The rules for dotted paths, and sentences about what they decided."""

    rules: Rules = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def merge_values(base: Value | None, ours: Value, theirs: Value, path: str, merging: Merging) -> Value:
    """The three-way merge of one value. Raises UndecidedError, naming the path."""
    rule = merging.rules.get(path)
    if taken := _changed_alone(base, ours, theirs, path):
        return taken
    if rule is None and isinstance(ours, Container) and isinstance(theirs, Container):
        known = base if isinstance(base, Container) else None
        return _merge_containers(known, ours, theirs, path, merging)
    if isinstance(ours, Scalar) and isinstance(theirs, Scalar):
        taken = _by_rule(rule, path, base if isinstance(base, Scalar) else None, ours, theirs)
        if taken:
            merging.said.append(
                f"{path}: {ours.text} and {theirs.text} became {taken.text} ({rule or 'by its name'})"
            )
            return taken
    raise UndecidedError(f"both sides changed {path or 'the whole value'!r}, and no rule decides it")


def _changed_alone(base: Value | None, ours: Value, theirs: Value, path: str) -> Value | None:
    """What both sides say, or the side that alone says something else; None where they disagree.

    Layout is three-way too:
    base  {"a": 1, "b": 2}    ours  { "a": 1, "b": 2 }    theirs  {"a": 1, "b": 3}    { "a": 1, "b": 3 }
    """
    texts = [None if base is None else base.text, ours.text, theirs.text]
    if texts[2] in texts[:2]:
        return ours
    if texts[0] == texts[1]:
        return theirs
    if _same(ours, theirs):
        taken = max(ours, theirs, key=lambda one: one.text)
    elif base and _same(base, ours):
        taken = theirs
    elif base and _same(base, theirs):
        taken = ours
    else:
        return None
    if isinstance(base, Container) and isinstance(ours, Container) and isinstance(theirs, Container):
        with suppress(UndecidedError):
            return _merge_containers(base, ours, theirs, path, Merging())
    return taken


def _same(one: Value, other: Value) -> bool:
    first, second = one.value, other.value
    return type(first) is type(second) and bool(first == second)


def _by_rule(rule: str | None, path: str, base: Scalar | None, ours: Scalar, theirs: Scalar) -> Scalar | None:
    name = path.rsplit(".", 1)[-1]
    if rule in ("ours", "theirs"):
        return ours if rule == "ours" else theirs
    if (
        rule is None
        and name.casefold() in _STATUS
        and all(isinstance(one.value, str) for one in (ours, theirs))
    ):
        settled = merge_status(str(base.value) if base else None, ours.value, theirs.value)
        return next((one for one in (ours, theirs) if settled and one.value == settled.value), None)
    if rule is None and not (_STAMP.search(name) and base):
        return None
    is_date = rule in (None, "newest")
    sizes = [_size(one.value, is_date=is_date) for one in (ours, theirs)]
    if sizes[0] is None or sizes[1] is None or type(sizes[0]) is not type(sizes[1]):
        return None
    smaller, larger = sorted(
        ((sizes[0], ours.text, ours), (sizes[1], theirs.text, theirs)), key=lambda one: one[:2]
    )
    return smaller[2] if rule == "min" else larger[2]


def _size(value: Any, *, is_date: bool) -> Any:
    """What a value is compared by: a date's moment, a number, a version's parts."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (float(value),)
    if not isinstance(value, str):
        return None
    if is_date:
        moment = moment_of(value)
        return (*moment, value) if moment else None
    if re.fullmatch(r"v?\d+(?:\.\d+)*", value):
        return tuple(float(part) for part in value.lstrip("v").split("."))
    return value


def _merge_containers(
    base: Container | None, ours: Container, theirs: Container, path: str, merging: Merging
) -> Container:
    if ours.is_array != theirs.is_array:
        raise UndecidedError(f"{path!r} is an object on one side and a list on the other")
    versions: list[Container | None] = [base, ours, theirs]
    if ours.is_array:
        versions = _keyed(versions, path)
    known = [{entry.key: entry for entry in one.entries} if one else {} for one in versions]
    alive: dict[str, Entry] = {}
    for key in dict.fromkeys((*known[1], *known[2])):
        below = f"{path}.{key}" if path else key
        entry = _merge_entry(known[0].get(key), known[1].get(key), known[2].get(key), below, merging)
        if entry:
            alive[key] = entry
    for side in (1, 2):
        for key in known[side].keys() - known[0].keys() - known[3 - side].keys():
            alive[key] = replace(alive[key], lead=lead_among(alive[key].lead, known[side], alive))
    order = merged_order(*(list(some) for some in known))
    entries = with_leads(
        [alive[key] for key in order if key in alive], [one for one in (ours, theirs, base) if one]
    )
    return replace(
        ours if ours.entries or not theirs.entries else theirs,
        end=steady(base.end if base else None, ours.end, theirs.end),
        entries=tuple(entries),
    )


def _merge_entry(
    base: Entry | None, ours: Entry | None, theirs: Entry | None, path: str, merging: Merging
) -> Entry | None:
    if ours and theirs:
        try:
            value = merge_values(base.value if base else None, ours.value, theirs.value, path, merging)
        except UndecidedError as error:
            if base is None and not isinstance(ours.value, Scalar):
                why = f"{path!r}: both sides added it, each in its own way ({error})"
                raise UndecidedError(why) from error
            raise
        parts = {name: _part(name, base, ours, theirs) for name in ("lead", "head", "tail")}
        return Entry(ours.key, parts["lead"], parts["head"], value, parts["tail"])
    survivor = ours or theirs
    if base is None or survivor is None:
        return survivor
    if _same(base.value, survivor.value):
        return None
    who = "theirs deleted it, ours" if ours else "ours deleted it, theirs"
    raise ChangedAndDeletedError(f"{path!r}: {who} changed it")


def _part(name: str, base: Entry | None, ours: Entry, theirs: Entry) -> str:
    before = str(getattr(base, name)) if base else None
    return steady(before, str(getattr(ours, name)), str(getattr(theirs, name)))


def _keyed(versions: Sequence[Container | None], path: str) -> list[Container | None]:
    """Arrays with each element under a key: the ID of a record, or the scalar itself."""
    known = [one for one in versions if one]
    for name in KEYS:
        keys = [[_id_of(entry.value, name) for entry in one.entries] for one in known]
        if all(None not in some and len(set(some)) == len(some) for some in keys):
            named = (
                replace(
                    one,
                    entries=tuple(
                        replace(entry, key=str(key)) for entry, key in zip(one.entries, some, strict=True)
                    ),
                )
                for one, some in zip(known, keys, strict=True)
            )
            return [next(named) if one else None for one in versions]
    texts = [[entry.value.text for entry in one.entries] for one in known]
    is_set = all(isinstance(entry.value, Scalar) for one in known for entry in one.entries)
    if is_set and all(len(set(some)) == len(some) for some in texts):
        return [
            replace(one, entries=tuple(replace(entry, key=entry.value.text) for entry in one.entries))
            if one
            else None
            for one in versions
        ]
    raise UndecidedError(f"both sides changed the list {path!r}, whose elements have no key")


def _id_of(value: Value, name: str) -> str | None:
    """What a record has under a name, where that can be an ID."""
    if not isinstance(value, Container) or value.is_array:
        return None
    found = next((entry.value for entry in value.entries if entry.key == name), None)
    is_id = isinstance(found, Scalar) and isinstance(found.value, str | int | tuple)
    return found.text if found and is_id else None
