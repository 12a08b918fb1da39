"""Planning the consolidation: which steps, into which file, and what the files then hold."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from afterpush.ground.errors import AfterpushError
from afterpush.migrate.audit import Audit, audit
from afterpush.migrate.block import with_steps, without_blocks
from afterpush.migrate.boot import kind_of_script, read_boot
from afterpush.migrate.coverage import Object
from afterpush.migrate.inputs import Inputs
from afterpush.migrate.model import Schema
from afterpush.migrate.plan import data_steps, schema_steps
from afterpush.migrate.reading import Sort
from afterpush.migrate.repository import Repository
from afterpush.migrate.start_script import OldStep, without
from afterpush.migrate.steps import BASELINE, Step, baseline, read_sql, render_sql
from afterpush.migrate.tokens import words_of

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
class Plan:
    """What the consolidation adds.

    `added` are the steps that were not there before; `change` is None when there is nothing to write.
    `inputs` are the repository's after the change: what is to be proved.
    """

    target: Target
    added: tuple[Step, ...]
    change: FileChange | None
    inputs: Inputs


def default_target(repository: Repository) -> Target:
    """The kind of the boot script; `sql` where there is none."""
    boot = repository.inputs.boot
    return "typescript" if boot is not None and boot.kind == "typescript" else "sql"


def plan(found: Audit, target: Target, *, with_data: bool) -> Plan:
    """The steps for all that is missing, and the file that holds them afterwards.

    Raises AfterpushError when the target cannot take steps.
    """
    repository = found.repository
    if target == "typescript":
        return _plan_typescript(found, repository, with_data)
    return _plan_sql(found, repository, with_data)


def parse_target(text: str | None, repository: Repository) -> Target:
    """The flag's value, or the default. Raises AfterpushError for anything else."""
    if text is None or text == "":
        return default_target(repository)
    if text == "typescript":
        return "typescript"
    if text == "sql":
        return "sql"
    raise AfterpushError(f"--target={text}: expected sql or typescript")


# SQL


def _plan_sql(found: Audit, repository: Repository, with_data: bool) -> Plan:
    inputs, file = repository.inputs, repository.settings.consolidated
    before = list(inputs.steps)
    bare = audit(replace(repository, inputs=replace(inputs, steps=()), step_lines=()))
    wanted = schema_steps(found.sources.folding.schema, _with_their_tables(bare), _of_boot(bare))
    data = _data(found, before, with_data)
    steps = [*_baseline(found, data), *(wanted if found.missing else _schema_part(before)), *data]
    added = _new(steps, before)
    if not added:
        return Plan("sql", (), None, inputs)
    if repository.plain:
        raise AfterpushError(
            f"{file} was not written by `inv migrate.consolidate` and is not overwritten: move it to your "
            "migrations, or name another file in migrate.consolidated"
        )
    path = repository.root / file
    old = path.read_bytes().decode("utf-8") if path.is_file() else None
    text = render_sql(steps)
    after = replace(inputs, steps=tuple(read_sql(text, file)))
    return Plan("sql", tuple(added), FileChange(file, old, text), after)


def _of_boot(found: Audit) -> frozenset[tuple[str, str]]:
    """Columns that the boot script adds by itself: what stands before them is not there yet."""
    return frozenset(
        (entry.item.table.lower(), entry.item.name.lower())
        for entry in found.objects
        if entry.item.kind == "column" and entry.covered
    )


def _with_their_tables(found: Audit) -> list[Object]:
    """The objects, where tables that missing ones need count as missing too.

    The file runs before the boot script: what that makes is not there yet.
    """
    schema = found.sources.folding.schema
    needed = {entry.item.table.lower() for entry in found.missing if entry.item.table}
    for entry in found.missing:
        needed |= _names_in(entry, schema)
    return [
        replace(entry, where=None) if entry.covered and entry.item.table.lower() in needed else entry
        for entry in found.objects
    ]


def _names_in(entry: Object, schema: Schema) -> set[str]:
    """Tables that a foreign key, a view or a program refers to."""
    item = entry.item
    if item.kind == "foreign_key":
        table = schema.tables[item.table.lower()]
        return {key.target.lower() for key in table.foreign_keys}
    program = schema.programs.get((item.kind, item.name.lower()))
    return set(program.reads) & schema.tables.keys() if program else set()


def _data(found: Audit, before: Sequence[Step], with_data: bool) -> list[Step]:
    """Steps for rows: those that are there stay; with `with_data`, all of the sources' are."""
    kept = [step for step in before if step.kind == "data"]
    if not with_data:
        return kept
    rows = data_steps(
        reading.statement
        for reading in found.sources.of(Sort.DATA)
        if reading.statement.file in found.repository.inputs.source_files
    )
    names = {step.name for step in kept}
    return kept + [step for step in rows if step.name not in names]


def _baseline(found: Audit, data: Sequence[Step]) -> list[Step]:
    """The step that keeps rows of the old way from being written twice."""
    made = [entry.item.name for entry in found.objects if entry.item.kind == "table"]
    return [baseline(data, made)] if data else []


def _schema_part(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.kind not in ("data", BASELINE)]


def _new(steps: Iterable[Step], before: Iterable[Step]) -> list[Step]:
    known = {(step.name, " ".join(step.sql.split())) for step in before}
    return [step for step in steps if (step.name, " ".join(step.sql.split())) not in known]


# TypeScript


def _plan_typescript(found: Audit, repository: Repository, with_data: bool) -> Plan:
    inputs, boot = repository.inputs, repository.inputs.boot
    file = repository.settings.boot_script
    if boot is None or file is None:
        said = "set migrate.boot_script, or use --target=sql"
        raise AfterpushError(f"there is no boot script at {file}; {said}")
    if kind_of_script(file) == "sql":
        raise AfterpushError(f"{file} is SQL: use --target=sql")
    data = (repository.root / file).read_bytes()
    before = boot.steps
    own = without_blocks(data)
    own_script = read_boot(own, file)
    bare = audit(replace(repository, inputs=replace(inputs, boot=own_script)))
    schema = found.sources.folding.schema
    steps = schema_steps(schema, bare.objects, _of_boot(bare)) if found.missing else []
    steps = steps or _schema_part(before)
    rows = _data(found, before, with_data)
    begin = _baseline(found, rows)
    added = _new([*begin, *steps, *rows], before)
    if not added:
        return Plan("typescript", (), None, inputs)
    first, last = _around(steps, bare, file)
    first, last = ([*first, *rows], []) if not last else (first, [*last, *rows])
    text = with_steps(own, file, [*begin, *first], last)
    after = replace(inputs, boot=read_boot(text, file))
    change = FileChange(file, *(part.decode("utf-8", "surrogateescape") for part in (data, text)))
    return Plan("typescript", tuple(added), change, after)


def _around(steps: Sequence[Step], bare: Audit, file: str) -> tuple[list[Step], list[Step]]:
    """The steps that run before the script's own statements, as the old way did, and those that run after.

    Last come those that need a table, column or program that the script itself makes, and what needs them.
    What stands first runs in any case; what stands last does so only when the script comes to its end.
    """
    schema = bare.cover.folding.schema
    made = {name for name, table in schema.tables.items() if table.created and table.place.file == file}
    made |= {program.name.lower() for program in schema.programs.values() if program.place.file == file}
    columns = {
        (table, name)
        for table, own in schema.tables.items()
        for name, column in own.columns.items()
        if column.added and column.place.file == file
    }
    first: list[Step] = []
    last: list[Step] = []
    for step in steps:
        words = words_of(step.sql)
        waits = words & made or any(table in words and column in words for table, column in columns)
        if step.kind == "table" or not waits:
            first.append(step)
        else:
            last.append(step)
            made |= _made_by(step, columns)
    return first, last


def _made_by(step: Step, columns: set[tuple[str, str]]) -> set[str]:
    """The name of the program that a step makes; the column that it adds is added to `columns`."""
    name = step.name.rpartition(" ")[2].rpartition(".")[2].lower()
    if step.kind == "column":
        columns.add((step.table.lower(), name))
        return set()
    return {name} if step.kind in ("view", "procedure", "function") else set()


# The start script


def removal(
    repository: Repository, target: Target, *, proved: bool, why_not: str
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


def _unreached(repository: Repository, target: Target) -> str:
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
    texts += [
        path.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file and (path := repository.root / file).is_file()
    ]
    return any("migrate.apply" in text or consolidated in text for text in texts)


def start_change(repository: Repository, going: list[OldStep]) -> FileChange | None:
    """The start script without these steps."""
    file, text = repository.settings.start_script, repository.start_text
    if not going or file is None or text is None:
        return None
    return FileChange(file, text, without(text, going))


def diff(change: FileChange) -> str:
    """The change as a unified diff."""
    before = (change.before or "").splitlines()
    name = "/dev/null" if change.before is None else f"a/{change.path}"
    lines = difflib.unified_diff(before, change.after.splitlines(), name, f"b/{change.path}", lineterm="")
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
