"""A schema with its rows as statements, so that it can be made again without its history.

    CREATE TABLE a; 20 ALTER TABLE a; INSERT INTO a   ->   CREATE TABLE `a` (as it is now); INSERT INTO `a`

A copy is good when the copy of what it made is the same, word for word: definitions, counters and rows. Where
one cannot be had (rows of a rare type, many rows, sequences, versioned tables), the history runs instead.
"""

from collections.abc import Iterator

import msgspec

from afterpush.infra.database import Connection, StatementRejected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.definitions import in_their_modes, programs_of, tables_of
from afterpush.migrate.replay.look import with_rows
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.tokens import literal, quoted

_MOST_ROWS, _MOST_BYTES = 2000, 4_000_000
_AT_ONCE = 100
# A row's value as a literal of the same value, by type.
_TEXT = "CONCAT('_utf8mb4 X''', HEX(CONVERT({c} USING utf8mb4)), '''')"
_VALUES = (
    dict.fromkeys("tinyint smallint mediumint int bigint decimal double".split(), "CONCAT({c})")
    | dict.fromkeys("date datetime timestamp time year".split(), "QUOTE({c})")
    | dict.fromkeys("char varchar tinytext text mediumtext longtext enum set json".split(), _TEXT)
    | dict.fromkeys(
        "binary varbinary tinyblob blob mediumblob longblob".split(), "CONCAT('X''', HEX({c}), '''')"
    )
    | {"float": "CONCAT({c} + 0e0)"}
)


class NoCopy(AfterpushError):
    """This schema has something that statements do not give back."""


class Copy(msgspec.Struct, frozen=True):
    """`tables` and `rows` are made under loose settings, `programs` under the server's own."""

    tables: list[str]
    rows: list[str]
    programs: list[str]


def copy_of(looker: Connection, schema: str, state: State) -> Copy | None:
    """The schema that is in this state; None where it cannot be copied."""
    if any(key[0] == "sequence" or "SYSTEM VERSIONED" in text for key, text in state.items()):
        return None
    try:
        tables = tables_of(looker, schema, state)
        rows = list(_rows(looker, schema, tables))
        programs = list(in_their_modes(looker, list(programs_of(looker, schema, state))))
    except (NoCopy, StatementRejected):  # A view on a table that is gone has no definition to show.
        return None
    return Copy(list(tables.values()), rows, programs)


def make(runner: Connection, copy: Copy) -> None:
    """Runs a copy's statements in an empty schema. Raises StatementRejected."""
    runner.execute(
        "SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"
    )
    for statement in (*copy.tables, *copy.rows, "SET SESSION sql_mode = DEFAULT", *copy.programs):
        runner.execute(statement)


def _rows(looker: Connection, schema: str, tables: dict[str, str]) -> Iterator[str]:
    left = _MOST_BYTES
    for table in sorted(with_rows(looker, tables)):
        names, values = zip(*_columns(looker, schema, table), strict=True)
        asked = f"SELECT CONCAT_WS(', ', {', '.join(values)}) AS text FROM {quoted(table)}"
        rows = [f"({row['text']})" for row in looker.query(f"{asked} LIMIT {_MOST_ROWS + 1}")]
        left -= sum(map(len, rows))
        if len(rows) > _MOST_ROWS or left < 0:
            raise NoCopy(f"table {table} has many rows")
        for begin in range(0, len(rows), _AT_ONCE):
            some = ", ".join(rows[begin : begin + _AT_ONCE])
            yield f"INSERT INTO {quoted(table)} ({', '.join(names)}) VALUES {some}"


def _columns(looker: Connection, schema: str, table: str) -> Iterator[tuple[str, str]]:
    """The columns that are written, and how each one's value is read as a literal."""
    for row in looker.query(
        "SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS "
        f"WHERE TABLE_SCHEMA = {literal(schema)} AND TABLE_NAME = {literal(table)} "
        "AND IFNULL(GENERATION_EXPRESSION, '') = '' ORDER BY ORDINAL_POSITION"
    ):
        kind = str(row["type"]).lower()
        if kind not in _VALUES:
            raise NoCopy(f"column {table}.{row['name']} has a type that is not copied")
        name = quoted(str(row["name"]))
        yield name, f"IFNULL({_VALUES[kind].format(c=name)}, 'NULL')"
