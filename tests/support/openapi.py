"""Validation against the published OpenAPI description, which lies beside the project as data."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.support.shared import shared_data

# Two files of the description that are not among the App Platform's: what they say is written out here
# from the public repository digitalocean/openapi (specification/shared).
_LINKS = {name: {"type": "string", "format": "uri"} for name in ("first", "prev", "next", "last")}
_PAGES = {"type": "object", "properties": {"pages": {"type": "object", "properties": _LINKS}}}
_TOTAL = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
_SHARED: dict[str, dict[str, Any]] = {
    "pages.yml#/pagination": {"type": "object", "properties": {"links": _PAGES}},
    "meta.yml": {"type": "object", "properties": {"meta": _TOTAL}, "required": ["meta"]},
}
_STEP = "apps_deployment_progress_step.yml"
_DEPTH = 5


@cache
def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _schema(path: Path, above: tuple[Path, ...] = ()) -> Any:
    """The model of a file with every reference filled in; one that holds itself ends at some depth.

    The model of a step leaves its own recursion out (a FIXME there says why): here it is put back.
    """
    if above.count(path) >= _DEPTH:
        return {}
    made = _filled(_read(path), path, (*above, path))
    if path.name == _STEP:
        made["properties"]["steps"]["items"] = _schema(path, (*above, path))
    return made


def _filled(node: Any, path: Path, above: tuple[Path, ...]) -> Any:
    if isinstance(node, list):
        return [_filled(item, path, above) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        shared = _SHARED.get(node["$ref"].rpartition("shared/")[2])
        return shared or _schema((path.parent / node["$ref"]).resolve(), above)
    made = {key: _filled(value, path, above) for key, value in node.items()}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


@cache
def schema(model: str) -> Any:
    """The published model of this name (`app_response`) as JSON Schema."""
    return _schema((shared_data("do-openapi") / "models" / f"{model}.yml").resolve())


def complaints(model: str, document: Any, *, beside: frozenset[str] = frozenset()) -> list[str]:
    """What the published description finds wrong with a document.

    Keys that it does not know are wrong too, or a misspelt one would go unnoticed; `beside` names the
    ones that are known from elsewhere.
    """
    validator = Draft202012Validator(schema(model), format_checker=FormatChecker())
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    strange = [
        place for place in _unknown(schema(model), document, "$") if place.rpartition(".")[2] not in beside
    ]
    return found + [f"{place}: not in the description" for place in strange]


def _unknown(shape: Any, value: Any, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _unknown(_items(shape), item, f"{place}[]")
    if not isinstance(value, dict):
        return
    known = _properties(shape)
    for key, inner in value.items():
        if key not in known:
            yield f"{place}.{key}"
        else:
            yield from _unknown(known[key], inner, f"{place}.{key}")


def _parts(shape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield shape
    for word in ("allOf", "oneOf", "anyOf"):
        for part in shape.get(word, ()):
            yield from _parts(part)


def _properties(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {key: inner for part in _parts(shape) for key, inner in part.get("properties", {}).items()}


def _items(shape: Mapping[str, Any]) -> Any:
    return next((part["items"] for part in _parts(shape) if "items" in part), {})
