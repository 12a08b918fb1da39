"""Decoded JSON of somebody else's making, read as a shape of ours: what is odd in it costs just that.

`null` means the same as absence. A field of a wrong type is left out, so that one odd value, which nobody
here may need, does not hide the rest of an answer from a watch.
"""

import re
from typing import Any, TypeVar

import msgspec

_Shape = TypeVar("_Shape")
_MOST_ODD_FIELDS = 100
_PLACE = re.compile(r" - at `\$(?P<path>[^`]+)`$")
_PART = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")


def read_as(wire: object, shape: type[_Shape]) -> _Shape:
    """The shape, without the fields that are not what it wants. Raises ValueError when too little is left."""
    try:
        document = _without_nulls(wire)
        for _ in range(_MOST_ODD_FIELDS):
            try:
                return msgspec.convert(document, shape)
            except msgspec.ValidationError as error:
                _leave_out(document, str(error))
        raise ValueError("nearly every field has a wrong type")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a {shape.__name__.lower()}: {error}") from error


def _leave_out(document: Any, complaint: str) -> None:
    """Removes what the complaint is about from the document. Raises ValueError when it is the whole."""
    place = _PLACE.search(complaint)
    parts = [found["key"] or int(found["index"]) for found in _PART.finditer(place["path"])] if place else []
    if not parts or "missing required field" in complaint:
        raise ValueError(complaint)
    *above, last = parts
    for part in above:
        document = document[part]
    del document[last]


def _without_nulls(wire: Any) -> Any:
    if isinstance(wire, dict):
        return {key: _without_nulls(value) for key, value in wire.items() if value is not None}
    if isinstance(wire, list):
        return [_without_nulls(value) for value in wire if value is not None]
    return wire
