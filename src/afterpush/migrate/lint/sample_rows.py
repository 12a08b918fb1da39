"""Rows for a table that is only measured."""

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.replay.sample_values import value_of
from afterpush.migrate.statements.tokens import quoted

ROWS = 200


def fill(connection: Connection, schema: str, table: str) -> int:
    """Puts rows into a table as far as it takes them; returns how many it took. Triggers are none there."""
    columns = connection.query(
        "SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS WHERE "
        "TABLE_SCHEMA = %s AND TABLE_NAME = %s AND IFNULL(GENERATION_EXPRESSION, '') = '' "
        "ORDER BY ORDINAL_POSITION",
        [schema, table],
    )
    names, types = ", ".join(quoted(row["name"]) for row in columns), [row["type"] for row in columns]
    rows = ", ".join(
        f"({', '.join(value_of(one, number) for one in types)})" for number in range(1, ROWS + 1)
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
