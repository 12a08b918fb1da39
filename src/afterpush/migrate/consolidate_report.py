"""A consolidation as a document and as text."""

import difflib
from collections.abc import Callable, Sequence
from typing import Annotated, TypedDict

from afterpush.migrate.apply.apply import Waiting
from afterpush.migrate.boot_script.start_script import OldStep
from afterpush.migrate.consolidate import Outcome
from afterpush.migrate.proof.report import Proof
from afterpush.migrate.replay.schema import part_kind, part_name
from afterpush.migrate.step_files import FileChange
from afterpush.migrate.steps.step import Step, made


class Added(TypedDict):
    """A step that was not there before."""

    step: Annotated[str, "the step's name: file, line, what it does"]
    kind: str
    table: Annotated[str | None, "null for what belongs to no table"]
    name: str
    sql: str
    file: str
    line: int


class Removed(TypedDict):
    """A line of the start script that is no longer needed."""

    file: Annotated[str | None, "the start script"]
    line: int
    text: str


class ConsolidateDocument(TypedDict):
    """The keys of `migrate.consolidate --json`."""

    target: Annotated[str, "`sql` or `typescript`"]
    dry_run: bool
    added: Annotated[list[Added], "steps that were not there before"]
    files: Annotated[list[str], "the files that were written, or would be"]
    removed_steps: Annotated[list[Removed], "what was taken out of the start script"]
    proved: bool
    reasons: Annotated[list[str], "why nothing is proved, or why an old step stays"]
    open: Annotated[list[str], "what the audit still finds"]
    destructive: Annotated[list[Waiting], "steps that lose rows or values, and are not allowed to"]
    diff: Annotated[str | None, "unified diff for a dry run; null otherwise"]
    proof: Annotated[Proof | None, "null for a dry run, and where it could not be had"]


def diff(change: FileChange) -> str:
    """The change as a unified diff."""
    before = (change.before or "").splitlines()
    name = "/dev/null" if change.before is None else f"a/{change.path}"
    lines = difflib.unified_diff(before, change.after.splitlines(), name, f"b/{change.path}", lineterm="")
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def document(outcome: Outcome) -> ConsolidateDocument:
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
        "destructive": [Waiting(s.file, s.line, s.loses) for s in outcome.waiting],
        "diff": "\n".join(map(diff, outcome.changes)) if outcome.dry_run else None,
        "proof": outcome.proof,
    }


def _step(step: Step) -> Added:
    keys = made(step)
    kind = part_kind(keys[0]).replace(" ", "_") if keys else step.kind
    table = keys[0][1] if keys and keys[0][0] == "table" else None
    name = part_name(keys[0]) if keys else step.name
    return {
        "step": step.name,
        "kind": kind,
        "table": table,
        "name": name,
        "sql": step.sql,
        "file": step.file,
        "line": step.line,
    }


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
    still = [f"still open: {one} (see `inv migrate.audit`)" for one in outcome.open]
    removal_waits = ["the start script changes only when the proof has passed"]
    waits = removal_waits if outcome.dry_run and outcome.removed else []
    loses = [
        f"{step.place}: {step.loses}: runs on a database with rows only with migrate.destructive"
        for step in outcome.waiting
    ]
    return [*outcome.reasons, *waits, *loses, *still]
