"""Steps in a block of the boot script itself, in its own style."""

from collections.abc import Sequence
from dataclasses import replace

from afterpush.infra.errors import AfterpushError
from afterpush.infra.safe_paths import Gate
from afterpush.migrate.audit import Audit, audit
from afterpush.migrate.block import with_steps, without_blocks
from afterpush.migrate.boot import kind_of_script, read_boot
from afterpush.migrate.plan import schema_steps
from afterpush.migrate.repository import Repository
from afterpush.migrate.steps import Step
from afterpush.migrate.target import (
    FileChange,
    Plan,
    baseline_for,
    columns_of_boot,
    data_of,
    new_steps,
    schema_part,
)
from afterpush.migrate.tokens import words_of


def plan_typescript(found: Audit, repository: Repository, with_data: bool) -> Plan:
    """The steps in a block of the boot script. Raises AfterpushError where it cannot take one."""
    inputs, boot = repository.inputs, repository.inputs.boot
    file = repository.settings.boot_script
    if boot is None or file is None:
        said = "set migrate.boot_script, or use --target=sql"
        raise AfterpushError(f"there is no boot script at {file}; {said}")
    if kind_of_script(file) == "sql":
        raise AfterpushError(f"{file} is SQL: use --target=sql")
    data = Gate(repository.root).read(file)
    before = boot.steps
    own = without_blocks(data)
    own_script = read_boot(own, file)
    bare = audit(replace(repository, inputs=replace(inputs, boot=own_script)))
    schema = found.sources.folding.schema
    steps = schema_steps(schema, bare.objects, columns_of_boot(bare)) if found.missing else []
    steps = steps or schema_part(before)
    rows = data_of(found, before, with_data)
    begin = baseline_for(found, rows)
    added = new_steps([*begin, *steps, *rows], before)
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
