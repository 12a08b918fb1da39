"""Rows for a table that is only measured: made up by type, counted up, so that keys are unique and match.

Row i of every table has the same values for the same type, so a child's rows find their parents.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.statements.tokens import quoted

ROWS = 200
_INTEGERS = {
    "tinyint": 100,
    "smallint": 30_000,
    "mediumint": 8_000_000,
    "int": 2**31 - 1,
    "bigint": 2**31 - 1,
}
_TEXTS = re.compile(r"(?:var)?char|(?:tiny|medium|long)?text|(?:var)?binary|(?:tiny|medium|long)?blob")
_ITEM = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True)
class Column:
    """A column that takes values; `type` is what the server calls it."""

    name: str
    type: str


def value_of(type_text: str, number: int) -> str:
    """The literal for row `number` of a column of this type.

    >>> value_of("varchar(20)", 7), value_of("decimal(8,2)", 7), value_of("enum('a','b')", 7)
    ("'7'", '7.5', "'b'")
    """
    word = re.match(r"\w+", type_text)
    name = word[0].lower() if word else ""
    arguments = type_text[len(name) :]
    if name in _INTEGERS:
        return str(number % _INTEGERS[name])
    if _TEXTS.fullmatch(name):
        length = re.match(r"\((\d+)\)", arguments)
        return f"'{str(number)[-int(length[1]) :] if length and int(length[1]) else number}'"
    if name in ("enum", "set"):
        items = _ITEM.findall(arguments)
        return items[number % len(items)] if items else "''"
    made = _OTHERS.get(name)
    return made(number, arguments) if made else f"'{number}'"


def _decimal(number: int, arguments: str) -> str:
    precision, _, scale = arguments.partition(")")[0].strip("(").partition(",")
    digits = int(precision or 10) - int(scale or 0)
    whole = number % 10 ** min(digits, 9) if digits else 0
    return f"{whole}.5" if int(scale or 0) else str(whole)


def _moment(number: int, _: str) -> str:
    return f"'{_day(number)} {_time(number)}'"


def _day(number: int) -> str:
    return f"2020-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}"


def _time(number: int) -> str:
    return f"10:{number // 60 % 60:02d}:{number % 60:02d}"


def _point(number: int, _: str) -> str:
    return f"ST_GeomFromText('POINT({number % 90} {number % 90})')"


_OTHERS: dict[str, Callable[[int, str], str]] = {
    "decimal": _decimal,
    "float": lambda number, _: str(number),
    "double": lambda number, _: str(number),
    "bit": lambda number, _: str(number % 2),
    "year": lambda number, _: str(1970 + number % 100),
    "date": lambda number, _: f"'{_day(number)}'",
    "datetime": _moment,
    "timestamp": _moment,
    "time": lambda number, _: f"'{_time(number)}'",
    "json": lambda number, _: f"'{{\"n\": {number}}}'",
    "uuid": lambda number, _: f"'00000000-0000-4000-8000-{number:012x}'",
    "inet4": lambda number, _: f"'10.0.{number // 250}.{number % 250}'",
    "inet6": lambda number, _: f"'::{number:x}'",
    **dict.fromkeys(("geometry", "point"), _point),
    "linestring": lambda number, _: f"ST_GeomFromText('LINESTRING(0 0, {1 + number % 80} 1)')",
    "polygon": lambda number, _: f"ST_GeomFromText('POLYGON((0 0, {1 + number % 80} 0, 1 1, 0 0))')",
}  # fmt: skip


def fill(connection: Connection, schema: str, table: str) -> int:
    """Puts rows into a table as far as it takes them; returns how many it took. Triggers are none there."""
    columns = [
        Column(str(row["name"]), str(row["type"]))
        for row in connection.query(
            "SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS WHERE "
            "TABLE_SCHEMA = %s AND TABLE_NAME = %s AND IFNULL(GENERATION_EXPRESSION, '') = '' "
            "ORDER BY ORDINAL_POSITION",
            [schema, table],
        )
    ]
    names = ", ".join(quoted(column.name) for column in columns)
    rows = ", ".join(
        f"({', '.join(value_of(column.type, number) for column in columns)})" for number in range(1, ROWS + 1)
    )
    try:
        return connection.execute(
            f"INSERT IGNORE INTO {quoted(schema)}.{quoted(table)} ({names}) VALUES {rows}"
        )
    except StatementRejected:
        return 0  # A type that is made up wrongly: measured on an empty table then.


def values_of(connection: Connection, schema: str, table: str) -> dict[str, list[str]]:
    """The values of each column, sorted as text: for telling which ones a statement changed."""
    rows = connection.query(f"SELECT * FROM {quoted(schema)}.{quoted(table)}")
    return {name: sorted(str(row[name]) for row in rows) for name in (rows[0] if rows else ())}
