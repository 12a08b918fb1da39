"""The reference page of the JSON documents, made from their types.

A type is a TypedDict or a dataclass whose fields carry their meaning:

    pid: Annotated[int | None, "its process; null when none is known"]
    ->  | `pid` | number or null | its process; null when none is known |
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
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

_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def json_parts(documents: Mapping[str, object]) -> list[str]:
    """The page's paragraphs and tables: a section a task, then the records that several of them share."""
    parts = [
        "What each task prints with `--json`: exactly one document on stdout. Times are RFC 3339 in UTC, and "
        "durations are seconds, unless a name says otherwise. A field with (optional) is not always there.",
        'An error is `{"error", "code", "exit_code"}` for every task: [exit codes](exit-codes.md).',
    ]
    named: dict[str, Any] = {}
    for task, kind in sorted(documents.items()):
        record = _record_of(kind)
        parts.append(f"## {task}")
        parts.append("A list; each entry has these fields." if get_origin(kind) is list else "One object.")
        parts.append(_table(record))
        named |= {inner.__name__: inner for inner in _inner_records(record)}
    parts.append("## Records inside of these documents")
    for name, record in sorted(named.items()):
        parts += [f"### {name}", _table(record)]
    return parts


def fields_of(record: Any) -> dict[str, tuple[Any, str, bool]]:
    """Every field of a record: its type without annotations, its meaning, and whether it is optional."""
    found = {}
    for name, hint in get_type_hints(record, include_extras=True).items():
        is_optional = get_origin(hint) is NotRequired
        inner = get_args(hint)[0] if is_optional else hint
        meaning = ""
        while get_origin(inner) is Annotated:
            meaning = meaning or next((one for one in inner.__metadata__ if isinstance(one, str)), "")
            inner = get_args(inner)[0]
        found[name] = (inner, meaning, is_optional)
    return found


def _table(record: Any) -> str:
    rows = [
        f"| `{name}`{' (optional)' if is_optional else ''} | {_name(kind)} | {meaning} |"
        for name, (kind, meaning, is_optional) in fields_of(record).items()
    ]
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])


def _name(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _name(inner[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_name(one) for one in inner)
    if origin in (list, tuple):
        return f"list of {_name(inner[0])}"
    if origin is dict:
        return f"object: string to {_name(inner[1])}"
    return f"[{kind.__name__}](#{kind.__name__.lower()})" if is_record(kind) else _NAMES[kind]


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
