"""What the queue knows: branches, red batches and the results of checks. Pure values, no effects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

FIRST_BATCH, LARGEST_BATCH = 8, 64
USUAL_PRIORITY = 2
# What is remembered of the past: enough for a month of a busy team, little enough to rewrite in a moment.
MOST_DECIDED, MOST_RESULTS = 1000, 1000


class State(StrEnum):
    """The state of a branch. `flaky` has landed, after a check that was red, then green on the same tree."""

    QUEUED = "queued"
    CHECKING = "checking"
    LANDED = "landed"
    EVICTED = "evicted"
    CONFLICT = "conflict"
    FLAKY = "flaky"
    REMOVED = "removed"

    @property
    def is_open(self) -> bool:
        return self in (State.QUEUED, State.CHECKING)

    @property
    def is_good(self) -> bool:
        return self in (State.LANDED, State.FLAKY)


class Cause(StrEnum):
    """Why a branch did not land, or needed no landing."""

    NONE = ""
    CHECK = "check"
    CONFLICT = "conflict"
    UNMERGEABLE = "unmergeable"
    REPOSITORY_INSIDE = "repository inside"
    CONTAINED = "contained"
    REFUSED = "refused"
    LOST_CLAIM = "lost claim"


@dataclass(frozen=True)
class Entry:
    """One branch at one commit. Lower priorities land first; times are epoch seconds.

    `checks` counts the check runs it was part of; `landed_sha` is its commit on main and `head` the commit
    that was pushed with it, whose deployment decides whether it is live.
    """

    branch: str
    sha: str
    priority: int = USUAL_PRIORITY
    author: str = ""
    title: str = ""
    state: State = State.QUEUED
    cause: Cause = Cause.NONE
    reason: str = ""
    checks: int = 0
    is_proven: bool = False
    landed_sha: str | None = None
    landed_at: float | None = None
    head: str | None = None
    log: str | None = None


@dataclass(frozen=True)
class Link:
    """A branch merged onto what is below it: the merge commit, and its tree."""

    branch: str
    sha: str
    commit: str
    tree: str


@dataclass(frozen=True)
class LeftOut:
    """A branch that a candidate could not take in; `on_base`: not even the base alone could.

    `sha` is the commit that has its change already, if one has.
    """

    branch: str
    cause: Cause
    reason: str
    on_base: bool = True
    sha: str | None = None


@dataclass(frozen=True)
class Candidate:
    """Branches merged in their order onto a commit."""

    base: str
    base_tree: str
    links: tuple[Link, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def tree(self) -> str:
        return self.links[-1].tree if self.links else self.base_tree

    @property
    def commit(self) -> str:
        return self.links[-1].commit if self.links else self.base

    @property
    def branches(self) -> tuple[str, ...]:
        return tuple(link.branch for link in self.links)


Compose = Callable[[str, tuple[Entry, ...]], Candidate]
"""Merges branches in their order onto a base: the same words give the same trees."""


@dataclass(frozen=True)
class Result:
    """What the check said of one tree, and the end of its last red log."""

    greens: int = 0
    reds: int = 0
    said: str = ""
    log: str = ""

    @property
    def is_green(self) -> bool:
        return self.greens > 0

    @property
    def is_flaky(self) -> bool:
        return self.greens > 0 and self.reds > 0


@dataclass(frozen=True)
class RedBatch:
    """Branches that failed together on a base, until it is known which of them are why.

    `suspects` were in no green candidate before; `named` is the one whose files the red log names, if one is.
    """

    base: str
    branches: tuple[str, ...]
    shas: tuple[str, ...]
    suspects: tuple[str, ...]
    named: str = ""


@dataclass(frozen=True)
class Landing:
    """A push of main that may have happened: written before it, cleared after it."""

    base: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Queue:
    """All that is remembered. `results` are by tree, and hold for `check` only.

    `sound_bases` are commits on which something was green: a red there is not theirs.
    `size` is the size of the next batch; `streak` counts green batches in a row, negative for red ones.
    """

    entries: tuple[Entry, ...] = ()
    check: str = ""
    results: Mapping[str, Result] = field(default_factory=dict)
    size: int = FIRST_BATCH
    streak: int = 0
    sound_bases: tuple[str, ...] = ()
    red_batches: tuple[RedBatch, ...] = ()
    landing: Landing | None = None
    checking: tuple[tuple[str, ...], ...] = ()
    check_runs: int = 0
    flaky_checks: int = 0

    def entry(self, branch: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.branch == branch), None)

    @property
    def is_lucky(self) -> bool:
        """Whether the last batches were green, so that the next one probably is."""
        return self.size > FIRST_BATCH

    @property
    def waiting(self) -> tuple[Entry, ...]:
        """What has still to land, in the order of landing."""
        open_ = [entry for entry in self.entries if entry.state.is_open]
        return tuple(sorted(open_, key=lambda entry: entry.priority))

    def with_entry(self, branch: str, **facts: object) -> "Queue":
        """The queue with other facts about one branch."""
        changed = [replace(e, **facts) if e.branch == branch else e for e in self.entries]  # type: ignore[arg-type]
        return replace(self, entries=tuple(changed))
