"""A schema as the server itself describes it, in a form in which two schemas can be compared.

Everything that information_schema tells is taken, except what says nothing about the definition (times,
sizes, row counts, the schema's own name). Names of indexes, foreign keys and checks, and the order of
columns, are kept apart: they are a second class of difference.
Source: the MySQL 8 manual and the MariaDB manual, "INFORMATION_SCHEMA Tables"; measured on MariaDB 10.11.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from afterpush.infra.database import Connection
from afterpush.migrate.spelling import as_one_rule, created_line
from afterpush.migrate.steps import JOURNAL_TABLE

# What these say depends on when, where and with how many rows; or other objects say it again.
_VOLATILE = frozenset(
    "TABLE_CATALOG CONSTRAINT_CATALOG UNIQUE_CONSTRAINT_CATALOG REFERENCED_TABLE_CATALOG INDEX_SCHEMA "
    "TRIGGER_CATALOG EVENT_OBJECT_CATALOG EVENT_CATALOG ROUTINE_CATALOG SPECIFIC_CATALOG CATALOG_NAME "
    "TABLE_SCHEMA CONSTRAINT_SCHEMA UNIQUE_CONSTRAINT_SCHEMA TRIGGER_SCHEMA EVENT_OBJECT_SCHEMA "
    "EVENT_SCHEMA ROUTINE_SCHEMA SPECIFIC_SCHEMA SCHEMA_NAME "
    "CREATE_TIME UPDATE_TIME CHECK_TIME CREATED LAST_ALTERED LAST_EXECUTED ORIGINATOR CARDINALITY "
    "TABLE_ROWS AVG_ROW_LENGTH DATA_LENGTH MAX_DATA_LENGTH INDEX_LENGTH MAX_INDEX_LENGTH DATA_FREE "
    "AUTO_INCREMENT CHECKSUM VERSION TEMPORARY PRIVILEGES COLUMN_KEY ORDINAL_POSITION "
    "POSITION_IN_UNIQUE_CONSTRAINT UNIQUE_CONSTRAINT_NAME TABLESPACE_NAME "
    "IS_SYSTEM_TIME_PERIOD_START IS_SYSTEM_TIME_PERIOD_END".split()
)


@dataclass(frozen=True)
class Thing:
    """One object of a schema: what it is, and how it is defined.

    `name` is part of the definition, except for indexes, foreign keys and checks (`named` is False).
    """

    kind: str
    table: str
    name: str
    definition: str
    named: bool = True

    @property
    def key(self) -> tuple[str, str, str]:
        """What two schemas are matched by."""
        return (self.kind, self.table, self.name if self.named else self.definition)


@dataclass(frozen=True)
class Snapshot:
    """All things of one schema, and the order of each table's columns."""

    things: tuple[Thing, ...]
    column_order: Mapping[str, tuple[str, ...]]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the definitions: equal for two schemas exactly when no definition differs."""
        lines = sorted(
            [thing.kind, thing.table, thing.name if thing.named else "", thing.definition]
            for thing in self.things
        )
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()

    def of(self, kind: str) -> list[Thing]:
        """The things of one kind."""
        return [thing for thing in self.things if thing.kind == kind]


def take(connection: Connection, schema: str) -> Snapshot:
    """The snapshot of a schema. Raises DatabaseFailure."""
    return _Reader(connection, schema).snapshot()


Row = dict[str, Any]


class _Reader:
    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._prefix = f"`{schema}`."

    def snapshot(self) -> Snapshot:
        columns = self._rows("COLUMNS", "TABLE_SCHEMA", "TABLE_NAME, ORDINAL_POSITION")
        things = [
            *self._schema_itself(),
            *self._tables(),
            *self._plain("column", columns, "TABLE_NAME", "COLUMN_NAME"),
            *self._indexes(),
            *self._foreign_keys(),
            *self._checks(),
            *self._plain("view", self._rows("VIEWS", "TABLE_SCHEMA"), "TABLE_NAME", ""),
            *self._plain(
                "trigger", self._rows("TRIGGERS", "TRIGGER_SCHEMA"), "EVENT_OBJECT_TABLE", "TRIGGER_NAME"
            ),
            *self._routines(),
            *self._plain("event", self._rows("EVENTS", "EVENT_SCHEMA"), "", "EVENT_NAME"),
            *self._partitions(),
        ]
        order: dict[str, list[str]] = {}
        for row in columns:
            order.setdefault(row["TABLE_NAME"], []).append(row["COLUMN_NAME"])
        return Snapshot(
            tuple(sorted(things, key=lambda thing: (thing.kind, thing.table, thing.name, thing.definition))),
            {table: tuple(names) for table, names in sorted(order.items())},
        )

    def _rows(self, view: str, schema_column: str, order: str = "") -> list[Row]:
        sql = f"SELECT * FROM information_schema.{view} WHERE {schema_column} = %s"
        rows = self._connection.query(sql + (f" ORDER BY {order}" if order else ""), [self._schema])
        upper = [{name.upper(): value for name, value in row.items()} for row in rows]
        return [
            row
            for row in upper
            if JOURNAL_TABLE not in (row.get("TABLE_NAME"), row.get("EVENT_OBJECT_TABLE"))
        ]

    def _definition(self, row: Row, *without: str) -> str:
        kept = {
            name.lower(): self._normal(value)
            for name, value in row.items()
            if name not in _VOLATILE and name not in without and value is not None
        }
        return json.dumps(kept, sort_keys=True, default=str, ensure_ascii=False)

    def _normal(self, value: object) -> object:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        if isinstance(value, str):
            return "" if value == self._schema else value.replace(self._prefix, "")
        return value

    def _plain(self, kind: str, rows: Iterable[Row], table: str, name: str) -> list[Thing]:
        return [
            Thing(
                kind, str(row.get(table) or ""), str(row.get(name) or ""), self._definition(row, table, name)
            )
            for row in rows
        ]

    def _schema_itself(self) -> list[Thing]:
        rows = self._rows("SCHEMATA", "SCHEMA_NAME")
        return self._plain("schema", rows, "", "")

    def _tables(self) -> list[Thing]:
        things = []
        for row in self._rows("TABLES", "TABLE_SCHEMA"):
            if row["TABLE_TYPE"] == "VIEW":
                continue
            things.append(Thing("table", row["TABLE_NAME"], "", self._definition(row, "TABLE_NAME")))
            things += self._as_created(row["TABLE_NAME"])
        return things

    def _as_created(self, table: str) -> list[Thing]:
        """SHOW CREATE TABLE line by line: what information_schema has no column for."""
        quoted = table.replace("`", "``")
        row = self._connection.query(f"SHOW CREATE TABLE `{self._schema}`.`{quoted}`")[0]
        text = str(list(row.values())[1]).replace(self._prefix, "")
        lines = [created_line(line) for line in text.splitlines()[1:]]
        return [Thing("text", table, "", line, named=False) for line in lines if line]

    def _indexes(self) -> list[Thing]:
        rows = self._rows("STATISTICS", "TABLE_SCHEMA", "TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX")
        return self._grouped("index", rows, "INDEX_NAME", ["INDEX_NAME", "TABLE_NAME"])

    def _grouped(self, kind: str, rows: list[Row], name: str, without: list[str]) -> list[Thing]:
        groups: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            # The primary key's name is fixed; a key of that name and no other is primary.
            place = (row["TABLE_NAME"], row[name])
            groups.setdefault(place, []).append(self._definition(row, *without))
        return [
            Thing(
                kind, table, title, ("PRIMARY " if title == "PRIMARY" else "") + " ".join(parts), named=False
            )
            for (table, title), parts in groups.items()
        ]

    def _foreign_keys(self) -> list[Thing]:
        usage = self._rows(
            "KEY_COLUMN_USAGE", "TABLE_SCHEMA", "TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION"
        )
        parts = [row for row in usage if row["REFERENCED_TABLE_NAME"]]
        columns = self._grouped("foreign key", parts, "CONSTRAINT_NAME", ["CONSTRAINT_NAME", "TABLE_NAME"])
        rules = {
            (row["TABLE_NAME"], row["CONSTRAINT_NAME"]): self._definition(
                row | {rule: as_one_rule(row[rule]) for rule in ("DELETE_RULE", "UPDATE_RULE")},
                "CONSTRAINT_NAME",
                "TABLE_NAME",
            )
            for row in self._rows("REFERENTIAL_CONSTRAINTS", "CONSTRAINT_SCHEMA")
        }
        return [
            Thing(
                key.kind,
                key.table,
                key.name,
                f"{key.definition} {rules.get((key.table, key.name), '')}",
                False,
            )
            for key in columns
        ]

    def _checks(self) -> list[Thing]:
        tables = {
            row["CONSTRAINT_NAME"]: row
            for row in self._rows("TABLE_CONSTRAINTS", "TABLE_SCHEMA")
            if row["CONSTRAINT_TYPE"] == "CHECK"
        }
        things = []
        for row in self._rows("CHECK_CONSTRAINTS", "CONSTRAINT_SCHEMA"):
            # MySQL names them once per schema and tells table and enforcement elsewhere.
            other = tables.get(row["CONSTRAINT_NAME"], {})
            table = row.get("TABLE_NAME") or other.get("TABLE_NAME", "")
            level = "column " + row["CONSTRAINT_NAME"] if row.get("LEVEL") == "Column" else ""
            enforced = other.get("ENFORCED", "")
            definition = " ".join(filter(None, [level, str(self._normal(row["CHECK_CLAUSE"])), enforced]))
            things.append(Thing("check", table, row["CONSTRAINT_NAME"], definition, named=False))
        return things

    def _routines(self) -> list[Thing]:
        parameters: dict[tuple[str, str], list[str]] = {}
        for row in self._rows(
            "PARAMETERS", "SPECIFIC_SCHEMA", "SPECIFIC_NAME, ROUTINE_TYPE, ORDINAL_POSITION"
        ):
            place = (row["ROUTINE_TYPE"], row["SPECIFIC_NAME"])
            parameters.setdefault(place, []).append(self._definition(row))
        return [
            Thing(
                row["ROUTINE_TYPE"].lower(),
                "",
                row["ROUTINE_NAME"],
                " ".join(
                    [self._definition(row), *parameters.get((row["ROUTINE_TYPE"], row["SPECIFIC_NAME"]), [])]
                ),
            )
            for row in self._rows("ROUTINES", "ROUTINE_SCHEMA")
        ]

    def _partitions(self) -> list[Thing]:
        order = "TABLE_NAME, PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION"
        return [
            Thing(
                "partition",
                row["TABLE_NAME"],
                "/".join(filter(None, [row["PARTITION_NAME"], row.get("SUBPARTITION_NAME")])),
                self._definition(row, "TABLE_NAME"),
            )
            for row in self._rows("PARTITIONS", "TABLE_SCHEMA", order)
            if row["PARTITION_NAME"]
        ]
