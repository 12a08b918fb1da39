"""What a check of the environment found, as a document and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from afterpush.infra.console import table


class Severity(Enum):
    """An error makes watching a push impossible; a warning makes it poorer."""

    ERROR = "error"
    WARNING = "warning"


class State(Enum):
    """How a source of facts about deployments is."""

    OK = "ok"
    NOT_CONFIGURED = "not configured"
    MISCONFIGURED = "misconfigured"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, with its cure and what still works."""

    severity: Annotated[Severity, "only an error makes the exit code 1"]
    what: str
    cure: Annotated[str, "what to do"]
    still_works: Annotated[str, "what still works"]


@dataclass(frozen=True)
class Tool:
    """A program. `needed` says whether this repository needs it."""

    name: str
    found: bool
    needed: Annotated[bool, "whether this repository needs it"]
    version: Annotated[str | None, "null when it is not there or does not say"]
    path: Annotated[str | None, "null when it is not there"]
    purpose: str


@dataclass(frozen=True)
class Credential:
    """A variable, without its value. `source` is where it comes from: `environment` or `.env`."""

    name: Annotated[str, "a variable; its value is never printed"]
    present: bool
    source: Annotated[str | None, "where it comes from; null when it is not set"]
    purpose: str


@dataclass(frozen=True)
class Service:
    """A source of facts: whether it answered, how fast, and what it said."""

    name: str
    state: Annotated[State, "how it is"]
    configured: bool
    reachable: bool
    milliseconds: Annotated[int | None, "how long its answer took; null without one"]
    target: Annotated[str | None, "its address without secrets; null when none is configured"]
    detail: str


@dataclass(frozen=True)
class Check:
    """Something about the repository; `ok` is false when a problem belongs to it."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Report:
    """All of it."""

    tools: list[Tool]
    credentials: list[Credential]
    services: list[Service]
    repository: list[Check]
    problems: list[Problem]

    @property
    def has_errors(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def warning(what: str, cure: str, still_works: str) -> Problem:
    return Problem(Severity.WARNING, what, cure, still_works)


def error(what: str, cure: str, still_works: str) -> Problem:
    return Problem(Severity.ERROR, what, cure, still_works)


def report_text(report: Report) -> str:
    """All of it as lines: plain, aligned, the problems last."""
    tools = [(tool.name, _tool(tool), tool.path or "") for tool in report.tools]
    credentials = [
        (each.name, f"set ({each.source})" if each.present else "-", each.purpose)
        for each in report.credentials
    ]
    services = [(each.name, each.state.value, _time(each), _about(each)) for each in report.services]
    repository = [(each.name, "ok" if each.ok else "!", each.detail) for each in report.repository]
    parts = [
        _section("Tools", tools),
        _section("Variables (values are never shown)", credentials),
        _section("Services", services),
        _section("Repository", repository),
        _problems(report.problems),
    ]
    return "\n\n".join(parts)


def _section(title: str, rows: Sequence[Sequence[str]]) -> str:
    aligned = table(rows[0], rows[1:]) if rows else ""
    return "\n".join([title, *(f"  {line}" for line in aligned.splitlines())])


def _tool(tool: Tool) -> str:
    if not tool.found:
        return "missing" if tool.needed else "not there, not needed"
    return tool.version or "version unknown"


def _time(service: Service) -> str:
    return "-" if service.milliseconds is None else f"{service.milliseconds} ms"


def _about(service: Service) -> str:
    return f"{service.target}: {service.detail}" if service.target else service.detail


def _problems(problems: Sequence[Problem]) -> str:
    if not problems:
        return "No problems."
    lines = [f"Problems: {len(problems)}"]
    for problem in problems:
        lines += [
            f"  {problem.severity.value.upper()}: {problem.what}",
            f"    cure:        {problem.cure}",
            f"    still works: {problem.still_works}",
        ]
    return "\n".join(lines)
