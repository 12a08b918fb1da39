"""What a check of the environment found."""

from dataclasses import dataclass
from enum import Enum


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

    severity: Severity
    what: str
    cure: str
    still_works: str


@dataclass(frozen=True)
class Tool:
    """A program. `needed` says whether this repository needs it."""

    name: str
    found: bool
    needed: bool
    version: str | None
    path: str | None
    purpose: str


@dataclass(frozen=True)
class Credential:
    """A variable, without its value. `source` is where it comes from: `environment` or `.env`."""

    name: str
    present: bool
    source: str | None
    purpose: str


@dataclass(frozen=True)
class Service:
    """A source of facts: whether it answered, how fast, and what it said."""

    name: str
    state: State
    configured: bool
    reachable: bool
    milliseconds: int | None
    target: str | None
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
