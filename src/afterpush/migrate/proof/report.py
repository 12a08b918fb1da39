"""What a proof found, as a document and as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from afterpush.migrate.proof.compare import Difference


@dataclass(frozen=True)
class ServerFacts:
    """The server that a proof holds for, and for no other."""

    flavor: Annotated[str, "`MySQL` or `MariaDB`"]
    version: str
    comment: str
    sql_mode: str
    character_set: str
    collation: str
    lower_case_table_names: int

    @property
    def title(self) -> str:
        """`MariaDB 10.11.19`, `MySQL 8.0.40`."""
        return f"{self.flavor} {self.version.split('-')[0]}"


@dataclass(frozen=True)
class Invalid:
    """A statement that the server rejects."""

    file: str
    line: int
    message: str


@dataclass
class Run:
    """One way of bringing a schema up: what ran, and the hash of what came out; also a pass of it.

    `tolerated` statements met what was there already; `rejected` ones failed in the old way's second pass
    of run E; `again` is how many steps the repeated part executed once more (it must be 0).
    """

    way: Annotated[str, "what ran, in order"] = ""
    executed: int = 0
    skipped: Annotated[int, "steps that were done already"] = 0
    tolerated: Annotated[int, "statements of the boot script that met what is there"] = 0
    rejected: Annotated[list[str], "what the old way's second pass could not do (run E)"] = field(
        default_factory=list
    )
    again: Annotated[int, "steps that a second pass executed once more; must be 0"] = 0
    hash: Annotated[str, "SHA-256 of the resulting schema"] = ""
    equal: Annotated[bool, "whether that is what run A gave"] = False
    seconds: float = 0


@dataclass
class Rows:
    """Whether rows were kept in runs C, D and E.

    `refused`: tables that took no row, with the reason.
    """

    tables: Annotated[int, "tables that rows were planted in"] = 0
    kept: bool = True
    lost: list[str] = field(default_factory=list)
    refused: Annotated[dict[str, str], "tables that took no row, and why"] = field(default_factory=dict)

    def lose(self, lost: list[str]) -> None:
        self.kept = self.kept and not lost
        self.lost += lost


@dataclass(frozen=True)
class Mutations:
    """The negative controls: changes to the schema, and how many turned the comparison red."""

    tried: int = 0
    caught: int = 0
    kinds: Annotated[Mapping[str, int], "how many of each kind"] = field(default_factory=dict)
    missed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Crashes:
    """Connections killed after each executed statement of the new way; how many re-runs came out equal."""

    points: Annotated[int, "one for each statement that the new way executes"] = 0
    recovered: int = 0
    failed: tuple[str, ...] = ()


@dataclass
class Proof:
    """The verdict with all of its evidence, which gathers during the proof."""

    proved: bool = False
    claim: Annotated[str, "what was proved, and on which server"] = "nothing was executed"
    reasons: Annotated[list[str], "why nothing is proved; empty for a proof"] = field(default_factory=list)
    server: Annotated[ServerFacts | None, "null where nothing was executed"] = None
    runs: Annotated[dict[str, Run], "by letter: A, B, C, D, E"] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    names: Annotated[list[Difference], "only another name; counts with --strict"] = field(
        default_factory=list
    )
    positions: Annotated[list[Difference], "only another order of columns; counts with --strict"] = field(
        default_factory=list
    )
    invalid: Annotated[list[Invalid], "what the server rejects"] = field(default_factory=list)
    unaudited: Annotated[list[Invalid], "SQL that cannot be known before it runs"] = field(
        default_factory=list
    )
    rows: Rows = field(default_factory=Rows)
    mutations: Mutations = field(default_factory=Mutations)
    crashes: Crashes = field(default_factory=Crashes)
    notes: list[str] = field(default_factory=list)
    statements: Annotated[Mapping[str, int], "statements of `base`, `old` and `boot`, and steps of `new`"] = (
        field(default_factory=dict)
    )
    input_hash: Annotated[str, "SHA-256 of all that was executed"] = ""
    seconds: float = 0
    stages: Annotated[list[str], "the stages from which the new way was executed"] = field(
        default_factory=list
    )

    def fail(self, run: str, message: str) -> None:
        """A run that went wrong, as one of the differences."""
        self.differences.append(Difference(run, "failure", "", "", None, None, f"run {run}: {message}"))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def rendered(proof: Proof) -> str:
    """The report for people."""
    lines = [f"{'PROVED' if proof.proved else 'NOT PROVED'}: {proof.claim}"]
    lines += [f"  because {reason}" for reason in proof.reasons]
    if proof.server:
        server = proof.server
        lines.append(f"server     {server.title} ({server.version}), sql_mode {server.sql_mode or 'empty'}")
    lines.append(f"input      {_counts(proof.statements)}, sha256 {proof.input_hash[:16]}")
    lines += [_run_line(name, run) for name, run in proof.runs.items()]
    if proof.runs:
        lines += _evidence(proof)
    lines += _section("differences", [one.message for one in proof.differences])
    lines += _section("other names (second class)", [one.message for one in proof.names])
    lines += _section("other order of columns (second class)", [one.message for one in proof.positions])
    lines += _section("rejected by the server", [_at(one) for one in proof.invalid])
    lines += _section("unaudited", [_at(one) for one in proof.unaudited])
    lines += _section("notes", list(proof.notes))
    return "\n".join(lines)


def _counts(statements: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in statements.items())


def _run_line(name: str, run: Run) -> str:
    verdict = "equal" if run.equal else "DIFFERENT"
    done = f"{run.executed} executed, {run.skipped} skipped, {run.tolerated} there already"
    return f"run {name}      {run.hash[:16] or '-':16}  {verdict:9}  {done}  ({run.way})"


def _evidence(proof: Proof) -> list[str]:
    rows, mutations, crashes = proof.rows, proof.mutations, proof.crashes
    lines = [
        f"rows       {'kept' if rows.kept else 'LOST'} in {rows.tables} tables",
        f"mutations  {mutations.caught} of {mutations.tried} caught",
        f"crashes    {crashes.recovered} of {crashes.points} recovered",
        f"stages     {', '.join(proof.stages) or 'none'}",
    ]
    lines += _section("rows lost", list(rows.lost))
    lines += _section("tables without rows", [f"{table}: {why}" for table, why in rows.refused.items()])
    lines += _section("mutations missed", list(mutations.missed))
    return lines + _section("crashes not recovered", list(crashes.failed))


def _at(one: Invalid) -> str:
    return f"{one.file}:{one.line}: {one.message}"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
