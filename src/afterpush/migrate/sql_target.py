"""Steps in an SQL file, which `migrate.apply` runs before the boot script."""

from dataclasses import replace

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.audit import Audit, audit
from afterpush.migrate.coverage import Object
from afterpush.migrate.model import Schema
from afterpush.migrate.plan import schema_steps
from afterpush.migrate.repository import Repository
from afterpush.migrate.steps import read_sql, render_sql
from afterpush.migrate.target import (
    FileChange,
    Plan,
    baseline_for,
    columns_of_boot,
    data_of,
    new_steps,
    schema_part,
)


def plan_sql(found: Audit, repository: Repository, with_data: bool) -> Plan:
    """The steps in `migrate.consolidated`. Raises AfterpushError for a file there that is not ours."""
    inputs, file = repository.inputs, repository.settings.consolidated
    before = list(inputs.steps)
    bare = audit(replace(repository, inputs=replace(inputs, steps=()), step_lines=()))
    wanted = schema_steps(found.sources.folding.schema, _with_their_tables(bare), columns_of_boot(bare))
    data = data_of(found, before, with_data)
    steps = [*baseline_for(found, data), *(wanted if found.missing else schema_part(before)), *data]
    added = new_steps(steps, before)
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
