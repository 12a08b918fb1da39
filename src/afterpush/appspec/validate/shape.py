"""Whether a spec has the platform's fields, types, values and bounds: a walk over it and `platform.json`."""

import difflib
from collections.abc import Iterator
from typing import Final

from afterpush.appspec.scalars import deployed_text
from afterpush.appspec.schema import Field, platform
from afterpush.appspec.templates import could_match, has_template
from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.appspec.yaml_tree import Kind, Node, duplicate_keys
from afterpush.infra.near import nearest

_EXPECTED: Final = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "truth": "true or false",
    "list": "a list",
    "mapping": "a mapping",
}
# How like a known field an unknown one has to be to be a typing mistake, and to be worth a question.
_TYPO, _SIMILAR = 0.8, 0.66
# A longer number may be a secret.
_LONGEST_SHOWN = 8
_LONGEST_LIST = 12


def shape_problems(spec: Node, *, is_strict: bool = False) -> Iterator[SpecProblem]:
    """Everything that contradicts the table. `is_strict`: unknown fields are errors, as for doctl."""
    for key in duplicate_keys(spec):
        message = f"the key {key.raw} appears twice in one mapping, so one of the two is lost"
        yield error(key, message, "remove one of them")
    yield from _mapping_problems("app", spec, is_strict)


def _mapping_problems(shape: str, node: Node, is_strict: bool) -> Iterator[SpecProblem]:
    fields, entries = platform().shapes[shape], node.entries()
    for name, (key, value) in entries.items():
        if name in fields:
            yield from _field_problems(name, fields[name], value, is_strict)
        else:
            yield _unknown(shape, key, is_strict)
    for name, field in fields.items():
        if field.is_required and (name not in entries or entries[name][1].is_null):
            yield error(node.at(name), f"{_what(shape)} has no {name}", f"add {name}:")


def _unknown(shape: str, key: Node, is_strict: bool) -> SpecProblem:
    name, what = key.raw, _what(shape)
    if owners := [
        other for other in _component_shapes() if other != shape and name in platform().shapes[other]
    ]:
        is_owned = shape in _component_shapes()
        belongs = f"only {' and '.join(f'{owner}s' for owner in owners)} have {name}" if is_owned else ""
    else:
        belongs = ""
    near, likeness = _nearest(name, list(platform().shapes[shape]))
    message = f"{what} has no field {name}: {belongs or 'doctl rejects fields that it does not know'}"
    cure = (
        f"did you mean {near}?" if near else "remove it, or look it up in the platform's app spec reference"
    )
    if name == "health_check" and shape == "worker":
        cure = "use liveness_health_check"
    is_error = is_strict or likeness >= _TYPO or name == "health_check"
    return (error if is_error else warning)(key, message, cure)


def _component_shapes() -> list[str]:
    return list(platform().components.values())


def _nearest(name: str, known: list[str]) -> tuple[str, float]:
    """The known field that is most like a name, and how much; runCommand is run_command."""
    bare = name.lower().replace("_", "").replace("-", "")

    def likeness(field: str) -> float:
        other = field.replace("_", "")
        alike = difflib.SequenceMatcher(None, bare, other).ratio()
        return max(alike, _SIMILAR) if other.startswith(bare) else alike

    best = max(known, key=likeness)
    return (best, likeness(best)) if likeness(best) >= _SIMILAR else ("", 0.0)


def _field_problems(name: str, field: Field, value: Node, is_strict: bool) -> Iterator[SpecProblem]:
    real = value.real
    if value.is_null:
        return
    if field.instead:
        yield warning(value, f"{name} is deprecated", f"use {field.instead}")
    if not field.is_known_to_doctl:
        yield warning(
            value,
            f"{name} is in the platform's description, but doctl does not know it here and stops",
            "remove it, or send the spec without doctl",
        )
    if field.type != "text" and real.kind is Kind.SCALAR and has_template(real.raw):
        return  # Filled in before the spec is read, and then it may be anything.
    if not _fits(field, value):
        message, cure = _wrong_type(name, field, value)
        yield (warning if field.only_warns else error)(value, message, cure)
    elif field.type in ("whole", "text"):
        yield from _value_problems(name, field, value)
    elif field.items:
        yield from _inner_problems(name, field, value, is_strict)


def _inner_problems(name: str, field: Field, value: Node, is_strict: bool) -> Iterator[SpecProblem]:
    item = platform().item_field(field)
    for node in value.children() if field.type == "list" else [value]:
        if item:
            yield from _field_problems(f"an entry of {name}", item, node, is_strict)
        elif node.is_mapping:
            yield from _mapping_problems(field.items, node, is_strict)
        elif not (node.real.kind is Kind.SCALAR and has_template(node.real.raw)):
            shown = platform().shapes[field.items]
            yield error(node, f"{node.path} must be a mapping", f"write its fields there: {', '.join(shown)}")


def _fits(field: Field, node: Node) -> bool:
    real = node.real
    if field.type in ("list", "mapping"):
        return node.is_sequence if field.type == "list" else node.is_mapping
    value = real.value
    if real.kind is not Kind.SCALAR or isinstance(value, bool) or field.type == "truth":
        return real.kind is Kind.SCALAR and isinstance(value, bool) and field.type == "truth"
    if field.type == "text":
        return isinstance(value, str)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return is_whole if field.type == "whole" else isinstance(value, int | float)


def _wrong_type(name: str, field: Field, node: Node) -> tuple[str, str]:
    """What is wrong and what to write. The tools read YAML 1.1: yes is true, 0600 is 384."""
    real = node.real
    expected = f"{name} must be {_EXPECTED[field.type]}"
    if field.type == "text" and real.kind is Kind.SCALAR:
        kind = "a truth value" if isinstance(real.value, bool) else "a number"
        made = deployed_text(real.value)
        changed = f'changes it to "{made}"' if made != real.raw else "takes it"
        shown = f"{real.raw} "
        if len(real.raw) > _LONGEST_SHOWN:
            shown, changed = "", "may change it"
        return (
            f"{expected}, and {shown}without quotes is {kind}: doctl rejects it, the deploy action {changed}",
            f'write "{real.raw}"' if len(real.raw) <= _LONGEST_SHOWN else "put it in quotes",
        )
    if real.kind is Kind.SCALAR and real.style in ("'", '"'):
        return f"{expected}, and in quotes it is text", "remove the quotes"
    return expected, f"write {_EXPECTED[field.type]} there"


def _value_problems(name: str, field: Field, node: Node) -> Iterator[SpecProblem]:
    value = node.real.value
    if field.type == "text" and has_template(value):
        if field.form and not could_match(field.form, value):
            yield error(node, f"{name} is {_shown(value)}", f"write {field.words}")
        return
    bounds = _bounds(field)
    if bounds and not (field.least or 0) <= _size(value) <= (field.most or float("inf")):
        size = f"has {len(value)} characters" if isinstance(value, str) else f"is {value}"
        yield error(node, f"{name} {size}; the platform takes {bounds}", f"choose {bounds}")
    elif field.values and value not in field.values:
        yield _not_a_value(name, field, node)
    elif field.form and not could_match(field.form, value):
        yield error(node, f"{name} is {_shown(value)}", f"write {field.words}")


def _size(value: str | int) -> int:
    return len(value) if isinstance(value, str) else value


def _bounds(field: Field) -> str:
    unit = " characters" if field.type == "text" else ""
    if field.most is None:
        return f"at least {field.least}" if field.least is not None else ""
    if field.least in (None, field.most):
        return f"{'at most' if field.least is None else 'only'} {field.most}{unit}"
    return f"{field.least} to {field.most}{unit}"


def _not_a_value(name: str, field: Field, node: Node) -> SpecProblem:
    value = node.real.value
    known = [str(one) for one in field.values]
    by_name = {one.upper(): one for one in known} if isinstance(value, str) else {}
    close = nearest(str(value).upper(), by_name)
    if value in platform().alert_rules:
        message = f"the alert rule {value} is not for this kind of component"
        return warning(node, message, f"use one of {', '.join(known)}")
    message = f"{name} is {_shown(value)}, which is none of its values"
    cure = f"choose one of {', '.join(known)}"
    if close:
        cure = f"did you mean {by_name[close]}?" + (f" {cure}" if len(known) <= _LONGEST_LIST else "")
    return (warning if field.only_warns else error)(node, message, cure)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _what(shape: str) -> str:
    return shape.replace("_", " ")
