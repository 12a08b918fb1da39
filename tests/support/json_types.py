"""Whether a document is what its documented type says, key by key."""

import types
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from afterpush.documents.manual.json_reference import fields_of, is_record
from afterpush.infra.errors import ERROR_CODES
from afterpush.workflows.json_documents import DOCUMENTS

_FLAGS = ("--background", "--dry-run", "--dora")


def differences(words: Sequence[str], document: Any) -> list[str]:
    """What the document that a command line printed has other than its type says; empty when it fits.

    A task without a type, and an error, are judged by what every error has.
    """
    if isinstance(document, dict) and "error" in document and "exit_code" in document:
        is_whole = set(document) == {"error", "code", "exit_code"} and document["code"] in ERROR_CODES
        return [] if is_whole else [f"an error of another form: {document}"]
    task = next((word for word in words if not word.startswith("-")), "")
    given = {"--background" if word.startswith("--host=") else word for word in words}  # It implies that.
    names = [f"{task} {flag}" for flag in _FLAGS if flag in given] + [task]
    kind = next((DOCUMENTS[name] for name in names if name in DOCUMENTS), None)
    return [] if kind is None else list(_differences(document, kind, task))


def _differences(value: Any, kind: Any, place: str) -> Iterator[str]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _differences(value, inner[0], place)
    elif is_record(kind):
        yield from _of_record(value, kind, place)
    elif origin in (Union, types.UnionType):
        tried = [list(_differences(value, one, place)) for one in inner if not (one is type(None) and value)]
        if [] not in tried:
            yield from min(tried, key=len)
    elif origin in (list, tuple, Sequence):
        if not isinstance(value, list):
            yield f"{place}: {value!r} is no list"
            return
        for number, one in enumerate(value):
            yield from _differences(one, inner[0], f"{place}[{number}]")
    elif origin in (dict, Mapping):
        for name, one in value.items() if isinstance(value, dict) else ():
            yield from _differences(one, inner[1], f"{place}.{name}")
    elif origin is Literal:
        if value not in inner:
            yield f"{place}: {value!r} is none of {inner}"
    elif isinstance(kind, type) and issubclass(kind, Enum):
        if value not in [one.value for one in kind]:
            yield f"{place}: {value!r} is no {kind.__name__}"
    elif kind is not Any and not _is(value, kind):
        yield f"{place}: {value!r} is no {kind.__name__}"


def _is(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _of_record(value: Any, kind: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: {value!r} is no object"
        return
    fields = fields_of(kind)
    for name in value.keys() - fields.keys():
        yield f"{place}.{name}: the type has no such field"
    for name, (inner, _, is_optional) in fields.items():
        if name in value:
            yield from _differences(value[name], inner, f"{place}.{name}")
        elif not is_optional:
            yield f"{place}.{name}: is missing"
