"""Rows in every table, and the sums that show whether they were kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.replay.sample_values import GEOMETRIES, value_of
from afterpush.migrate.statements.tokens import literal, quoted
from afterpush.migrate.steps.journal import JOURNAL_TABLE

_ROWS = (101, 102, 103)
_HEX_AS_IT_IS = (
    frozenset("binary varbinary tinyblob blob mediumblob longblob bit".split()) | GEOMETRIES.keys()
)

Row = dict[str, Any]
Columns = tuple[tuple[str, str], ...]
"""Names and data types."""


@dataclass(frozen=True)
class Sum:
    """How many rows a table has, and the sum of their hashes: the order of rows does not count."""

    rows: int
    hash: str


@dataclass(frozen=True)
class Planted:
    """The tables that hold rows now with the columns to watch, and those that took none, with the reason."""

    tables: Mapping[str, Columns]
    refused: Mapping[str, str]


def plant(connection: Connection, schema: str) -> Planted:
    """Writes a few rows into every table of the schema. Raises DatabaseFailure when the server is lost."""
    by_table = _columns(connection, schema)
    checks = _checks(connection, schema)
    tables, refused = _watched(by_table), {}
    connection.execute("SET SESSION foreign_key_checks = 0")
    for table, rows in by_table.items():
        why = _fill(connection, table, rows, checks)
        if why and not connection.query(f"SELECT COUNT(*) AS n FROM {quoted(table)}")[0]["n"]:
            refused[table] = why
            del tables[table]
    connection.execute("SET SESSION foreign_key_checks = 1")
    return Planted(tables, refused)


def columns_of(connection: Connection, schema: str) -> dict[str, Columns]:
    """The columns to watch of every table."""
    return _watched(_columns(connection, schema))


def _watched(by_table: Mapping[str, list[Row]]) -> dict[str, Columns]:
    return {
        table: tuple((row["name"], row["type"]) for row in rows if not row["computed"])
        for table, rows in by_table.items()
    }


def _columns(connection: Connection, schema: str) -> dict[str, list[Row]]:
    rows = connection.query(
        "SELECT c.TABLE_NAME AS tab, c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS type, "
        "c.COLUMN_TYPE AS full, "
        "c.EXTRA LIKE %s OR c.EXTRA LIKE %s OR c.EXTRA LIKE %s AS computed "
        "FROM information_schema.COLUMNS c JOIN information_schema.TABLES t "
        "ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME "
        "WHERE c.TABLE_SCHEMA = %s AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') "
        "AND c.TABLE_NAME <> %s ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION",
        ["%VIRTUAL%", "%STORED%", "%PERSISTENT%", schema, JOURNAL_TABLE],
    )
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row["tab"], []).append(row)
    return by_table


def _checks(connection: Connection, schema: str) -> str:
    sql = (
        "SELECT CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = %s"
    )
    return "\n".join(str(row["clause"]) for row in connection.query(sql, [schema]))


def _fill(connection: Connection, table: str, rows: Sequence[Row], checks: str) -> str:
    """Why no row could be written; empty when one was."""
    given = [row for row in rows if not row["computed"]]
    names = ", ".join(quoted(row["name"]) for row in given)
    why = ""
    written = 0
    for number in _ROWS:
        values = ", ".join(_value(row, number, checks) for row in given)
        try:
            connection.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({values})")
            written += 1
        except StatementRejected as error:
            why = f"{error.said} ({error.number})"
    return "" if written else why


def _value(row: Row, number: int, checks: str) -> str:
    """What a CHECK asks for, where it can be seen; else what fits the type."""
    allowed = re.search(rf"`{re.escape(row['name'])}` (?:in \(|= )(?:_\w+)?\\?'([^'\\]*)\\?'", checks)
    if allowed:
        return literal(allowed[1])
    is_json = row["type"] == "longtext" and f"json_valid(`{row['name']}`)" in checks  # MariaDB's JSON
    return value_of("json" if is_json else row["full"], number)


def sums(connection: Connection, tables: Mapping[str, Columns]) -> dict[str, Sum]:
    """The sums over these columns of these tables; a table or column that is gone has no sum."""
    found: dict[str, Sum] = {}
    for table, columns in tables.items():
        hashed = ", ".join(f"IFNULL({_hexed(name, kind)}, '-')" for name, kind in columns) or "''"
        sql = (
            f"SELECT COUNT(*) AS n, SUM(CAST(CONV(LEFT(SHA2(CONCAT_WS(',', {hashed}), 256), 12), 16, 10) "
            f"AS UNSIGNED)) AS h FROM {quoted(table)}"
        )
        try:
            row = connection.query(sql)[0]
        except StatementRejected:
            continue
        found[table] = Sum(int(row["n"]), str(row["h"] or 0))
    return found


def _hexed(name: str, kind: str) -> str:
    return f"HEX({quoted(name)})" if kind in _HEX_AS_IT_IS else f"HEX(CAST({quoted(name)} AS CHAR))"
