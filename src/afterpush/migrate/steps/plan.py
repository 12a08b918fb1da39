"""A plan: what is to be done about each step of a history, on one database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from afterpush.migrate.replay.schema import Key, State
from afterpush.migrate.steps.stage import NO_JOURNAL, Journal
from afterpush.migrate.steps.step import Step


class Verdict(StrEnum):
    """What is to be done about a step."""

    NEEDED = "needed"
    DONE = "done"
    DRIFTED = "drifted"
    WAITS = "waits"


@dataclass(frozen=True)
class Decision:
    """One step and its verdict; `why` is said where it is drifted or waits."""

    step: Step
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """The decisions for all steps. `names` are live names of parts that the history knows by other ones."""

    decisions: tuple[Decision, ...]
    names: Mapping[Key, str] = field(default_factory=dict)

    def of(self, verdict: Verdict) -> list[Decision]:
        return [one for one in self.decisions if one.verdict is verdict]

    @property
    def to_run(self) -> list[Step]:
        """What is executed, settings of the same file included."""
        return [one.step for one in self.of(Verdict.NEEDED)]


@dataclass(frozen=True)
class Situation:
    """The database as it is. `filled` are tables with rows; `may_lose` is the user's permission.

    `ran_until` is the user's word for a database without a journal: the last source file that ran there.
    """

    flavour: str
    live: State
    journal: Journal = NO_JOURNAL
    filled: frozenset[str] = frozenset()
    may_lose: bool = False
    ran_until: str = ""
