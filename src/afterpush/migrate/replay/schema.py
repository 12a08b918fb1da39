"""The state of a schema: the definition of every part, as the server tells it.

A part is known by its kind, its object and its name:

    ("table", "users", "table")            engine, collation, comment, options
    ("table", "users", "column email")     also "order" (the columns), "index NAME", "foreign key NAME",
                                           "check NAME", "partitions", "counter" (AUTO_INCREMENT)
    ("view", "v", "view")                  and so for trigger, procedure, function, event
    ("event", "e", "starts")               also "at" and "ends", where a file gives a date
    ("sequence", "s", "numbers")           beside ("sequence", "s", "sequence")
    ("schema", "", "charset")

What is not there is not in the state. Texts are for comparing and for reading, never for running.
"""

from collections.abc import Iterable, Mapping

Key = tuple[str, str, str]
State = dict[Key, str]
# A name that nobody chose: these are compared by what they are.
BY_DEFINITION = ("index ", "foreign key ", "check ")
# When an event begins and ends: where no file says it, or says it relative to the present, any time is right.
TIMES = ("at", "starts", "ends")
# What SQL alone cannot compare: a counter goes on, and only SHOW CREATE tells a sequence's numbers.
ELUSIVE = ("counter", "numbers", *TIMES)


def part_kind(key: Key) -> str:
    """`column` of ("table", "t", "column a"); the object's kind for what has no parts of its own."""
    kind, _, part = key
    if kind != "table":
        return part if part in ELUSIVE else kind
    for word in ("column", "index", "foreign key", "check"):
        if part.startswith(word + " "):
            return word
    return part


def part_name(key: Key) -> str:
    """`a` of ("table", "t", "column a"); the object's own name for what has no parts."""
    kind, name, part = key
    found = part_kind(key)
    return part[len(found) + 1 :] if kind == "table" and part != found else name


def shown(key: Key) -> str:
    """`column t.a`, `table t`, `view v`: a part for people."""
    kind, name, part = key
    if kind != "table":
        return f"{kind} {name}".strip() + (f" ({part})" if (part := key[2]) in ELUSIVE else "")
    found = part_kind(key)
    if found == "table":
        return f"table {name}"
    return f"{found} {name}.{part_name(key)}" if part != found else f"{found} of table {name}"


def same(key: Key, expected: str | None, found: str | None) -> bool:
    """Whether what is there is what was expected. A counter may have gone on."""
    if key[2] == "counter":
        return int(found or 1) >= int(expected or 1)
    return expected == found or (expected is None and key[2] in TIMES)


def changed(before: Mapping[Key, str], after: Mapping[Key, str]) -> tuple[State, State]:
    """The parts that differ, as they were and as they are."""
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {key: before[key] for key in before if key in keys}, {
        key: after[key] for key in after if key in keys
    }


def with_change(state: State, before: Mapping[Key, str], after: Mapping[Key, str]) -> State:
    """The state after a change (or, with the arguments swapped, the one before it)."""
    new = dict(state)
    for key in before:
        new.pop(key, None)
    new.update(after)
    return new


def objects_of(keys: Iterable[Key]) -> set[tuple[str, str]]:
    """The objects that these parts belong to, as (kind, name)."""
    return {(kind, name) for kind, name, _ in keys}


def twins(key: Key, text: str, state: Mapping[Key, str]) -> list[Key]:
    """Other parts of the same table, kind and definition: an index, key or check as good as this one."""
    kind = part_kind(key)
    return [
        other
        for other, found in state.items()
        if found == text and other != key and other[:2] == key[:2] and part_kind(other) == kind
    ]
