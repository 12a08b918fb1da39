"""Consolidating: write the whole history as steps, prove both ways equal, then remove the old one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes import run
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.audit import Audit
from afterpush.migrate.boot_script.boot import kind_of_script, read_boot
from afterpush.migrate.boot_script.call import has_call, is_esm, with_block, with_call
from afterpush.migrate.boot_script.old_way import removal
from afterpush.migrate.boot_script.start_script import OldStep, form_of, without
from afterpush.migrate.inputs import Inputs
from afterpush.migrate.proof.report import Proof
from afterpush.migrate.repository import Repository
from afterpush.migrate.steps.module import lines_of_module, module_of, steps_module
from afterpush.migrate.steps.sql_file import render_sql, step_lines
from afterpush.migrate.steps.step import DATA, SETTING, Step, steps_of

Target = Literal["sql", "typescript"]


@dataclass(frozen=True)
class FileChange:
    """A file with its old and new content; `before` is None for a file that is not there yet.

    Bytes that are no UTF-8 stand in the text as surrogates, and are written as they were.
    """

    path: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Consolidation:
    """What is to be written: `added` are the steps that were not there before, `repository` as it is then."""

    target: Target
    added: tuple[Step, ...]
    changes: tuple[FileChange, ...]
    repository: Repository


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


def parse_target(text: str | None, repository: Repository) -> Target:
    """The flag's value, or the kind of the boot script. Raises AfterpushError for anything else."""
    boot = repository.inputs.boot
    if not text:
        return "typescript" if boot is not None and boot.kind == "typescript" else "sql"
    if text == "typescript":
        return "typescript"
    if text == "sql":
        return "sql"
    raise AfterpushError(f"--target={text}: expected sql or typescript")


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
    cannot be had (no rights, a dead server) is told in the outcome: the steps are written by then.
    """
    repository = found.repository
    planned = plan(found, target, with_data=with_data, may_lose=may_lose)
    if not dry_run:
        for change in planned.changes:
            _write(repository.root, change)
    after = again(planned.repository)
    proof, why_not, failure = _proved(planned, prove, dry_run)
    going, reasons = removal(
        repository, target, proved=dry_run or (proof is not None and proof.proved), why_not=why_not
    )
    start = _start_change(repository, going)
    if start and (said := _grammar_error(start)):
        going, start = [], None
        reasons.append(f"{repository.settings.start_script} stays as it is: without the step, {said}")
    if start and not dry_run:
        _write(repository.root, start)
    steps = planned.repository.inputs.steps
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


def plan(found: Audit, target: Target, *, with_data: bool, may_lose: bool) -> Consolidation:
    """The steps and the files that hold them. Raises AfterpushError when the target cannot take steps."""
    repository, inputs = found.repository, found.repository.inputs
    is_known = {name: not any(e.rejected for e in h.effects) for name, h in found.replays.histories.items()}
    first = found.replays.server.flavour
    histories = {name: h for name, h in found.replays.histories.items() if name == first or is_known[name]}
    had_rows = any(step.kind == DATA and not step.is_left_out for step in inputs.steps)
    steps = steps_of(histories, with_data=with_data or had_rows)
    if (
        not inputs.steps
        and not found.missing
        and not [s for s in steps if s.kind == DATA and not s.is_left_out]
    ):
        return Consolidation(target, (), (), repository)
    if target == "typescript":
        return _typescript(repository, steps, may_lose)
    return _sql(repository, steps, may_lose)


def _sql(repository: Repository, steps: list[Step], may_lose: bool) -> Consolidation:
    file, inputs = repository.settings.consolidated, repository.inputs
    before = _text(repository.root, file)
    if before and not inputs.steps and repository.plain:
        raise AfterpushError(
            f"{file} was not written by this task: name another file in migrate.consolidated, or move it"
        )
    text = render_sql(steps, may_lose=may_lose)
    changes = () if text == before else (FileChange(file, before, text),)
    after = replace(inputs, steps=tuple(steps), steps_file=file)
    lines = tuple(step_lines(text))
    return Consolidation(
        "sql", _new(steps, inputs), changes, replace(repository, inputs=after, step_lines=lines)
    )


def _typescript(repository: Repository, steps: list[Step], may_lose: bool) -> Consolidation:
    inputs, file = repository.inputs, repository.settings.boot_script
    if inputs.boot is None or file is None:
        raise AfterpushError(
            f"there is no boot script at {file}; set migrate.boot_script, or use --target=sql"
        )
    module = module_of(file)
    if kind_of_script(file) == "sql" or module is None:
        raise AfterpushError(f"{file} is SQL: use --target=sql")
    data = Gate(repository.root).read(file)
    before = _text(repository.root, module)
    is_typed = file.endswith((".ts", ".tsx", ".mts", ".cts"))
    esm = is_esm(data, file)
    text = steps_module(steps, is_typed=is_typed, is_esm=esm is not False, may_lose=may_lose)
    if esm is None:  # It can import nothing.
        script, module = with_block(data, file, text), file
        text = script.decode("utf-8", "surrogateescape")
    else:
        script = data if has_call(data) else with_call(data, file, module)
    changes = []
    if module != file and text != before:
        changes.append(FileChange(module, before, text))
    if script != data:
        changes.append(
            FileChange(file, *(part.decode("utf-8", "surrogateescape") for part in (data, script)))
        )
    after = replace(inputs, boot=read_boot(script, file), steps=tuple(steps), steps_file=module)
    lines = tuple(lines_of_module(text))
    return Consolidation(
        "typescript", _new(steps, inputs), tuple(changes), replace(repository, inputs=after, step_lines=lines)
    )


def _new(steps: Sequence[Step], inputs: Inputs) -> tuple[Step, ...]:
    known = {step.checksum for step in inputs.steps}
    return tuple(
        step for step in steps if step.checksum not in known and step.kind != SETTING and not step.is_left_out
    )


def _text(root: Path, file: str) -> str | None:
    gate = Gate(root)
    return gate.read(file).decode("utf-8", "replace") if gate.exists(file) else None


def _write(root: Path, change: FileChange) -> None:
    try:
        Gate(root).write(change.path, change.after.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise AfterpushError(f"writing {change.path}: {error.strerror}; nothing was proved") from error


def _proved(
    planned: Consolidation, prove: Callable[[Repository, Sequence[Step]], Proof] | None, dry_run: bool
) -> tuple[Proof | None, str, ExitCode]:
    """The proof, why there is none or why it is red, and the exit code of a failure to prove at all."""
    if dry_run:
        return None, "", ExitCode.GOOD
    if prove is None:
        return None, "nothing is proved without a server", ExitCode.GOOD
    try:
        proof = prove(planned.repository, planned.repository.inputs.steps)
    except AfterpushError as error:
        return None, f"the proof could not be had: {error}", error.exit_code
    if proof.proved:
        return proof, "", ExitCode.GOOD
    why = proof.reasons[0] if proof.reasons else "the two ways differ"
    return proof, f"the proof failed: {why}", ExitCode.GOOD


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
        return ""  # No such shell here: the lines were taken out whole, and the proof stands.
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
        places = "; ".join(f"{one.table} at {' and '.join(map(str, one.places))}" for one in after.redefined)
        found.append(f"{len(after.redefined)} defined twice differently ({places})")
    return tuple(found)
