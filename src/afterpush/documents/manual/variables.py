"""Every variable with its meaning, from the documented example."""

import re
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"^#? ?(?P<name>[A-Z][A-Z0-9_]*)=(?P<default>\S*)$")


@dataclass(frozen=True)
class DocumentedVariable:
    """A variable, the default that the example shows (empty: none), and what it is for."""

    name: str
    default: str
    meaning: str


@dataclass(frozen=True)
class VariableGroup:
    """A paragraph of the example: its variables, or only its text."""

    text: str
    variables: tuple[DocumentedVariable, ...]


def variable_groups(text: str) -> list[VariableGroup]:
    """The paragraphs of `.env.example`; a comment counts for the variables below it until the next."""
    return [_group(paragraph) for paragraph in re.split(r"\n\s*\n", text.strip())]


def _group(paragraph: str) -> VariableGroup:
    variables: list[DocumentedVariable] = []
    comment: list[str] = []
    is_open = False
    for line in paragraph.splitlines():
        found = _ASSIGNMENT.match(line)
        if found:
            variables.append(DocumentedVariable(found["name"], found["default"], " ".join(comment)))
            is_open = False
        else:
            comment = [*comment, line.lstrip("# ")] if is_open else [line.lstrip("# ")]
            is_open = True
    return VariableGroup(" ".join(comment) if not variables else "", tuple(variables))
