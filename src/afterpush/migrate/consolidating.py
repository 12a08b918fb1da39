"""Carrying a consolidation out: write the steps, prove both ways equal, and only then remove the old one."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes import run
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.audit import Remark, audit
from afterpush.migrate.boot import kind_and_table
from afterpush.migrate.consolidate import plan
from afterpush.migrate.inputs import Inputs
from afterpush.migrate.old_way import removal, start_change
from afterpush.migrate.proof_report import Proof
from afterpush.migrate.repository import Repository
from afterpush.migrate.start_script import OldStep, form_of
from afterpush.migrate.steps import Step, step_lines
from afterpush.migrate.target import FileChange, Plan, Target, diff

NO_SERVER = "nothing is proved without a server: set MYSQL_URL or DB_* (see .env.example)"


@dataclass(frozen=True)
class Outcome:
    """What `migrate.consolidate` did, or with `--dry-run` would do.

    `open` is what the audit still complains about afterwards, in words. `reasons` say why nothing is proved
    or why an old step stays.
    """

    target: Target
    dry_run: bool
    added: tuple[Step, ...]
    changes: tuple[FileChange, ...]
    removed: tuple[OldStep, ...]
    start_script: str | None
    proof: Proof | None
    reasons: tuple[str, ...]
    open: tuple[str, ...]
    failure: ExitCode = ExitCode.GOOD

    @property
    def proved(self) -> bool:
        return self.proof is not None and self.proof.proved

    @property
    def exit_code(self) -> ExitCode:
        """Bad when something stays open or the proof is red; without a server, what is written is good."""
        if self.failure:
            return self.failure
        is_red = self.proof is not None and not self.proof.proved
        return ExitCode.BAD_ANSWER if self.open or is_red else ExitCode.GOOD


def consolidate(
    repository: Repository,
    target: Target,
    *,
    invalid: Iterable[Remark] = (),
    with_data: bool = False,
    dry_run: bool = False,
    prove: Callable[[Inputs], Proof] | None,
) -> Outcome:
    """Adds what is missing to the target, proves it with `prove`, and removes the start script's duplicate.

    Without `prove` nothing is removed. A proof that cannot be had (no rights, a dead server) is told in the
    outcome: the steps are written by then.
    """
    found = audit(repository, invalid)
    planned = plan(found, target, with_data=with_data)
    if planned.change and not dry_run:
        _write(repository.root, planned.change)
    proof, why_not, failure = _proved(planned, prove, dry_run)
    going, reasons = removal(
        repository, target, proved=dry_run or (proof is not None and proof.proved), why_not=why_not
    )
    start = start_change(repository, going)
    if start and (said := _grammar_error(start)):
        going, start = [], None
        reasons.append(f"{repository.settings.start_script} stays as it is: without the step, {said}")
    if start and not dry_run:
        _write(repository.root, start)
    changes = tuple(change for change in (planned.change, start) if change is not None)
    return Outcome(
        target,
        dry_run,
        planned.added,
        changes,
        tuple(going),
        repository.settings.start_script,
        proof,
        tuple(([why_not] if why_not and not reasons else []) + reasons + _elsewhere(repository)),
        _open(repository, planned, invalid),
        failure,
    )


def _elsewhere(repository: Repository) -> list[str]:
    return [
        f"{file}:{step.first} runs the old way too: name {file} in migrate.start_script, then run this again"
        for file, step in repository.elsewhere
    ]


def _write(root: Path, change: FileChange) -> None:
    try:
        Gate(root).write(change.path, change.after.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise AfterpushError(f"writing {change.path}: {error.strerror}; nothing was proved") from error


def _proved(
    planned: Plan, prove: Callable[[Inputs], Proof] | None, dry_run: bool
) -> tuple[Proof | None, str, ExitCode]:
    """The proof, why there is none or why it is red, and the exit code of a failure to prove at all."""
    if dry_run:
        return None, "", ExitCode.GOOD
    if prove is None:
        return None, NO_SERVER, ExitCode.GOOD
    try:
        proof = prove(planned.inputs)
    except AfterpushError as error:
        return None, f"the proof could not be had: {error}", error.exit_code
    if proof.proved:
        return proof, "", ExitCode.GOOD
    why = proof.reasons[0] if proof.reasons else "the two ways differ"
    return proof, f"the proof failed: {why}", ExitCode.GOOD


def _grammar_error(change: FileChange) -> str:
    """What is wrong with a start script's grammar after the change; empty when it is right."""
    if change.path.endswith(".json"):
        try:
            json.loads(change.after)
        except ValueError as error:
            return f"it is no JSON: {error}"
    if form_of(change.path) is not None:
        return ""
    shell = "bash" if "bash" in change.after.split("\n", 1)[0] else "sh"
    try:
        done = run([shell, "-n"], input=change.after.encode())
    except AfterpushError:
        return ""  # No such shell here: the lines were taken out whole, and the proof stands.
    return "" if done.code == 0 else f"{shell} says: {done.error_text.splitlines()[0]}"


def _open(repository: Repository, planned: Plan, invalid: Iterable[Remark]) -> tuple[str, ...]:
    lines = repository.step_lines
    if planned.target == "sql" and planned.change:
        lines = tuple(step_lines(planned.change.after))
    after = audit(replace(repository, inputs=planned.inputs, step_lines=lines), invalid)
    said = {
        "missing": len(after.missing),
        "unaudited": len(after.unaudited),
        "invalid": len(after.invalid),
        "defined twice differently": len(after.redefined),
    }
    return tuple(f"{count} {name}" for name, count in said.items() if count)


def document(outcome: Outcome) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "target": outcome.target,
        "dry_run": outcome.dry_run,
        "added": [_step(step) for step in outcome.added],
        "files": [change.path for change in outcome.changes],
        "removed_steps": [
            {"file": outcome.start_script, "line": step.first, "text": step.text} for step in outcome.removed
        ],
        "proved": outcome.proved,
        "reasons": list(outcome.reasons),
        "open": list(outcome.open),
        "diff": "\n".join(map(diff, outcome.changes)) if outcome.dry_run else None,
        "proof": outcome.proof,
    }


def _step(step: Step) -> dict[str, str | None]:
    kind, table = kind_and_table(step.name)
    thing = step.name.split(" ", 2 if kind in ("primary_key", "foreign_key", "drop") else 1)[-1]
    name = thing.split(".", 1)[1] if table and "." in thing else thing
    return {"step": step.name, "kind": step.kind, "table": step.table or None, "name": name, "sql": step.sql}


def rendered(outcome: Outcome, proof_text: Callable[[Proof], str]) -> str:
    """The report for people; with `--dry-run` it is the diff."""
    if outcome.dry_run:
        lines = [diff(change) for change in outcome.changes] or ["nothing to add"]
        return "\n".join([*lines, *_notes(outcome)])
    lines = [f"added {step.name}" for step in outcome.added] or ["nothing to add"]
    lines += [f"wrote {change.path}" for change in outcome.changes]
    lines += [f"removed {outcome.start_script}:{step.first}: {_first(step)}" for step in outcome.removed]
    lines += [proof_text(outcome.proof)] if outcome.proof else []
    return "\n".join([*lines, *_notes(outcome)])


def _first(step: OldStep) -> str:
    return step.text.strip().splitlines()[0]


def _notes(outcome: Outcome) -> Sequence[str]:
    still = [f"still open: {', '.join(outcome.open)} (see `inv migrate.audit`)"] if outcome.open else []
    removal_waits = ["the start script changes only when the proof has passed"]
    waits = removal_waits if outcome.dry_run and outcome.removed else []
    return [*outcome.reasons, *waits, *still]
