"""Probes of indexes, foreign keys and checks: by what they are, under whatever name (see `probes`)."""

import re

from afterpush.migrate.model import Check, ForeignKey, Index, bare
from afterpush.migrate.tokens import literal

HERE = "TABLE_SCHEMA = DATABASE()"


def index_probe(table_name: str, index: Index) -> str:
    """Whether an index of this definition is there, whatever its name."""
    return (
        f"SELECT CASE\n  WHEN ({index_count(table_name, index)}) > 0 THEN 'done'\n"
        f"  WHEN (SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {HERE} "
        f"AND TABLE_NAME = {literal(table_name)} AND INDEX_NAME = {literal(index.name)}) > 0 THEN 'drifted'\n"
        f"  ELSE 'needed' END AS state"
    )


def index_count(table_name: str, index: Index) -> str:
    """A query for the number of indexes with these parts in this order."""
    parts = ",".join(f"{part.column.lower()}:{part.length or ''}" for part in index.parts)
    family = {"fulltext": "FULLTEXT", "spatial": "SPATIAL"}.get(index.family)
    kind = f"INDEX_TYPE = '{family}'" if family else "INDEX_TYPE NOT IN ('FULLTEXT', 'SPATIAL')"
    length = "''" if index.family == "spatial" else "COALESCE(SUB_PART, '')"
    named = f" AND INDEX_NAME = {literal(index.name)}" if index.name == "PRIMARY" else ""
    if any(part.expression for part in index.parts):
        return (
            f"SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {HERE} AND TABLE_NAME = "
            f"{literal(table_name)} AND INDEX_NAME = {literal(index.name)} AND SEQ_IN_INDEX = 1"
        )
    return (
        "SELECT COUNT(*) FROM (SELECT INDEX_NAME FROM information_schema.STATISTICS"
        f" WHERE {HERE} AND TABLE_NAME = {literal(table_name)}"
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
    names = "('RESTRICT', 'NO ACTION')" if rule in ("RESTRICT", "NO ACTION") else f"('{rule}')"
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
        f"SELECT CASE\n  WHEN ({check_count(table_name, check)}) > 0 THEN 'done'\n"
        f"{_named_drift(table_name, check.name)}  ELSE 'needed' END AS state"
    )


# Conditions that both servers print with the same words; others are compared by their name.
_PLAIN = re.compile(r"[\w\s`'\".,()<>=+*/-]*")


_REWRITTEN = re.compile(
    r"(?i)\b(?:regexp|rlike|like|not|interval|cast|json_\w+|date|time|true|false|if)\b|\\|<=>|!=|--"
)


def check_count(table_name: str, check: Check) -> str:
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
        f"SELECT CASE\n  WHEN ({index_count(table_name, index)}) > 0 THEN 'done'\n"
        f"  WHEN (SELECT COUNT(*) FROM information_schema.STATISTICS WHERE {HERE} "
        f"AND TABLE_NAME = {literal(table_name)} AND INDEX_NAME = 'PRIMARY') > 0 THEN 'drifted'\n"
        f"  ELSE 'needed' END AS state"
    )
