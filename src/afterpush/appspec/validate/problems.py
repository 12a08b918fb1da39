"""What can be wrong with an app spec, and where."""

from dataclasses import dataclass
from enum import Enum

from afterpush.appspec.yaml_tree import Node


class Severity(Enum):
    """Only an error makes the answer bad."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class SpecProblem:
    """One finding; `path` is the YAML path, such as `services[0].health_check.http_path`."""

    path: str
    line: int
    severity: Severity
    message: str
    cure: str
    file: str = ""


def error(path: str, node: Node, message: str, cure: str) -> SpecProblem:
    return SpecProblem(path, node.line, Severity.ERROR, message, cure)


def warning(path: str, node: Node, message: str, cure: str) -> SpecProblem:
    return SpecProblem(path, node.line, Severity.WARNING, message, cure)
