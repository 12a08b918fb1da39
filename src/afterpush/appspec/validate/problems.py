"""What can be wrong with an app spec, and where."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated

from afterpush.appspec.yaml_tree import Node


class Severity(Enum):
    """Only an error makes the answer bad."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class SpecProblem:
    """One finding; `path` is the YAML path, such as `services[0].health_check.http_path`."""

    path: Annotated[str, "where in the spec, such as services[0].health_check"]
    line: Annotated[int, "counted from 1"]
    severity: Annotated[Severity, "only an error makes the exit code 1"]
    message: str
    cure: Annotated[str, "what to do"]
    file: Annotated[str, "which spec; empty where there is one"] = ""


@dataclass(frozen=True)
class PlatformAnswer:
    """What the platform says to a spec (models/app_propose_response.yml); costs are USD a month.

    `defaults` are the fields that it would fill in. The cost before is that of the live spec.
    """

    cost_per_month: Annotated[float | None, "USD; null when the platform does not say"] = None
    cost_per_month_now: Annotated[float | None, "USD, of the live spec; null when there is none"] = None
    name_is_free: Annotated[bool | None, "null for the app itself"] = None
    suggested_name: Annotated[str | None, "when the name is taken"] = None
    defaults: Annotated[tuple[str, ...], "`path: value` of what the platform would add"] = ()


@dataclass(frozen=True)
class Validation:
    """The answer of `doappspec.validate`."""

    spec: Annotated[str, "the file"]
    problems: list[SpecProblem]
    platform: Annotated[PlatformAnswer | None, "null when it was not asked, or rejects the spec"] = None

    @property
    def has_error(self) -> bool:
        """Whether the answer is bad: warnings alone are none."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def text(self) -> str:
        """A line for each problem, in the form that editors can jump to, its cure below; then the sum."""
        lines = [
            f"{one.file}:{one.line}: {one.severity.value}: {one.path}: {one.message}\n    {one.cure}"
            for one in self.problems
        ]
        counts = {level: sum(one.severity is level for one in self.problems) for level in Severity}
        told = [
            f"{count} {level.value}{'' if count == 1 else 's'}"
            for level, count in counts.items()
            if count or level is not Severity.NOTE
        ]
        return "\n".join([*lines, f"{self.spec}: {', '.join(told)}", *_platform_lines(self.platform)])


def _platform_lines(platform: PlatformAnswer | None) -> list[str]:
    if platform is None:
        return []
    now = platform.cost_per_month_now
    cost, before = platform.cost_per_month, f" (now {now:g})" if now is not None else ""
    lines = ["the platform accepts it" + (f": {cost:g} USD a month{before}" if cost is not None else "")]
    return lines + [f"it would add: {', '.join(platform.defaults)}"] * bool(platform.defaults)


@dataclass(frozen=True)
class PlatformWord:
    """The platform's problems with a spec, its answer when it has none, and why it could not be asked."""

    problems: tuple[SpecProblem, ...] = ()
    answer: PlatformAnswer | None = None
    why_not: str | None = None


NOT_ASKED = PlatformWord()


def error(node: Node, message: str, cure: str, on: Node | None = None) -> SpecProblem:
    """A fault of a part of the spec, shown on its line or on that of the part `on`."""
    return SpecProblem(node.path or ".", (on or node).line, Severity.ERROR, message, cure)


def warning(node: Node, message: str, cure: str, on: Node | None = None) -> SpecProblem:
    """A doubt about a part of the spec, shown on its line or on that of the part `on`."""
    return replace(error(node, message, cure, on), severity=Severity.WARNING)
