"""The signatures of failures as `config/failures.yaml` writes them, and ready to match."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

import msgspec

UNKNOWN = "unknown"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mapping of the file; unknown keys are errors. The file's head explains the keys."""


class WrittenCategory(Entry, frozen=True, kw_only=True):
    title: str
    hint: str
    weight: int
    tolerable: bool = False


class WrittenPattern(Entry, frozen=True, kw_only=True):
    pattern: str | list[str]
    needs: list[str] = msgspec.field(default_factory=list)
    unless: str | None = None


class WrittenOutcome(WrittenPattern, frozen=True, kw_only=True):
    result: str
    level: str


class WrittenSignature(WrittenPattern, frozen=True, kw_only=True):
    id: str
    category: str
    weight: int | None = None
    tolerable: bool | None = None
    wraps: bool = False
    followed_by: str | None = None
    root: str | None = None
    also: WrittenPattern | None = None
    differs: str | None = None
    against: WrittenPattern | None = None
    title: str | None = None
    hint: str | None = None
    sample: str | None = None
    counter: str | None = None


class WrittenCommands(Entry, frozen=True, kw_only=True):
    before: list[str] = msgspec.field(default_factory=list)
    no_work: list[str] = msgspec.field(default_factory=list)
    work: dict[str, list[str]] = msgspec.field(default_factory=dict)


class WrittenFile(Entry, frozen=True, kw_only=True):
    """The whole file; a team's file may leave out any part."""

    categories: dict[str, WrittenCategory] = msgspec.field(default_factory=dict)
    benign: list[str] = msgspec.field(default_factory=list)
    doubtful: list[str] = msgspec.field(default_factory=list)
    trace: list[str] = msgspec.field(default_factory=list)
    progress: list[str] = msgspec.field(default_factory=list)
    commands: WrittenCommands = msgspec.field(default_factory=WrittenCommands)
    outcomes: list[WrittenOutcome] = msgspec.field(default_factory=list)
    faults: list[WrittenPattern] = msgspec.field(default_factory=list)
    signatures: list[WrittenSignature] = msgspec.field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Pattern:
    """A regular expression, compiled on first use; what excludes it; and what it needs: texts in lower case
    of which one is in every line that it matches (without any, every line is tried)."""

    text: str
    needs: tuple[str, ...]
    unless: str | None = None

    @functools.cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(self.text, re.IGNORECASE)

    @functools.cached_property
    def exclusion(self) -> re.Pattern[str] | None:
        return re.compile(self.unless, re.IGNORECASE) if self.unless else None

    def search(self, said: str) -> re.Match[str] | None:
        """The first match, unless the line is excluded."""
        found = self.expression.search(said)
        return None if found and self.exclusion and self.exclusion.search(said) else found


class Level(IntEnum):
    """How much an outcome speaks for: part of a run (one test), a tool, a command or step, the whole job."""

    PART = 0
    TOOL = 1
    STEP = 2
    JOB = 3


class Result(Enum):
    """What a line says of a step: that it begins, went well, or failed."""

    START = "start"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, eq=False)
class OutcomeRule:
    """Lines that say how something ended, or that something begins."""

    pattern: Pattern
    result: Result
    level: Level


@dataclass(frozen=True, eq=False)
class Signature:
    """How one fault shows itself. `weight`: how much it says about the cause, 1-100. `tolerable`: a process
    may meet it and go on. `root`: the next line that matches it is the root line. `also` must and `against`
    must not match another line of the log; groups named by `differs` must be read in both and differ."""

    id: str
    category: str
    weight: int
    tolerable: bool
    pattern: Pattern
    followed_by: re.Pattern[str] | None
    root: re.Pattern[str] | None
    also: Pattern | None
    differs: str | None
    against: Pattern | None
    written: WrittenSignature = field(repr=False)

    @property
    def wraps(self) -> bool:
        """Whether it says only that a command failed."""
        return self.written.wraps


@dataclass(frozen=True, eq=False)
class Commands:
    """What commands do: what may be before one, those that do no work of their own, and the category of
    failure when one that matches fails."""

    before: re.Pattern[str]
    no_work: re.Pattern[str]
    work: Mapping[str, re.Pattern[str]]


@dataclass(frozen=True, eq=False)
class Failures:
    """Everything that the signature files say."""

    categories: Mapping[str, WrittenCategory]
    signatures: tuple[Signature, ...]
    commands: Commands
    outcomes: tuple[OutcomeRule, ...]
    faults: tuple[Pattern, ...]
    benign: re.Pattern[str]
    doubtful: re.Pattern[str]
    trace: re.Pattern[str]
    progress: re.Pattern[str]
    team_file: str | None = None
    """The file of the repository that some of it comes from."""
