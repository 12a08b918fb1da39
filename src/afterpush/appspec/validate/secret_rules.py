"""Secrets in plain text, placeholders, secrets without a value. No value is ever shown."""

import re
from collections.abc import Iterator

from afterpush.appspec.schema import platform
from afterpush.appspec.spec import AppSpec, SpecVariable
from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.appspec.validate.secret_words import Value, is_public_name, is_secret_name, judged
from afterpush.appspec.yaml_tree import Kind, Node

_ENCRYPTED = re.compile(r"EV\[[^\]]+\]")
_ENCRYPT = "put in the value that the platform encrypted (EV[...]), then change the secret"
# What is encrypted can be read by the app that it was encrypted for, and a template makes new apps.
_ASK = "leave value: out, and the platform asks for it when the template is deployed, then change the secret"
_REPLACE = "replace it before this is sent, or the app runs with it"
_SHOWN_KEYS = 6


def secret_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Problems of variables and of every other text. Messages name keys and forms, never a value."""
    yield from _twice(spec)
    if not spec.is_template:
        yield from _without_value(spec)
    for variable in spec.variables:
        cure = _ASK if spec.is_template else _ENCRYPT
        yield from _variable_problems(
            variable, cure if variable.is_secret else f"set type: SECRET and {cure}"
        )
    own = {variable.value.start for variable in spec.variables if variable.value}
    yield from _text_problems(spec.node, "app", own)


def _twice(spec: AppSpec) -> Iterator[SpecProblem]:
    seen: set[tuple[str, str]] = set()
    for variable in spec.variables:
        owner = variable.node.path.rpartition("[")[0]
        if variable.key and (owner, variable.key) in seen:
            message = f"the variable {variable.key} appears twice in one list"
            yield error(variable.node, message, "remove one of them")
        seen.add((owner, variable.key))


def _without_value(spec: AppSpec) -> Iterator[SpecProblem]:
    """One line for all of them: a spec that was exported has a dozen."""
    empty = [variable for variable in spec.variables if variable.is_secret and not variable.text]
    if not empty:
        return
    keys = list(dict.fromkeys(variable.key for variable in empty))
    named = ", ".join(keys[:_SHOWN_KEYS]) + (
        f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
    )
    are = f"{len(empty)} secrets have" if len(empty) > 1 else "one secret has"
    yield warning(
        empty[0].node,
        f"{are} no value ({named}): this spec, sent to the platform, empties them",
        "put in the encrypted values from the live spec (EV[...]), and never send this file as it is",
    )


def _variable_problems(variable: SpecVariable, cure: str) -> Iterator[SpecProblem]:
    """`cure` is for a secret in plain text."""
    text, key = variable.text, variable.key
    if not text or _ENCRYPTED.fullmatch(text):
        return
    node = variable.node.at("value")
    value, whose = judged(text, key)
    is_meant = variable.is_secret or is_secret_name(key)
    if value is Value.TOKEN:
        yield error(node, f"the value of {key} has the shape of a secret ({whose})", cure)
    elif value is Value.PLACEHOLDER and is_meant:
        yield warning(node, f"the value of {key} is a placeholder", _REPLACE)
    elif value is Value.UNKNOWN and variable.is_secret and not is_public_name(key):
        yield error(node, f"the secret {key} is here in plain text", cure)
    elif value is Value.UNKNOWN and is_meant and not variable.is_secret:
        yield error(node, f"{key} is a secret by its name, and its value is here in plain text", cure)


def _text_problems(node: Node, shape: str, seen: set[int]) -> Iterator[SpecProblem]:
    """Fields that hold a secret by the table, and tokens in any other text, such as a command."""
    fields = platform().shapes.get(shape, {})
    for name, (_, value) in node.entries().items():
        field = fields.get(name)
        if value.real.kind is not Kind.SCALAR:
            for child in value.children() or [value]:
                if child.is_mapping:
                    yield from _text_problems(child, field.items if field else "", seen)
        elif value.start not in seen and isinstance(value.real.value, str):
            yield from _field_problems(name, field is not None and field.is_secret, value)


def _field_problems(name: str, is_secret: bool, node: Node) -> Iterator[SpecProblem]:
    text = node.real.value
    if not text or _ENCRYPTED.fullmatch(text):
        return
    value, whose = judged(text)
    if value is Value.TOKEN:
        message = f"{name} holds what has the shape of a secret ({whose})"
        yield error(node, message, "take it out, put it into a variable of type: SECRET, and change it")
    elif is_secret and value is Value.PLACEHOLDER:
        yield warning(node, f"{name} is a placeholder", _REPLACE)
    elif is_secret and value in (Value.UNKNOWN, Value.HARMLESS):
        message = f"{name} is here in plain text"
        yield error(node, message, "put in the value that the platform encrypted (EV[...]), then change it")
