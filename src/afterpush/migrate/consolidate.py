"""Consolidating: write the whole history as steps, prove both ways equal, then remove the old one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes import run
from afterpush.migrate.audit import Audit
from afterpush.migrate.boot_script.start_script import OldStep, form_of, without
from afterpush.migrate.proof.report import Proof
from afterpush.migrate.repository import Repository
from afterpush.migrate.statements.file_order import text_of
from afterpush.migrate.step_files import Consolidation, FileChange, Target, plan, write
from afterpush.migrate.steps.step import Step


@dataclass(frozen=True)
class Outcome:
    """What `migrate.consolidate` did, or with `--dry-run` would do.

    `open` is what the audit still complains about afterwards, in words. `reasons` say why nothing is
    proved or why an old step stays. `waiting` are the steps that lose rows or values, where that is not
    allowed.
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
    waiting: tuple[Step, ...] = ()
    failure: ExitCode = ExitCode.GOOD

    @property
    def proved(self) -> bool:
        return self.proof is not None and self.proof.proved

    @property
    def exit_code(self) -> ExitCode:
        if self.failure:
            return self.failure
        is_red = self.proof is not None and not self.proof.proved
        return ExitCode.BAD_ANSWER if self.open or is_red else ExitCode.GOOD


def consolidate(
    found: Audit,
    target: Target,
    *,
    with_data: bool = False,
    may_lose: bool = False,
    dry_run: bool = False,
    prove: Callable[[Repository, Sequence[Step]], Proof] | None,
    again: Callable[[Repository], Audit],
) -> Outcome:
    """Writes the steps, proves them with `prove`, and removes the start script's duplicate.

    `again` audits the repository as it is afterwards. Without `prove` nothing is removed. A proof that
    cannot be had (no rights, a dead server) is reported in the outcome: the steps are written by then.
    """
    repository = found.repository
    planned = plan(found, target, with_data=with_data, may_lose=may_lose)
    if not dry_run:
        for change in planned.changes:
            write(repository.root, change)
    after = again(planned.repository)
    proof, why_not, failure = _proved(planned, prove, dry_run)
    going, reasons = _removal(
        repository, target, proved=dry_run or (proof is not None and proof.proved), why_not=why_not
    )
    start = _start_change(repository, going)
    if start and (said := _grammar_error(start)):
        going, start = [], None
        reasons.append(f"{repository.settings.start_script} stays as it is: without the step, {said}")
    if start and not dry_run:
        write(repository.root, start)
    steps = planned.repository.steps
    return Outcome(
        target,
        dry_run,
        planned.added,
        (*planned.changes, *([start] if start else [])),
        tuple(going),
        repository.settings.start_script,
        proof,
        tuple(([why_not] if why_not and not reasons else []) + reasons + _elsewhere(repository)),
        _open(after),
        tuple(step for step in steps if step.loses and not may_lose),
        failure,
    )


def _proved(
    planned: Consolidation, prove: Callable[[Repository, Sequence[Step]], Proof] | None, dry_run: bool
) -> tuple[Proof | None, str, ExitCode]:
    """The proof, why there is none or why it is red, and the exit code of a failure to prove at all."""
    if dry_run:
        return None, "", ExitCode.GOOD
    if prove is None:
        return None, "nothing is proved without a server", ExitCode.GOOD
    try:
        proof = prove(planned.repository, planned.repository.steps)
    except AfterpushError as error:
        return None, f"the proof could not be had: {error}", error.exit_code
    if proof.proved:
        return proof, "", ExitCode.GOOD
    why = proof.reasons[0] if proof.reasons else "the two ways differ"
    return proof, f"the proof failed: {why}", ExitCode.GOOD


def _removal(
    repository: Repository, target: str, *, proved: bool, why_not: str
) -> tuple[list[OldStep], list[str]]:
    """Which old steps of the start script go, and why the others stay.

    `why_not` is why nothing is proved.
    """
    if not repository.old_steps:
        return [], []
    file = repository.settings.start_script
    reason = why_not if not proved else _unreached(repository, target)
    if reason:
        return [], [f"{file}:{step.first} stays: {reason}" for step in repository.old_steps]
    going = [step for step in repository.old_steps if not step.refusal]
    staying = [step for step in repository.old_steps if step.refusal]
    return going, [f"{file}:{step.first} stays: {step.refusal}; take it out by hand" for step in staying]


def _unreached(repository: Repository, target: str) -> str:
    """Why the new way would not run; empty when it does, as far as can be seen."""
    if target == "typescript":
        reach = repository.reach
        return f"the boot script is {reach.message}" if reach and reach.called is False else ""
    consolidated = repository.settings.consolidated
    boot = repository.settings.boot_script
    if boot == consolidated or _mentions(repository, consolidated):
        return ""
    return (
        f"nothing runs {consolidated} yet: put `inv migrate.apply` into the start script, then run this again"
    )


def _mentions(repository: Repository, consolidated: str) -> bool:
    files = ["Procfile", "package.json", "Dockerfile", ".do/app.yaml", repository.settings.boot_script or ""]
    texts = [repository.start_text or ""]
    texts += [text_of(repository.root, file) for file in files]
    return any("migrate.apply" in text or consolidated in text for text in texts)


def _start_change(repository: Repository, going: list[OldStep]) -> FileChange | None:
    file, text = repository.settings.start_script, repository.start_text
    if not going or file is None or text is None:
        return None
    return FileChange(file, text, without(text, going))


def _elsewhere(repository: Repository) -> list[str]:
    return [
        f"{file}:{step.first} runs the old way too: name {file} in migrate.start_script, then run this again"
        for file, step in repository.elsewhere
    ]


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
        return ""  # No such shell here: the lines were taken out whole, and the proof holds.
    return "" if done.code == 0 else f"{shell} says: {done.error_text.splitlines()[0]}"


def _open(after: Audit) -> tuple[str, ...]:
    """What the audit still finds, with places."""
    found = []
    if after.missing:
        named = ", ".join(f"{one.kind} {one.name} ({one.place})" for one in after.missing[:3])
        found.append(f"{len(after.missing)} missing ({named})")
    for name, remarks in (("unaudited", after.unaudited), ("invalid", after.invalid)):
        if remarks:
            said = "; ".join(f"{one.file}:{one.line}: {one.message}" for one in remarks[:20])
            found.append(f"{len(remarks)} {name} ({said})")
    if after.redefined:
        places = "; ".join(f"{one.table} at {' and '.join(one.places)}" for one in after.redefined)
        found.append(f"{len(after.redefined)} defined twice differently ({places})")
    return tuple(found)
