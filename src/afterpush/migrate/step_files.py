"""The files that hold the steps: the consolidated file of SQL, or a module beside the boot script."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.audit import Audit
from afterpush.migrate.boot_script.boot import kind_of_script, read_boot
from afterpush.migrate.boot_script.call import has_call, is_esm, with_block, with_call, without_call
from afterpush.migrate.boot_script.project import package_of
from afterpush.migrate.boot_script.start_script import reads_sources
from afterpush.migrate.repository import Repository
from afterpush.migrate.statements.file_order import text_of
from afterpush.migrate.steps.module import lines_of_module, module_of, steps_module
from afterpush.migrate.steps.sql_file import render_sql, step_lines
from afterpush.migrate.steps.step import DATA, SETTING, Step, steps_of

Target = Literal["sql", "typescript"]


@dataclass(frozen=True)
class FileChange:
    """A file with its old and new content; `before` is None for a file that is not there yet.

    Bytes that are no UTF-8 are in the text as surrogates, and are written as they were.
    """

    path: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Consolidation:
    """What is to be written: `added` are the steps that were not there before, `repository` as it is then."""

    added: tuple[Step, ...]
    changes: tuple[FileChange, ...]
    repository: Repository


def parse_target(text: str | None, repository: Repository) -> Target:
    """The flag's value, or the kind of the boot script. Raises AfterpushError for anything else."""
    boot = repository.boot
    if not text:
        return "typescript" if boot is not None and boot.kind == "typescript" else "sql"
    if text == "typescript":
        return "typescript"
    if text == "sql":
        return "sql"
    raise AfterpushError(f"--target={text}: expected sql or typescript")


def plan(found: Audit, target: Target, *, with_data: bool, may_lose: bool) -> Consolidation:
    """The steps and the files that hold them. Raises AfterpushError when the target cannot take steps."""
    repository = found.repository
    is_known = {name: not any(e.rejected for e in h.effects) for name, h in found.replays.histories.items()}
    first = found.replays.server.flavour
    histories = {name: h for name, h in found.replays.histories.items() if name == first or is_known[name]}
    had_rows = any(step.kind == DATA and not step.is_left_out for step in repository.steps)
    steps = steps_of(histories, with_data=with_data or had_rows)
    if (
        not repository.steps
        and not found.missing
        and not [s for s in steps if s.kind == DATA and not s.is_left_out]
    ):
        return Consolidation((), (), repository)
    if target == "typescript":
        return _typescript(repository, steps, may_lose)
    return _sql(repository, steps, may_lose)


def _sql(repository: Repository, steps: list[Step], may_lose: bool) -> Consolidation:
    file = repository.settings.consolidated
    before = text_of(repository.root, file) or None
    if before and not repository.steps and repository.plain:
        raise AfterpushError(
            f"{file} was not written by this task: name another file in migrate.consolidated, or move it"
        )
    text = render_sql(steps, may_lose=may_lose)
    changes = () if text == before else (FileChange(file, before, text),)
    lines = tuple(step_lines(text))
    after = replace(repository, steps=tuple(steps), steps_file=file, step_lines=lines)
    return Consolidation(_new(steps, repository), changes, after)


def _typescript(repository: Repository, steps: list[Step], may_lose: bool) -> Consolidation:
    file = repository.settings.boot_script
    if repository.boot is None or file is None:
        raise AfterpushError(
            f"there is no boot script at {file}; set migrate.boot_script, or use --target=sql"
        )
    module = module_of(file)
    if kind_of_script(file) == "sql" or module is None:
        raise AfterpushError(f"{file} is SQL: use --target=sql")
    data = Gate(repository.root).read(file)
    _require_no_runner(repository, file, data)
    before = text_of(repository.root, module) or None
    is_typed = file.endswith((".ts", ".tsx", ".mts", ".cts"))
    esm = is_esm(data, file)
    text = steps_module(steps, is_typed=is_typed, is_esm=esm is not False, may_lose=may_lose)
    if esm is None:  # It can import nothing.
        script, module = with_block(data, file, text), file
        text = script.decode("utf-8", "surrogateescape")
    else:
        needs_endings = package_of(repository.root, file).get("type") == "module"
        script = data if has_call(data) else with_call(data, file, module, needs_endings=needs_endings)
    changes = []
    if module != file and text != before:
        changes.append(FileChange(module, before, text))
    if script != data:
        changes.append(
            FileChange(file, *(part.decode("utf-8", "surrogateescape") for part in (data, script)))
        )
    after = replace(
        repository,
        boot=read_boot(script, file),
        steps=tuple(steps),
        steps_file=module,
        step_lines=tuple(lines_of_module(text)),
    )
    return Consolidation(_new(steps, repository), tuple(changes), after)


def _require_no_runner(repository: Repository, file: str, data: bytes) -> None:
    """A boot script that runs the files itself would run a new one again, right behind its steps."""
    names = frozenset(repository.source_files)
    line = reads_sources(without_call(data).decode("utf-8", "replace"), names)
    if line is not None:
        raise AfterpushError(
            f"{file}:{line} runs the files of the migrations itself, and would run them again behind the "
            "steps: take that out first, or use --target=sql and `inv migrate.apply` instead of it"
        )


def _new(steps: Sequence[Step], repository: Repository) -> tuple[Step, ...]:
    known = {step.checksum for step in repository.steps}
    return tuple(
        step for step in steps if step.checksum not in known and step.kind != SETTING and not step.is_left_out
    )


def write(root: Path, change: FileChange) -> None:
    try:
        Gate(root).write(change.path, change.after.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise AfterpushError(f"writing {change.path}: {error.strerror}; nothing was proved") from error
