"""The published shapes of the App Platform API, from their short form in `tests/data/app_platform.yaml`."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

_FILE = Path(__file__).parents[1] / "data" / "app_platform.yaml"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "truth": {"type": "boolean"},
    "mapping": {"type": "object"},
    # The least form of RFC 3339 that the API writes; its zero time counts.
    "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
}
_WORDS = re.compile(
    r"(?P<kind>one of (?P<choices>[^|]+?)|[a-z_]+)"
    r"(?: (?P<least>\d*)\.\.(?P<most>\d*))?"
    r"(?: length (?P<shortest>\d*)\.\.(?P<longest>\d*))?"
    r"(?P<null> or null)?(?: like (?P<pattern>.+))?"
)
_BOUNDS = {"least": "minimum", "most": "maximum", "shortest": "minLength", "longest": "maxLength"}


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """Every shape as JSON Schema; one names another by `$ref`, so that a step may hold steps."""
    told = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: _schema(value) for name, value in told.items()}


def _schema(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": _schema(value[0])}
    if isinstance(value, str):
        return _of_words(value)
    if "*" in value:
        return {"type": "object", "additionalProperties": _schema(value["*"])}
    return {
        "type": "object",
        "properties": {name.removesuffix("!"): _schema(inner) for name, inner in value.items()},
        "required": [name[:-1] for name in value if name.endswith("!")],
    }


def _of_words(text: str) -> dict[str, Any]:
    if text.startswith("list of "):
        return {"type": "array", "items": _of_words(text.removeprefix("list of "))}
    found = _WORDS.fullmatch(text)
    assert found, f"not understood: {text}"
    kind = found["kind"]
    if found["choices"]:
        made: dict[str, Any] = {"type": "string", "enum": found["choices"].split()}
    elif kind in _TYPES:
        made = dict(_TYPES[kind])
    else:
        return {"$ref": f"#/$defs/{kind}"}
    made |= {word: int(found[name]) for name, word in _BOUNDS.items() if found[name]}
    made |= {"pattern": found["pattern"]} if found["pattern"] else {}
    return made | ({"type": [made["type"], "null"]} if found["null"] else {})


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape that a schema refers to, or itself."""
    name = schema.get("$ref")
    return shapes()[name.removeprefix("#/$defs/")] if name else schema


def properties(model: str) -> dict[str, Mapping[str, Any]]:
    """The published fields of a shape, each resolved."""
    return {name: resolved(inner) for name, inner in shapes()[model]["properties"].items()}


@cache
def _validator(model: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{model}", "$defs": shapes()})


def complaints(model: str, document: Any, *, beside: frozenset[str] = frozenset()) -> list[str]:
    """What the published description finds wrong with a document.

    Keys that it does not know are wrong too, or a misspelt one would go unnoticed; `beside` names the
    ones that are known from elsewhere.
    """
    found = [f"{error.json_path}: {error.message}" for error in _validator(model).iter_errors(document)]
    strange = _unknown({"$ref": f"#/$defs/{model}"}, document, "$")
    unnamed = [place for place in strange if place.rpartition(".")[2] not in beside]
    return found + [f"{place}: not in the description" for place in unnamed]


def _unknown(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    shape = resolved(schema)
    if isinstance(value, list):
        for item in value:
            yield from _unknown(shape.get("items", {}), item, f"{place}[]")
    if not isinstance(value, dict) or "additionalProperties" in shape:
        return
    known = shape.get("properties", {})
    for key, inner in value.items():
        if key in known:
            yield from _unknown(known[key], inner, f"{place}.{key}")
        else:
            yield f"{place}.{key}"
