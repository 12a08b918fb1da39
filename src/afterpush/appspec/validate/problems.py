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


@dataclass(frozen=True)
class PlatformAnswer:
    """What the platform says to a spec (models/app_propose_response.yml); costs are USD a month.

    `defaults` are the fields that it would fill in. The cost before is that of the live spec.
    """

    cost_per_month: float | None = None
    cost_per_month_now: float | None = None
    name_is_free: bool | None = None
    suggested_name: str | None = None
    defaults: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlatformWord:
    """The platform's problems with a spec, its answer when it has none, and why it could not be asked."""

    problems: tuple[SpecProblem, ...] = ()
    answer: PlatformAnswer | None = None
    why_not: str | None = None


def error(path: str, node: Node, message: str, cure: str) -> SpecProblem:
    return SpecProblem(path, node.line, Severity.ERROR, message, cure)


def warning(path: str, node: Node, message: str, cure: str) -> SpecProblem:
    return SpecProblem(path, node.line, Severity.WARNING, message, cure)
