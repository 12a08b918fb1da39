"""Negative controls: small changes to a schema, each of which a comparison must notice.

A proof that cannot turn red proves nothing. The changes are made for what the schema holds, on the
server, one after the other; each must show as a difference between just before and just after it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate import mutants_of_columns as columns
from afterpush.migrate import mutants_of_keys as keys
from afterpush.migrate import mutants_of_objects as objects
from afterpush.migrate.differences import compare
from afterpush.migrate.mutant import Mutation, Proposal
from afterpush.migrate.snapshot import Snapshot, take

PER_KIND = 3


@dataclass(frozen=True)
class Controls:
    """How many changes were made and noticed; `kinds` says of which kind, `missed` which were not noticed."""

    tried: int
    caught: int
    kinds: dict[str, int]
    missed: list[str]


def _notices(before: Snapshot, after: Snapshot) -> bool:
    return bool(compare("mutation", before, after, copies_count=True).definitions)


def control(
    connection: Connection,
    schema: str,
    *,
    per_kind: int = PER_KIND,
    notices: Callable[[Snapshot, Snapshot], bool] = _notices,
) -> Controls:
    """Makes the changes in the schema (which is spoilt by it) and counts those that are noticed."""
    before = take(connection, schema)
    kinds: dict[str, int] = {}
    missed: list[str] = []
    for propose in _PROPOSALS:
        # Proposed on what is there now: an earlier change may have taken the thing away.
        for mutation in list(propose(connection, before)):
            if kinds.get(mutation.kind, 0) >= per_kind or not _make(connection, mutation):
                continue
            kinds[mutation.kind] = kinds.get(mutation.kind, 0) + 1
            after = take(connection, schema)
            if not notices(before, after):
                missed.append(f"{mutation.kind}: {mutation.target}")
            before = after
    tried = sum(kinds.values())
    return Controls(tried, tried - len(missed), kinds, missed)


def _make(connection: Connection, mutation: Mutation) -> bool:
    for number, sql in enumerate(mutation.statements):
        try:
            connection.execute(sql)
        except StatementRejected:
            return number > 0
    return True


_PROPOSALS: tuple[Proposal, ...] = (
    columns.column_comment,
    columns.default,
    columns.on_update,
    columns.nullability,
    columns.column_type,
    columns.charset,
    columns.auto_increment,
    keys.index_order,
    keys.index_uniqueness,
    keys.index_prefix,
    keys.index_direction,
    keys.foreign_rule,
    keys.check_clause,
    objects.trigger_body,
    objects.routine_comment,
    objects.event_comment,
    objects.view_security,
    objects.view_body,
    objects.table_options,
    objects.additions,
    objects.drops("dropped event", "event", "DROP EVENT `{name}`"),
    objects.drops("dropped procedure", "procedure", "DROP PROCEDURE `{name}`"),
    objects.drops("dropped function", "function", "DROP FUNCTION `{name}`"),
    objects.drops("dropped trigger", "trigger", "DROP TRIGGER `{name}`"),
    objects.drops("dropped view", "view", "DROP VIEW `{table}`"),
    objects.drops("dropped partition", "partition", "ALTER TABLE `{table}` DROP PARTITION `{name}`"),
    objects.drops("dropped check", "check", "ALTER TABLE `{table}` DROP CONSTRAINT `{name}`"),
    objects.drops("dropped foreign key", "foreign key", "ALTER TABLE `{table}` DROP FOREIGN KEY `{name}`"),
    objects.drops("dropped index", "index", "ALTER TABLE `{table}` DROP INDEX `{name}`"),
    objects.drops("dropped column", "column", "ALTER TABLE `{table}` DROP COLUMN `{name}`"),
    objects.drops("dropped table", "table", "DROP TABLE `{table}`"),
)
