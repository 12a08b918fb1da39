"""The reference page of the JSON documents, made from their types.

A type is a TypedDict or a dataclass whose fields carry their meaning:

    pid: Annotated[int | None, "its process; null when none is known"]
    ->  | `pid` | number or null | its process; null when none is known |
"""

import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

OPTIONAL = object()
"""Marks a field of a class that a document does not always have."""

_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def json_parts(documents: Mapping[str, object]) -> list[str]:
    """The page's paragraphs and tables: a section a task, then the records that several of them share."""
    parts = [
        "What each task prints with `--json`: exactly one document on stdout. Times are RFC 3339 in UTC, and "
        "durations are seconds, unless a name says otherwise. A field with (optional) is not always there.",
        'An error is `{"error", "code", "exit_code"}` for every task: [exit codes](exit-codes.md).',
    ]
    titles = _titles(inner for kind in documents.values() for inner in _inner_records(_record_of(kind)))
    for task, kind in sorted(documents.items()):
        record = _record_of(kind)
        parts.append(f"## {task}")
        parts.append("A list; each entry has these fields." if get_origin(kind) is list else "One object.")
        parts.append(_table(titles, record))
    parts.append("## Records inside of these documents")
    for record, title in sorted(titles.items(), key=lambda pair: pair[1]):
        parts += [f"### {title}", _table(titles, record)]
    return parts


def _titles(records: Iterable[Any]) -> dict[Any, str]:
    """The heading of each record: its name, with its module where another record has that name too."""
    named = {record: record.__name__ for record in records}
    counts = Counter(named.values())
    return {
        record: f"{name} of {record.__module__.rpartition('.')[2].replace('_', ' ')}"
        if counts[name] > 1
        else name
        for record, name in named.items()
    }


def fields_of(record: Any) -> dict[str, tuple[Any, str, bool]]:
    """Every field of a record: its type without annotations, its meaning, and whether it is optional."""
    found = {}
    for name, hint in get_type_hints(record, include_extras=True).items():
        is_optional = get_origin(hint) is NotRequired
        inner = get_args(hint)[0] if is_optional else hint
        meaning = ""
        while get_origin(inner) is Annotated:
            meaning = meaning or next((one for one in inner.__metadata__ if isinstance(one, str)), "")
            is_optional |= OPTIONAL in inner.__metadata__
            inner = get_args(inner)[0]
        found[name] = (inner, meaning, is_optional)
    return found


def _table(titles: Mapping[Any, str], record: Any) -> str:
    rows = [
        f"| `{name}`{' (optional)' if is_optional else ''} | {_name(titles, kind)} | {meaning} |"
        for name, (kind, meaning, is_optional) in fields_of(record).items()
    ]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])


def _name(titles: Mapping[Any, str], kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _name(titles, inner[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_name(titles, one) for one in inner)
    if origin in (list, tuple, Sequence):
        return f"list of {_name(titles, inner[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(f"`{one.value}`" for one in kind)
    if origin in (dict, Mapping):
        return f"object: string to {_name(titles, inner[1])}"
    title = titles.get(kind, "")
    return f"[{title}](#{title.lower().replace(' ', '-')})" if title else _NAMES[kind]


def is_record(kind: Any) -> bool:
    """Whether a type is an object with named fields."""
    return is_typeddict(kind) or is_dataclass(kind)


def _record_of(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is list else kind


def _inner_records(record: Any) -> Iterator[Any]:
    for kind, _, _ in fields_of(record).values():
        for inner in _records_in(kind):
            yield inner
            yield from _inner_records(inner)


def _records_in(kind: Any) -> Iterator[Any]:
    if is_record(kind):
        yield kind
    for inner in get_args(kind):
        yield from _records_in(inner)
