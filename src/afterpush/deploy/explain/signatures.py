"""The signatures of failures, as `config/failures.yaml` holds them.

Its entries are read straight into these classes; an expression is compiled when it is first searched for. The
file's head explains the keys.
"""

import functools
import re
from enum import Enum, IntEnum

import msgspec

from afterpush.digitalocean.steps import Reason

UNKNOWN = "unknown"
_EXIT_CODE = re.compile(r"\bexit(?:ed)?\b[^0-9\n]{0,30}?\b(\d{1,3})\b", re.IGNORECASE)


class Expression:
    """A regular expression without case, by its alternatives; of none, nothing fits."""

    def __init__(self, *alternatives: str) -> None:
        self.text = "|".join(alternatives) or "(?!)"

    @functools.cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.text, re.IGNORECASE)

    def search(self, said: str) -> re.Match[str] | None:
        return self.compiled.search(said)

    def match(self, said: str) -> re.Match[str] | None:
        return self.compiled.match(said)

    def __or__(self, other: "Expression") -> "Expression":
        return Expression(self.text, other.text)


NOTHING = Expression()


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, eq=False, dict=True):
    """One mapping of the file; unknown keys are errors."""


class Category(Entry, frozen=True, kw_only=True):
    """A kind of failure; its weight and whether a process may live with it hold where a signature says no
    other."""

    title: str
    hint: str
    weight: int
    tolerable: bool = False


class Code(Entry, frozen=True, kw_only=True):
    """What a reason code of the platform means. A decisive one names the cause itself; the others only say
    where it happened: a line of the log that names the cause comes before them."""

    category: str
    title: str
    hint: str
    decisive: bool = True


class Pattern(Entry, frozen=True, kw_only=True):
    """An expression; what excludes it; and what it needs: texts in lower case of which one is in every line
    that it matches (without any, every line is tried)."""

    pattern: Expression
    needs: tuple[str, ...] = ()
    unless: Expression | None = None

    def search(self, said: str) -> re.Match[str] | None:
        """The first match, unless the line is excluded."""
        found = self.pattern.search(said)
        return None if found and self.unless and self.unless.search(said) else found


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


class OutcomeRule(Pattern, frozen=True, kw_only=True):
    """Lines that say how something ended, or that something begins."""

    result: str
    level: str

    @functools.cached_property
    def speaks_of(self) -> tuple[Result, Level]:
        return Result(self.result), Level[self.level.upper()]


class Signature(Pattern, frozen=True, kw_only=True):
    """How one fault shows itself. `weight`: how much it says about the cause, 1-100. `tolerable`: a process
    may meet it and go on. `wraps`: it says only that a command failed. `root`: the next line that matches it
    is the root line. `also` must and `against` must not match another line of the log; groups named by
    `differs` must be read in both and differ."""

    id: str
    category: str
    weight: int = 0
    tolerable: bool | None = None
    wraps: bool = False
    followed_by: Expression | None = None
    root: Expression | None = None
    also: Pattern | None = None
    differs: str | None = None
    against: Pattern | None = None
    title: str | None = None
    hint: str | None = None
    sample: str | None = None
    counter: str | None = None


class Commands(Entry, frozen=True, kw_only=True):
    """What commands do: what may be before one, those that do no work of their own, and the category of
    failure when one that matches fails."""

    before: Expression = NOTHING
    no_work: Expression = NOTHING
    work: dict[str, Expression] = {}

    @functools.cached_property
    def prefix(self) -> re.Pattern[str]:
        """All that may be before a command."""
        return re.compile(f"^(?:{self.before.text})+")


class Failures(Entry, frozen=True, kw_only=True):
    """Everything that a file of signatures says; a team's may leave out any part."""

    categories: dict[str, Category] = {}
    codes: dict[str, Code] = {}
    exits: dict[int, str] = {}
    commands: Commands = Commands()
    outcomes: tuple[OutcomeRule, ...] = ()
    faults: tuple[Pattern, ...] = ()
    signatures: tuple[Signature, ...] = ()
    benign: Expression = NOTHING
    doubtful: Expression = NOTHING
    trace: Expression = NOTHING
    progress: Expression = NOTHING

    def meaning_of(self, reason: Reason) -> Code | None:
        """What a reason's code means, with that of the exit code which its message names; None for one that
        is not known. Codes are seen with and without `Deploy` before `Container`.
        """
        code = reason.code or ""
        found = self.codes.get(code.removeprefix("Deploy"))
        if found is None or not code.endswith("ContainerExitNonZero"):
            return found
        named = _EXIT_CODE.search(reason.message or "")
        hint = self.exits.get(int(named[1])) if named else None
        return msgspec.structs.replace(found, hint=hint) if hint else found


class Extended(Failures, frozen=True, kw_only=True):
    """Ours, extended by a team's, whose expressions nobody has timed."""
