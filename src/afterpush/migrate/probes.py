"""Queries to information_schema that compare a definition, valid on MySQL 8 and MariaDB.

Each gives one row with the column `state`: needed, done or drifted (see `steps`). Where the servers show
the same thing in two spellings, both count; where a server rewrites an expression beyond recognition
(generated columns, expression defaults, views) its presence and what it names is compared, not its text.
Sources: both manuals, "INFORMATION_SCHEMA Tables"; MariaDB's spellings measured on 10.11.
"""

import re

from afterpush.migrate.model import Check, Column, ForeignKey, Index, Program, Table, bare
from afterpush.migrate.tokens import literal, string_value, tokens
from afterpush.migrate.types import NUMBERS, base_of, canonical_default, shown_as

_HERE = "TABLE_SCHEMA = DATABASE()"


def table_probe(table: Table, columns: list[Column], indexes: list[Index], checks: list[Check]) -> str:
    """Whether the table stands with these columns, indexes and checks; more of them is no drift."""
    name = literal(table.name)
    conditions = [
        *(_columns_match(table, columns) if columns else ()),
        *(f"({_index_count(table.name, index)}) > 0" for index in indexes),
        *(f"({_check_count(table.name, check)}) > 0" for check in checks),
    ]
    matches = _option_matches(table)
    found = f"(SELECT COUNT(*) FROM information_schema.TABLES WHERE {_HERE} AND TABLE_NAME = {name}"
    if matches:
        conditions.append(f"{found}\n    AND {' AND '.join(matches)}) = 1")
    return (
        f"SELECT CASE\n  WHEN {found}) = 0 THEN 'needed'\n"
        f"  WHEN {_joined(conditions)} THEN 'done'\n  ELSE 'drifted' END AS state"
    )


def _columns_match(table: Table, columns: list[Column]) -> list[str]:
    wanted = " OR\n    ".join(f"({_column_matches(table, column)})" for column in columns)
    where = f"{_HERE} AND TABLE_NAME = {literal(table.name)}"
    count = f"SELECT COUNT(*) FROM information_schema.COLUMNS WHERE {where} AND (\n    {wanted})"
    return [f"({count}) = {len(columns)}"]


def _joined(conditions: list[str]) -> str:
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
    where = f"{_HERE} AND TABLE_NAME = {literal(table.name)}"
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
    written = column.default or ""
    is_expression = written.startswith("(") or (written[:1] not in "'\"" and _is_call(written))
    if is_expression or "\\" in written or re.match(r"(?i)_|0x|[bxn]'", written):
        return ["COLUMN_DEFAULT IS NOT NULL"]
    if base_of(column.type) in NUMBERS and re.fullmatch(r"-?[\d.]+", default):
        return [f"TRIM(BOTH '''' FROM COLUMN_DEFAULT) + 0 = {default}", "COLUMN_DEFAULT <> 'NULL'"]
    quoted_default = "'" + default.replace("'", "''") + "'"
    return [f"CAST(COLUMN_DEFAULT AS BINARY) IN ({literal(default)}, {literal(quoted_default)})"]


def _is_call(text: str) -> bool:
    return "(" in text


def index_probe(table_name: str, index: Index) -> str:
    """Whether an index of this definition is there, whatever its name."""
    return (
        f"SELECT CASE\n  WHEN ({_index_count(table_name, index)}) > 0 THEN 'done'\n"
        f"  WHEN (SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {_HERE} "
        f"AND TABLE_NAME = {literal(table_name)} AND INDEX_NAME = {literal(index.name)}) > 0 THEN 'drifted'\n"
        f"  ELSE 'needed' END AS state"
    )


def _index_count(table_name: str, index: Index) -> str:
    """A query for the number of indexes with these parts in this order."""
    parts = ",".join(f"{part.column.lower()}:{part.length or ''}" for part in index.parts)
    family = {"fulltext": "FULLTEXT", "spatial": "SPATIAL"}.get(index.family)
    kind = f"INDEX_TYPE = '{family}'" if family else "INDEX_TYPE NOT IN ('FULLTEXT', 'SPATIAL')"
    length = "''" if index.family == "spatial" else "COALESCE(SUB_PART, '')"
    named = f" AND INDEX_NAME = {literal(index.name)}" if index.name == "PRIMARY" else ""
    if any(part.expression for part in index.parts):
        return (
            f"SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {_HERE} AND TABLE_NAME = "
            f"{literal(table_name)} AND INDEX_NAME = {literal(index.name)} AND SEQ_IN_INDEX = 1"
        )
    return (
        "SELECT COUNT(*) FROM (SELECT INDEX_NAME FROM information_schema.STATISTICS"
        f" WHERE {_HERE} AND TABLE_NAME = {literal(table_name)}"
        f" AND NON_UNIQUE = {0 if index.unique else 1} AND {kind}{named}"
        f" GROUP BY INDEX_NAME HAVING GROUP_CONCAT(LOWER(COLUMN_NAME), ':', {length}"
        f" ORDER BY SEQ_IN_INDEX SEPARATOR ',') = {literal(parts)}) AS same"
    )


def foreign_key_probe(table_name: str, key: ForeignKey) -> str:
    """Whether a foreign key of this definition is there, whatever its name."""
    columns = ",".join(
        f"{own.lower()}>{other.lower()}" for own, other in zip(key.columns, key.target_columns, strict=True)
    )
    count = (
        "SELECT COUNT(*) FROM (SELECT k.CONSTRAINT_NAME FROM information_schema.KEY_COLUMN_USAGE AS k"
        " JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r"
        " ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME"
        " AND r.TABLE_NAME = k.TABLE_NAME"
        f" WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = {literal(table_name)}"
        f" AND k.REFERENCED_TABLE_NAME = {literal(key.target)}"
        f" AND {_rule('DELETE', key.on_delete)} AND {_rule('UPDATE', key.on_update)}"
        " GROUP BY k.CONSTRAINT_NAME HAVING GROUP_CONCAT(LOWER(k.COLUMN_NAME), '>',"
        " LOWER(k.REFERENCED_COLUMN_NAME) ORDER BY k.ORDINAL_POSITION SEPARATOR ',')"
        f" = {literal(columns)}) AS same"
    )
    return (
        f"SELECT CASE\n  WHEN ({count}) > 0 THEN 'done'\n{_named_drift(table_name, key.name)}"
        "  ELSE 'needed' END AS state"
    )


def _rule(event: str, rule: str) -> str:
    # What is not written, MySQL shows as NO ACTION and MariaDB as RESTRICT; InnoDB treats both alike.
    names = "('RESTRICT', 'NO ACTION')" if rule == "RESTRICT" else f"('{rule}')"
    return f"r.{event}_RULE IN {names}"


def _named_drift(table_name: str, name: str) -> str:
    """A branch for a constraint of this name that is another one."""
    if not name:
        return ""
    return (
        "  WHEN (SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS WHERE"
        f" CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = {literal(table_name)}"
        f" AND CONSTRAINT_NAME = {literal(name)}) > 0 THEN 'drifted'\n"
    )


def check_probe(table_name: str, check: Check) -> str:
    """Whether a check with this condition is there, whatever its name."""
    return (
        f"SELECT CASE\n  WHEN ({_check_count(table_name, check)}) > 0 THEN 'done'\n"
        f"{_named_drift(table_name, check.name)}  ELSE 'needed' END AS state"
    )


# Conditions that both servers print with the same words; others are compared by their name.
_PLAIN = re.compile(r"[\w\s`'\".,()<>=+*/-]*")
_REWRITTEN = re.compile(
    r"(?i)\b(?:regexp|rlike|like|not|interval|cast|json_\w+|date|time|true|false|if)\b|\\|<=>|!=|--"
)


def _check_count(table_name: str, check: Check) -> str:
    clause = "c.CHECK_CLAUSE"
    for removed in ("`", "(", ")", " ", "_utf8mb4", "_utf8mb3", "_latin1", "\\"):
        clause = f"REPLACE({clause}, {literal(removed)}, '')"
    is_plain = _PLAIN.fullmatch(check.expression) and not _REWRITTEN.search(check.expression)
    same = f"LOWER({clause}) = {literal(bare(check.expression))}"
    if not is_plain:
        same = f"t.CONSTRAINT_NAME = {literal(check.name)}" if check.name else "c.CHECK_CLAUSE <> ''"
    # MariaDB's names are unique in a table only, and it has TABLE_NAME in both views: there the inner one
    # is compared. MySQL has it in the outer one only, and its names are unique in the schema.
    return (
        "SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS AS t"
        f" WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = {literal(table_name)}"
        " AND t.CONSTRAINT_TYPE = 'CHECK' AND EXISTS (SELECT 1 FROM information_schema.CHECK_CONSTRAINTS AS c"
        " WHERE c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME"
        f" AND TABLE_NAME = {literal(table_name)} AND {same})"
    )


def primary_key_probe(table_name: str, index: Index) -> str:
    """Whether the table's primary key has these columns; another one is drift."""
    return (
        f"SELECT CASE\n  WHEN ({_index_count(table_name, index)}) > 0 THEN 'done'\n"
        f"  WHEN (SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {_HERE} "
        f"AND TABLE_NAME = {literal(table_name)} AND INDEX_NAME = 'PRIMARY') > 0 THEN 'drifted'\n"
        f"  ELSE 'needed' END AS state"
    )


def view_probe(view: Program) -> str:
    """Whether a view shows these columns and mentions all that this one does.

    A view has no data: one that looks otherwise is `needed`, and CREATE OR REPLACE brings it here.
    """
    name = literal(view.name)
    conditions = [
        f"(SELECT COUNT(*) FROM information_schema.VIEWS WHERE {_HERE} AND TABLE_NAME = {name}"
        + "".join(f"\n    AND {mention}" for mention in _mentions(view))
        + ") = 1"
    ]
    if view.columns:
        shown = ",".join(column.lower() for column in view.columns)
        conditions.append(
            "(SELECT GROUP_CONCAT(LOWER(COLUMN_NAME) ORDER BY ORDINAL_POSITION SEPARATOR ',')"
            f" FROM information_schema.COLUMNS WHERE {_HERE} AND TABLE_NAME = {name}) = {literal(shown)}"
        )
    return f"SELECT CASE\n  WHEN {_joined(conditions)} THEN 'done'\n  ELSE 'needed' END AS state"


def _mentions(view: Program) -> list[str]:
    """Strings, numbers and tables, which the server keeps in the view's text."""
    found: dict[str, None] = {}
    for token in tokens(view.text):
        value = string_value(token.text) if token.kind == "string" else token.text
        if token.kind == "string" and re.fullmatch(r"[\w .:-]+", value):
            quoted_value = literal("'" + value + "'")
            found[f"INSTR(VIEW_DEFINITION, {quoted_value}) > 0"] = None
        elif token.kind == "number" and value.isdigit():
            edge = "[^0-9A-Za-z_`.]"
            found[f"VIEW_DEFINITION REGEXP '(^|{edge}){value}({edge}|$)'"] = None
    for name in sorted(_tables(view)):
        found[f"INSTR(LOWER(VIEW_DEFINITION), '`{name}`') > 0"] = None
    return list(found)


def _tables(view: Program) -> set[str]:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(view.text, read="mysql")
    except SqlglotError:
        return set()
    inner = {cte.alias_or_name.lower() for cte in parsed.find_all(exp.CTE)}
    return {table.name.lower() for table in parsed.find_all(exp.Table) if table.name} - inner


# White space is not compared: clients send it as they like. Both servers have REGEXP_REPLACE.
_SPACE = "'[[:space:]]+'"


def _stripped(text: str) -> str:
    return re.sub(r"\s+", "", text)


def program_probe(program: Program, *, drops: bool) -> str:
    """Whether the trigger, routine or event is there with this text; with `drops`, whether another is.

    The step that makes it follows the one that drops what is called so and is different.
    """
    found, same = _program_queries(program)
    if drops:
        return f"SELECT IF(({found}) > ({same}), 'needed', 'done') AS state"
    return (
        f"SELECT CASE\n  WHEN ({same}) > 0 THEN 'done'\n  WHEN ({found}) > 0 THEN 'drifted'\n"
        "  ELSE 'needed' END AS state"
    )


def _program_queries(program: Program) -> tuple[str, str]:
    """How many there are of this name, and how many of them with this text."""
    name = literal(program.name)
    if program.kind == "trigger":
        found = (
            "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
            f" AND TRIGGER_NAME = {name}"
        )
        same = (
            f"{found} AND EVENT_OBJECT_TABLE = {literal(program.table)}"
            f" AND ACTION_TIMING = '{program.timing}'"
            f" AND EVENT_MANIPULATION = '{program.event}' AND {_same_text('ACTION_STATEMENT', program.text)}"
        )
        return found, same
    if program.kind == "event":
        found = (
            "SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"
            f" AND EVENT_NAME = {name}"
        )
        body = re.split(r"(?i)\bDO\b", program.text, maxsplit=1)[-1]
        return found, f"{found} AND {_same_text('EVENT_DEFINITION', body)}"
    found = (
        "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"
        f" AND ROUTINE_TYPE = '{program.kind.upper()}' AND ROUTINE_NAME = {name}"
    )
    # The server keeps the body alone: what our text ends with.
    ends = f"REGEXP_REPLACE(ROUTINE_DEFINITION, {_SPACE}, '')"
    text = literal(_stripped(program.text))
    return found, f"{found} AND RIGHT({text}, CHAR_LENGTH({ends})) = {ends} AND {_long_enough(ends, program)}"


def _same_text(column: str, text: str) -> str:
    return f"CAST(REGEXP_REPLACE({column}, {_SPACE}, '') AS BINARY) = {literal(_stripped(text))}"


def _long_enough(ends: str, program: Program) -> str:
    """The body is all after the header: BEGIN, RETURN or the statement, not a shorter tail of it."""
    match = re.search(r"(?is)\b(?:BEGIN|RETURN|SELECT|INSERT|UPDATE|DELETE|SET|CALL|IF)\b.*", program.text)
    shortest = len(_stripped(match[0])) if match else 1
    return f"CHAR_LENGTH({ends}) >= {min(shortest, len(_stripped(program.text)))}"
