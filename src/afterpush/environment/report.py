"""What a check of the environment found."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated


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
