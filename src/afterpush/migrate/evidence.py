"""The evidence of one proof as it gathers, and the verdict that follows from it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from afterpush.migrate.differences import Comparison, Difference
from afterpush.migrate.execution import Item
from afterpush.migrate.fence import Refused
from afterpush.migrate.proof_report import Crashes, Invalid, Mutations, Proof, Rows, Run, ServerFacts
from afterpush.migrate.statements import Statement

RUNS = ("A", "B", "C", "D", "E")


@dataclass(frozen=True)
class Ways:
    """What is proved: after `base` (tables of others), `old` and then `boot` against `new` alone.

    `new` is everything that runs after the consolidation, in its order: steps, and the boot script's own
    statements.
    """

    base: Sequence[Statement]
    old: Sequence[Statement]
    boot: Sequence[Item]
    new: Sequence[Item]

    def all(self) -> list[Item]:
        """Everything that would be executed."""
        return [*self.base, *self.old, *self.boot, *self.new]

    def counts(self) -> dict[str, int]:
        """How many statements and steps each part has."""
        return {name: len(part) for name, part in self._parts().items()}

    def hash(self) -> str:
        """SHA-256 over the text of all of it, in order."""
        digest = hashlib.sha256()
        for part in self._parts().values():
            for item in part:
                digest.update(item.sql.encode("utf-8", "replace") + b"\0")
            digest.update(b"\1")
        return digest.hexdigest()

    def _parts(self) -> dict[str, Sequence[Item]]:
        return {"base": self.base, "old": self.old, "boot": self.boot, "new": self.new}


@dataclass
class Evidence:
    """Whatever a proof finds. `strict` lets names and column orders count."""

    ways: Ways
    strict: bool = False
    server: ServerFacts | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)
    failures: list[Difference] = field(default_factory=list)
    invalid: list[Invalid] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unaudited: list[Invalid] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    mutations: Mutations = field(default_factory=Mutations)
    crashes: Crashes = field(default_factory=Crashes)
    notes: list[str] = field(default_factory=list)

    def fail(self, run: str, message: str) -> None:
        """A run that went wrong, as one of the differences."""
        self.failures.append(Difference(run, "failure", "", "", None, None, f"run {run}: {message}"))

    def differences(self) -> list[Difference]:
        """Everything that makes the proof red by being different."""
        return [*self.failures, *(one for each in self.comparisons for one in each.definitions)]

    def names(self) -> list[Difference]:
        return [one for each in self.comparisons for one in each.names]

    def positions(self) -> list[Difference]:
        return [one for each in self.comparisons for one in each.positions]

    def proof(self) -> Proof:
        """The verdict: proved when no reason speaks against it."""
        reasons = self.reasons()
        return Proof(
            proved=not reasons,
            claim=self._claim(not reasons),
            reasons=tuple(reasons),
            server=self.server,
            runs=self.runs,
            differences=tuple(self.differences()),
            names=tuple(self.names()),
            positions=tuple(self.positions()),
            invalid=tuple(self.invalid),
            refused=tuple(self.refused),
            unaudited=tuple(self.unaudited),
            rows=self.rows,
            mutations=self.mutations,
            crashes=self.crashes,
            notes=tuple(dict.fromkeys(self.notes)),
            statements=self.ways.counts(),
            input_hash=self.ways.hash(),
        )

    def _claim(self, holds: bool) -> str:
        if self.server is None:
            return "nothing was executed"
        said = (
            "old way and new way give the same schema"
            if holds
            else "that old and new way give the same schema"
        )
        return f"{said}, on {self.server.title}"

    def reasons(self) -> list[str]:
        """Why this is no proof; empty when it is one."""
        return [
            *_counted(
                len(self.refused), "statement reaches beyond the schema", "statements reach beyond the schema"
            ),
            *_counted(len(self.unaudited), "statement is unaudited", "statements are unaudited"),
            *_counted(len(self.invalid), "statement is rejected", "statements are rejected by the server"),
            *_counted(len(self.differences()), "difference", "differences"),
            *self._second_class(),
            *self._controls(),
        ]

    def _second_class(self) -> list[str]:
        second = len(self.names()) + len(self.positions()) if self.strict else 0
        return _counted(second, "other name or order (strict)", "other names or orders (strict)")

    def _controls(self) -> list[str]:
        mutations, crashes = self.mutations, self.crashes
        missed, lost = mutations.tried - mutations.caught, crashes.points - crashes.recovered
        found = [
            *_counted(len(self.rows.lost), "table lost rows", "tables lost rows"),
            *_counted(missed, "mutation went unnoticed", "mutations went unnoticed"),
            *_counted(lost, "crash was not recovered from", "crashes were not recovered from"),
        ]
        complete = all(run in self.runs for run in RUNS)
        if self.server and not complete and not (self.refused or self.invalid or self.failures):
            found.append("not all of the runs took place")
        if complete and not mutations.tried and self.runs["B"].equal:
            found.append("the schema is empty: there was nothing to compare")
        return found


def _counted(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []
