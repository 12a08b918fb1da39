"""Rows in every table, and the sums that show whether they were kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.statements.tokens import literal, quoted, tokens
from afterpush.migrate.steps.journal import JOURNAL_TABLE

_ROWS = (101, 102, 103)
_WHOLE = frozenset("tinyint smallint mediumint int bigint".split())
_GEOMETRIES = {
    "point": "POINT(1 {n})",
    "geometry": "POINT(1 {n})",
    "linestring": "LINESTRING(0 0,1 {n})",
    "polygon": "POLYGON((0 0,0 {n},1 1,0 0))",
    "multipoint": "MULTIPOINT(1 {n})",
    "multilinestring": "MULTILINESTRING((0 0,1 {n}))",
    "multipolygon": "MULTIPOLYGON(((0 0,0 {n},1 1,0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 {n}))",
    "geomcollection": "GEOMETRYCOLLECTION(POINT(1 {n}))",
}
_TEXTS: dict[str, str] = {
    "date": "2001-01-{d:02}",
    "datetime": "2001-01-{d:02} 03:04:05",
    "timestamp": "2001-01-{d:02} 03:04:05",
    "time": "01:02:{d:02}",
    "year": "20{d:02}",
    "json": '{{"row": {n}}}',
    "uuid": "00000000-0000-4000-8000-000000000{n}",
    "inet4": "10.0.0.{n}",
    "inet6": "fe80::{n}",
    "tinytext": "row {n}",
    "text": "row {n}",
    "mediumtext": "row {n}",
    "longtext": "row {n}",
}
_HEX_AS_IT_IS = (
    frozenset("binary varbinary tinyblob blob mediumblob longblob bit".split()) | _GEOMETRIES.keys()
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
    tables, refused = {}, {}
    connection.execute("SET SESSION foreign_key_checks = 0")
    for table, rows in by_table.items():
        why = _fill(connection, table, rows, checks)
        if why and not connection.query(f"SELECT COUNT(*) AS n FROM {quoted(table)}")[0]["n"]:
            refused[table] = why
        else:
            tables[table] = tuple((row["name"], row["type"]) for row in rows if not row["computed"])
    connection.execute("SET SESSION foreign_key_checks = 1")
    return Planted(tables, refused)


def columns_of(connection: Connection, schema: str) -> dict[str, Columns]:
    """The columns to watch of every table."""
    return {
        table: tuple((row["name"], row["type"]) for row in rows if not row["computed"])
        for table, rows in _columns(connection, schema).items()
    }


def _columns(connection: Connection, schema: str) -> dict[str, list[Row]]:
    rows = connection.query(
        "SELECT c.TABLE_NAME AS tab, c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS type, "
        "c.COLUMN_TYPE AS full, c.CHARACTER_MAXIMUM_LENGTH AS length, c.NUMERIC_PRECISION AS digits, "
        "c.NUMERIC_SCALE AS scale, c.IS_NULLABLE = 'YES' OR c.COLUMN_DEFAULT IS NOT NULL AS optional, "
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
    why = ""
    written = 0
    for number in _ROWS:
        values = {row["name"]: _value(row, number, checks) for row in rows if not row["computed"]}
        if any(
            value is None and not row["optional"] for row in rows for value in [values.get(row["name"], "")]
        ):
            return "it has a column of a type that cannot be seeded"
        given = {name: value for name, value in values.items() if value is not None}
        names = ", ".join(map(quoted, given))
        try:
            connection.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join(given.values())})")
            written += 1
        except StatementRejected as error:
            why = f"{error.said} ({error.number})"
    return "" if written else why


def _value(row: Row, n: int, checks: str) -> str | None:
    """An SQL expression for this column of row n, or None for a type that is not known."""
    kind, day = row["type"], n - 100
    allowed = re.search(rf"`{re.escape(row['name'])}` (?:in \(|= )(?:_\w+)?\\?'([^'\\]*)\\?'", checks)
    if allowed:
        return literal(allowed[1])
    if kind in _WHOLE:
        return str(n)
    if kind in ("decimal", "numeric"):
        return str(n % 10 ** max(0, row["digits"] - row["scale"]))
    if kind in ("float", "double"):
        return f"{n}.5"
    if kind in ("char", "varchar"):
        return literal(f"r{n}"[-row["length"] :] if row["length"] else "")
    if kind in ("enum", "set"):
        members = [part.text for part in tokens(row["full"]) if part.kind == "string"]
        return members[day % len(members)]
    if kind == "bit":
        return str(day % 2 ** row["digits"])
    if f"json_valid(`{row['name']}`)" in checks:
        kind = "json"
    return _by_shape(kind, n, day, row)


def _by_shape(kind: str, n: int, day: int, row: Row) -> str | None:
    if kind in _TEXTS:
        return literal(_TEXTS[kind].format(n=n, d=day))
    if kind in _GEOMETRIES:
        return f"ST_GeomFromText('{_GEOMETRIES[kind].format(n=n)}')"
    if kind in _HEX_AS_IT_IS:
        return f"X'{str(n)[-1].encode().hex() if row['length'] == 1 else f'r{n}'.encode().hex()}'"
    return None


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
