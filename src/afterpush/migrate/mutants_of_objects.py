"""Changes to tables as a whole, views and programs; and taking anything away."""

import json
import re
from collections.abc import Iterator

from afterpush.infra.database import Connection
from afterpush.migrate.execution import without_definer
from afterpush.migrate.mutant import Mutation, Proposal
from afterpush.migrate.snapshot import Snapshot
from afterpush.migrate.tokens import quoted


def view_body(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("view"):
        sql = f"CREATE OR REPLACE VIEW {quoted(thing.table)} AS SELECT 1 AS afterpush_mutant"
        yield Mutation("view body", thing.table, (sql,))


def view_security(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("view"):
        facts = json.loads(thing.definition)
        other = "INVOKER" if facts["security_type"] == "DEFINER" else "DEFINER"
        sql = f"ALTER SQL SECURITY {other} VIEW {quoted(thing.table)} AS {facts['view_definition']}"
        yield Mutation("view security", thing.table, (sql,))


def trigger_body(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("trigger"):
        row = connection.query(f"SHOW CREATE TRIGGER {quoted(thing.name)}")[0]
        created, _ = without_definer(str(row.get("SQL Original Statement", "")))
        body = re.search(r"\bFOR\s+EACH\s+ROW\b", created, re.IGNORECASE)
        if body:
            changed = created[: body.end()] + " SET @afterpush_mutant = 1"
            yield Mutation("trigger body", thing.name, (f"DROP TRIGGER {quoted(thing.name)}", changed))


def routine_comment(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for kind in ("procedure", "function"):
        for thing in now.of(kind):
            sql = f"ALTER {kind.upper()} {quoted(thing.name)} COMMENT 'afterpush mutant'"
            yield Mutation(f"{kind} comment", thing.name, (sql,))


def event_comment(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("event"):
        yield Mutation("event", thing.name, (f"ALTER EVENT {quoted(thing.name)} COMMENT 'afterpush mutant'",))


def table_options(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("table"):
        facts = json.loads(thing.definition)
        alter = f"ALTER TABLE {quoted(thing.table)}"
        if facts.get("table_type") != "BASE TABLE":
            continue
        yield Mutation("table comment", thing.table, (f"{alter} COMMENT = 'afterpush mutant'",))
        other = "latin1" if not str(facts.get("table_collation", "")).startswith("latin1") else "utf8mb4"
        yield Mutation("table character set", thing.table, (f"{alter} DEFAULT CHARACTER SET {other}",))
        if facts.get("engine") == "InnoDB":
            form = "COMPACT" if facts.get("row_format") != "Compact" else "DYNAMIC"
            yield Mutation("row format", thing.table, (f"{alter} ROW_FORMAT = {form}",))
            yield Mutation("engine", thing.table, (f"{alter} ENGINE = MyISAM",))


def additions(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("table"):
        if json.loads(thing.definition).get("table_type") != "BASE TABLE":
            continue
        alter = f"ALTER TABLE {quoted(thing.table)} ADD"
        yield Mutation("added column", thing.table, (f"{alter} COLUMN afterpush_mutant INT",))
        first = quoted(now.column_order[thing.table][0])
        yield Mutation(
            "added index", thing.table, (f"{alter} INDEX afterpush_mutant ({first}, afterpush_mutant)",)
        )


def drops(kind: str, noun: str, sql: str) -> Proposal:
    def propose(_: Connection, now: Snapshot) -> Iterator[Mutation]:
        for thing in now.of(noun):
            if thing.name != "PRIMARY" and "`" not in thing.table + thing.name:
                place = ".".join(filter(None, [thing.table, thing.name]))
                yield Mutation(kind, place, (sql.format(table=thing.table, name=thing.name),))

    return propose
