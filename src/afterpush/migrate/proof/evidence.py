"""The evidence of one proof as it gathers, and the verdict that follows from it."""

from dataclasses import dataclass, field

from afterpush.migrate.proof.compare import Comparison, Difference
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.report import Crashes, Invalid, Mutations, Proof, Rows, Run, ServerFacts


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
    unaudited: list[Invalid] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    mutations: Mutations = field(default_factory=Mutations)
    crashes: Crashes = field(default_factory=Crashes)
    notes: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

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
            stages=tuple(self.stages),
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
        found += [f"no negative control of this kind could be made: {kind}" for kind in self.lacking]
        complete = all(run in self.runs for run in "ABCD")
        if self.server and not complete and not (self.invalid or self.unaudited or self.failures):
            found.append("not all of the runs took place")
        if complete and not mutations.tried and self.runs["B"].equal:
            found.append("the schema is empty: there was nothing to compare")
        return found


def _counted(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []
