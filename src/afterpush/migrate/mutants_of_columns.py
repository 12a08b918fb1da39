"""Changes to columns: type, default, nullability, character set and what else they have."""

import json
import re
from collections.abc import Iterator

from afterpush.infra.database import Connection
from afterpush.migrate.mutant import Mutation
from afterpush.migrate.snapshot import Snapshot, Thing
from afterpush.migrate.tokens import literal, quoted


def _created_lines(connection: Connection, table: str) -> dict[str, str]:
    """Column definitions as SHOW CREATE TABLE writes them, without the name."""
    text = str(list(connection.query(f"SHOW CREATE TABLE {quoted(table)}")[0].values())[1])
    lines = {}
    for line in text.splitlines():
        match = re.match(r"\s+`((?:[^`]|``)+)` (.*?),?$", line)
        if match:
            lines[match[1].replace("``", "`")] = match[2]
    return lines


def _modify(kind: str, column: Thing, definition: str) -> Mutation:
    sql = f"ALTER TABLE {quoted(column.table)} MODIFY {quoted(column.name)} {definition}"
    return Mutation(kind, f"{column.table}.{column.name}", (sql,))


def _base_columns(connection: Connection, now: Snapshot) -> Iterator[tuple[Thing, str, dict[str, str]]]:
    """Each column of a base table that is not generated, with its line and its facts."""
    tables = {thing.table for thing in now.of("table")}
    lines: dict[str, dict[str, str]] = {}
    for column in now.of("column"):
        if column.table not in tables:
            continue
        if column.table not in lines:
            lines[column.table] = _created_lines(connection, column.table)
        line = lines[column.table].get(column.name, "")
        if line and not re.search(r"\bGENERATED ALWAYS\b|\bAS \(", line):
            yield column, line, json.loads(column.definition)


def nullability(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    # A column of the primary key stays NOT NULL whatever one says.
    primary = {(thing.table, name) for thing in now.of("index") for name in _primary_columns(thing)}
    for column, line, facts in _base_columns(connection, now):
        if (column.table, column.name) in primary:
            continue
        if facts["is_nullable"] == "YES":
            strict = re.sub(r" (?:DEFAULT )?NULL\b", "", line, count=1)
            yield _modify("nullability", column, _TYPE.sub(r"\1 NOT NULL\2", strict, count=1))
        elif " NOT NULL" in line and "auto_increment" not in line.lower():
            yield _modify("nullability", column, line.replace(" NOT NULL", " NULL", 1))


def _primary_columns(index: Thing) -> list[str]:
    return (
        re.findall(r'"column_name": "((?:[^"\\]|\\.)*)"', index.definition) if index.name == "PRIMARY" else []
    )


_TYPE = re.compile(
    r"^(\w+(?:\((?:[^()']|'(?:[^']|'')*')*\))?(?: unsigned)?(?: zerofill)?"
    r"(?: CHARACTER SET \w+)?(?: COLLATE \w+)?)(.*)$"
)


_TYPES: tuple[tuple[str, str], ...] = (
    (r"^tinyint\b(\(\d+\))?", "smallint"),
    (r"^smallint\b(\(\d+\))?", "int"),
    (r"^mediumint\b(\(\d+\))?", "int"),
    (r"^int\b(\(\d+\))?", "bigint"),
    (r"^bigint\b(\(\d+\))?", "decimal(30,0)"),
    (r"^double\b", "decimal(40,6)"),
    (r"^float\b", "double"),
    (r"^text\b", "mediumtext"),
    (r"^mediumtext\b", "longtext"),
    (r"^blob\b", "mediumblob"),
    (r"^datetime(?!\()", "datetime(3)"),
    (r"^time(?![(\w])", "time(3)"),
    (r"^date\b(?!time)", "datetime"),
    (r"^enum\(", "enum('afterpush mutant',"),
    (r"^set\(", "set('afterpush mutant',"),
)


def column_type(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, _ in _base_columns(connection, now):
        longer = re.match(r"^(varchar|char|varbinary|binary|bit)\((\d+)\)", line)
        if longer:
            changed = f"{longer[1]}({int(longer[2]) + 1}){line[longer.end() :]}"
            yield _modify("type", column, changed)
            continue
        scale = re.match(r"^decimal\((\d+),(\d+)\)", line)
        if scale:
            yield _modify("type", column, f"decimal({int(scale[1]) + 1},{scale[2]}){line[scale.end() :]}")
            continue
        for pattern, wider in _TYPES:
            changed = re.sub(pattern, wider, line, count=1)
            if changed != line:
                yield _modify("type", column, changed)
                break


def default(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    tables = {thing.table for thing in now.of("table")}
    for column in now.of("column"):
        facts = json.loads(column.definition)
        if column.table not in tables or facts.get("extra") or facts.get("generation_expression"):
            continue
        place = f"ALTER TABLE {quoted(column.table)} ALTER COLUMN {quoted(column.name)}"
        value = str(facts.get("column_default", "NULL")).strip("'")
        kind = facts["data_type"].lower()
        if kind in ("int", "bigint", "smallint", "mediumint", "tinyint", "decimal", "float", "double"):
            new = "3" if value.split(".")[0] != "3" else "4"
        elif kind in ("varchar", "char"):
            new = literal("m" if value != "m" else "n")
        elif kind in ("datetime", "date"):
            new = "'2002-02-02'" if not value.startswith("2002-02-02") else "'2003-03-03'"
        else:
            continue
        yield Mutation("default", f"{column.table}.{column.name}", (f"{place} SET DEFAULT {new}",))


def charset(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, facts in _base_columns(connection, now):
        current = facts.get("character_set_name")
        match = re.match(r"^((?:var)?char\(\d+\)|(?:tiny|medium|long)?text)(.*)$", line)
        if not current or not match or "json_valid" in line:
            continue
        rest = re.sub(r"^(?: CHARACTER SET \w+)?(?: COLLATE \w+)?", "", match[2])
        other = "latin1" if current != "latin1" else "utf8mb4"
        yield _modify("character set", column, f"{match[1]} CHARACTER SET {other}{rest}")
        bins = {
            "utf8mb4": "utf8mb4_bin",
            "latin1": "latin1_bin",
            "utf8mb3": "utf8mb3_bin",
            "ascii": "ascii_bin",
        }
        if current in bins and facts.get("collation_name") != bins[current]:
            definition = f"{match[1]} CHARACTER SET {current} COLLATE {bins[current]}{rest}"
            yield _modify("collation", column, definition)


def column_comment(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, facts in _base_columns(connection, now):
        if not facts.get("column_comment") and " CHECK (" not in line and " COMMENT " not in line:
            yield _modify("column comment", column, f"{line} COMMENT 'afterpush mutant'")


def auto_increment(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, facts in _base_columns(connection, now):
        if "auto_increment" in str(facts.get("extra", "")).lower():
            changed = re.sub(r" AUTO_INCREMENT", "", line, flags=re.IGNORECASE)
            yield _modify("auto increment", column, changed)


def on_update(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, _ in _base_columns(connection, now):
        changed = re.sub(r" ON UPDATE current_timestamp(\(\d*\))?", "", line, flags=re.IGNORECASE)
        if changed != line:
            yield _modify("on update", column, changed)
