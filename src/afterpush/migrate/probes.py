"""Queries to information_schema that compare a definition, valid on MySQL 8 and MariaDB.

Each gives one row with the column `state`: needed, done or drifted (see `steps`). Where the servers show
the same thing in two spellings, both count; where a server rewrites an expression beyond recognition
(generated columns, expression defaults, views) its presence and what it names is compared, not its text.
Sources: both manuals, "INFORMATION_SCHEMA Tables"; MariaDB's spellings measured on 10.11.
"""

import re

from afterpush.migrate.key_probes import HERE, check_count, index_count
from afterpush.migrate.model import Check, Column, Index, Table
from afterpush.migrate.tokens import literal, string_value, tokens
from afterpush.migrate.types import NUMBERS, base_of, canonical_default, shown_as


def table_probe(table: Table, columns: list[Column], indexes: list[Index], checks: list[Check]) -> str:
    """Whether the table stands with these columns, indexes and checks; more of them is no drift."""
    name = literal(table.name)
    conditions = [
        *(_columns_match(table, columns) if columns else ()),
        *(f"({index_count(table.name, index)}) > 0" for index in indexes),
        *(f"({check_count(table.name, check)}) > 0" for check in checks),
    ]
    matches = _option_matches(table)
    found = f"(SELECT COUNT(*) FROM information_schema.TABLES WHERE {HERE} AND TABLE_NAME = {name}"
    if matches:
        conditions.append(f"{found}\n    AND {' AND '.join(matches)}) = 1")
    return (
        f"SELECT CASE\n  WHEN {found}) = 0 THEN 'needed'\n"
        f"  WHEN {joined(conditions)} THEN 'done'\n  ELSE 'drifted' END AS state"
    )


def _columns_match(table: Table, columns: list[Column]) -> list[str]:
    wanted = " OR\n    ".join(f"({_column_matches(table, column)})" for column in columns)
    where = f"{HERE} AND TABLE_NAME = {literal(table.name)}"
    count = f"SELECT COUNT(*) FROM information_schema.COLUMNS WHERE {where} AND (\n    {wanted})"
    return [f"({count}) = {len(columns)}"]


def joined(conditions: list[str]) -> str:
    return "\n   AND ".join(conditions)


def _option_matches(table: Table) -> list[str]:
    found = [f"TABLE_COMMENT = {literal(table.options.get('comment', ''))}"]
    if engine := table.options.get("engine"):
        found.append(f"ENGINE = {literal(engine)}")
    if collation := table.options.get("collate"):
        found.append(f"TABLE_COLLATION IN ({_spellings(collation)})")
    elif charset := table.options.get("charset"):
        found.append(f"SUBSTRING_INDEX(TABLE_COLLATION, '_', 1) IN ({_spellings(charset)})")
    if row_format := table.options.get("row_format"):
        found.append(f"ROW_FORMAT = {literal(row_format)}")
    if table.partition:
        found.append("CREATE_OPTIONS LIKE '%partitioned%'")
    return found


def _spellings(name: str) -> str:
    """utf8mb3 was called utf8 by both servers for long."""
    other = name.replace("utf8mb3", "utf8", 1)
    return literal(name) if other == name else f"{literal(name)}, {literal(other)}"


def column_probe(table: Table, column: Column, *, changes: bool) -> str:
    """Whether the column has this definition.

    With `changes`, an earlier definition of the sources is `needed` (MODIFY brings it here); else it is
    `done` (a later step changes it). Any other definition is drift.
    """
    where = f"{HERE} AND TABLE_NAME = {literal(table.name)}"
    found = f"(SELECT COUNT(*) FROM information_schema.COLUMNS WHERE {where}"
    absent = "done" if changes else "needed"
    branches = [
        f"WHEN {found} AND COLUMN_NAME = {literal(column.name)}) = 0 THEN '{absent}'",
        f"WHEN {found} AND {_column_matches(table, column)}) = 1 THEN 'done'",
    ]
    for earlier in column.earlier:
        state = "needed" if changes else "done"
        matches = _column_matches(table, earlier, column.name)
        branches.append(f"WHEN {found} AND {matches}) = 1 THEN '{state}'")
    lines = "\n  ".join(branches)
    return f"SELECT CASE\n  {lines}\n  ELSE 'drifted' END AS state"


def _column_matches(table: Table, column: Column, name: str = "") -> str:
    own = table.effective(column)
    conditions = [
        f"COLUMN_NAME = {literal(name or column.name)}",
        _type_matches(own),
        f"IS_NULLABLE = '{'YES' if own.nullable else 'NO'}'",
        *_default_matches(own),
        f"EXTRA {'' if own.auto_increment else 'NOT '}LIKE '%auto_increment%'",
        f"EXTRA {'' if own.on_update else 'NOT '}LIKE '%on update%'",
        f"COLUMN_COMMENT = {literal(own.comment)}",
    ]
    if own.collation:
        conditions.append(f"COLLATION_NAME IN ({_spellings(own.collation)})")
    elif own.charset:
        conditions.append(f"CHARACTER_SET_NAME IN ({_spellings(own.charset)})")
    if own.generated:
        conditions.append(f"EXTRA LIKE '%{'STORED' if own.stored else 'VIRTUAL'}%'")
        conditions.append("COALESCE(GENERATION_EXPRESSION, '') <> ''")
    return " AND ".join(conditions)


def _type_matches(column: Column) -> str:
    exact, other = shown_as(_written_case(column))
    if other is None:
        return f"COLUMN_TYPE = {literal(exact)}"
    return f"(COLUMN_TYPE = {literal(exact)} OR COLUMN_TYPE LIKE {literal(other)})"


def _written_case(column: Column) -> str:
    """The type with enum and set values as servers print them: quotes doubled, no space between."""
    if base_of(column.type) not in ("enum", "set"):
        return column.type
    values = [string_value(token.text) for token in tokens(column.written_type) if token.kind == "string"]
    shown = ["'" + value.replace("'", "''") + "'" for value in values]
    return f"{base_of(column.type)}({','.join(shown)})"


def _default_matches(column: Column) -> list[str]:
    if column.generated or column.auto_increment:
        return []
    default = canonical_default(column.default, column.type)
    if default is None:
        # MySQL shows no default as SQL NULL, MariaDB a nullable column's as the word NULL.
        return ["COALESCE(COLUMN_DEFAULT, 'NULL') = 'NULL'"]
    if default.startswith("current_timestamp"):
        plain = default.replace("()", "")
        return [f"LOWER(REPLACE(COLUMN_DEFAULT, '()', '')) = {literal(plain)}"]
    if base_of(column.type) == "bit" and (bits := _bits(column.default or "")) is not None:
        return [f"COLUMN_DEFAULT IN ('b''{bits:b}''', '{bits}')"]
    written = column.default or ""
    is_expression = written.startswith("(") or (written[:1] not in "'\"" and _is_call(written))
    if is_expression or "\\" in written or re.match(r"(?i)_|0x|[bxn]'", written):
        return ["COLUMN_DEFAULT IS NOT NULL"]
    if base_of(column.type) in NUMBERS and re.fullmatch(r"-?[\d.]+(?:e[+-]?\d+)?", default):
        return [f"TRIM(BOTH '''' FROM COLUMN_DEFAULT) + 0 = {default}", "COLUMN_DEFAULT <> 'NULL'"]
    quoted_default = "'" + default.replace("'", "''") + "'"
    alike = f"CAST(COLUMN_DEFAULT AS BINARY) IN ({literal(default)}, {literal(quoted_default)})"
    if cast := _MOMENTS.get(base_of(column.type)):
        # Servers complete a moment: '10:00' is shown as '10:00:00'.
        shown = f"CAST(TRIM(BOTH '''' FROM COLUMN_DEFAULT) AS {cast})"
        return [f"({alike} OR {shown} = CAST({literal(default)} AS {cast}))"]
    return [alike]


_MOMENTS = {"date": "DATE", "time": "TIME(6)", "datetime": "DATETIME(6)", "timestamp": "DATETIME(6)"}


def _bits(written: str) -> int | None:
    """The number of `5` or `b'101'`; both servers show it as bits."""
    bits = re.fullmatch(r"(?i)b'([01]+)'", written)
    if bits:
        return int(bits[1], 2)
    return int(written) if re.fullmatch(r"\d+", written, re.ASCII) else None


def _is_call(text: str) -> bool:
    return "(" in text
