"""Whether a spec has the platform's fields, types and bounds."""

import difflib
import re
from collections.abc import Iterator

from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.appspec.validate.schema import SHAPES, Field
from afterpush.appspec.yaml_tree import Kind, Node, duplicate_keys

_EXPECTED = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "truth": "true or false",
    "list": "a list",
    "mapping": "a mapping",
}


def shape_problems(spec: Node) -> Iterator[SpecProblem]:
    """Everything that contradicts the table of fields, in the order of the file."""
    for key in duplicate_keys(spec):
        yield error(
            key.raw,
            key,
            f"the key {key.raw} appears twice in one mapping, so one of the two is lost",
            "remove one of them",
        )
    yield from _mapping_problems("app", spec, "")


def _mapping_problems(shape: str, node: Node, path: str) -> Iterator[SpecProblem]:
    fields = SHAPES[shape]
    entries = node.entries()
    for name, (key, value) in entries.items():
        place = f"{path}.{name}" if path else name
        if name in fields:
            yield from _field_problems(name, fields[name], value, place)
        else:
            yield from _unknown(name, key, shape, place)
    for name, field in fields.items():
        if field.is_required and (name not in entries or entries[name][1].is_null):
            yield error(
                f"{path}.{name}" if path else name,
                node,
                f"{_what(shape)} has no {name}",
                f"add {name}: to it",
            )


def _unknown(name: str, key: Node, shape: str, place: str) -> Iterator[SpecProblem]:
    if name == "health_check":
        cure = "use liveness_health_check" if shape == "worker" else "remove it"
        yield error(place, key, f"health_check is for services; {_what(shape)} has none", cure)
        return
    near = difflib.get_close_matches(name, SHAPES[shape], n=1, cutoff=0.75)
    yield warning(
        place,
        key,
        f"{name} is no field of {_what(shape)} that we know; doctl rejects fields that it does not know",
        f"did you mean {near[0]}?"
        if near
        else "look it up in the platform's app spec reference, or remove it",
    )


def _field_problems(name: str, field: Field, value: Node, place: str) -> Iterator[SpecProblem]:
    if value.is_null:
        return
    if field.instead:
        yield warning(place, value, f"{name} is deprecated", f"use {field.instead}")
    if not _fits(field, value):
        yield error(place, value, f"{name} must be {_EXPECTED[field.type]}", _type_cure(field, value))
    elif field.type == "whole":
        yield from _bound_problems(name, field, value, place)
    elif field.type == "text":
        yield from _text_problems(name, field, value, place)
    elif field.shape:
        inner = [(value, place)]
        if field.type == "list":
            inner = [(item, f"{place}[{index}]") for index, item in enumerate(value.children())]
        for node, where in inner:
            if node.is_mapping:
                yield from _mapping_problems(field.shape, node, where)
            else:
                yield error(where, node, f"{where} must be a mapping", "write its fields below it")


def _fits(field: Field, node: Node) -> bool:
    real = node.real
    if field.type in ("list", "mapping"):
        return node.is_sequence if field.type == "list" else node.is_mapping
    if real.kind is not Kind.SCALAR:
        return field.type == "any"
    is_truth = isinstance(real.value, bool)
    if field.type == "whole":
        return isinstance(real.value, int) and not is_truth
    if field.type == "number":
        return isinstance(real.value, int | float) and not is_truth
    # A number or a truth value where text is expected is taken as its text by the platform's YAML reader.
    return is_truth if field.type == "truth" else True


def _type_cure(field: Field, node: Node) -> str:
    if field.type in ("whole", "truth") and node.real.style in ("'", '"'):
        return "remove the quotes"
    return f"write {_EXPECTED[field.type]} there"


def _bound_problems(name: str, field: Field, value: Node, place: str) -> Iterator[SpecProblem]:
    number = int(value.real.value)
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        bounds = f"{field.least} to {field.most}" if field.most is not None else f"at least {field.least}"
        if field.least == field.most:
            bounds = f"only {field.least}"
        yield error(
            place, value, f"{name} is {number}; the platform takes {bounds}", "choose a value in that range"
        )


def _text_problems(name: str, field: Field, value: Node, place: str) -> Iterator[SpecProblem]:
    text = value.real.raw
    if "${" in text:
        return  # Filled in when the template is deployed.
    if field.choices and text not in field.choices:
        yield error(
            place, value, f"{name} is none of its values", f"choose one of {', '.join(field.choices)}"
        )
    if field.pattern and not re.search(field.pattern, text):
        yield error(place, value, f"{name} has not the form {field.pattern}", "correct it")


def _what(shape: str) -> str:
    return f"{'an' if shape[0] in 'aei' else 'a'} {shape.replace('_', ' ')}"
