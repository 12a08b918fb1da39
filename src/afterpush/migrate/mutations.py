"""Negative controls: small changes to a schema, each of which a comparison must notice.

A proof that cannot turn red proves nothing. The changes are made for what the schema holds, on the
server, one after the other; each must show as a difference between just before and just after it.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterpush.ground.database import Connection, StatementRejected
from afterpush.migrate.differences import compare
from afterpush.migrate.execution import without_definer
from afterpush.migrate.snapshot import Snapshot, Thing, take
from afterpush.migrate.tokens import literal, quoted

PER_KIND = 3


@dataclass(frozen=True)
class Mutation:
    """One change: `statements` in order. Where the server refuses the first, it is no change."""

    kind: str
    target: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Controls:
    """How many changes were made and noticed; `kinds` says of which kind, `missed` which were not noticed."""

    tried: int
    caught: int
    kinds: dict[str, int]
    missed: list[str]


def control(
    connection: Connection,
    schema: str,
    *,
    per_kind: int = PER_KIND,
    look: Callable[[Connection, str], Snapshot] = take,
) -> Controls:
    """Makes the changes in the schema (which is spoilt by it) and counts those that are noticed."""
    before = look(connection, schema)
    kinds: dict[str, int] = {}
    missed: list[str] = []
    for propose in _PROPOSALS:
        # Proposed on what is there now: an earlier change may have taken the thing away.
        for mutation in list(propose(connection, before)):
            if kinds.get(mutation.kind, 0) >= per_kind or not _make(connection, mutation):
                continue
            kinds[mutation.kind] = kinds.get(mutation.kind, 0) + 1
            after = look(connection, schema)
            if not compare("mutation", before, after, copies_count=True).definitions:
                missed.append(f"{mutation.kind}: {mutation.target}")
            before = after
    tried = sum(kinds.values())
    return Controls(tried, tried - len(missed), kinds, missed)


def _make(connection: Connection, mutation: Mutation) -> bool:
    for number, sql in enumerate(mutation.statements):
        try:
            connection.execute(sql)
        except StatementRejected:
            return number > 0
    return True


Proposal = Callable[[Connection, Snapshot], Iterator[Mutation]]


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


def _nullability(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def _type(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def _default(_: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def _charset(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def _column_comment(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, facts in _base_columns(connection, now):
        if not facts.get("column_comment") and " CHECK (" not in line and " COMMENT " not in line:
            yield _modify("column comment", column, f"{line} COMMENT 'afterpush mutant'")


def _auto_increment(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, facts in _base_columns(connection, now):
        if "auto_increment" in str(facts.get("extra", "")).lower():
            changed = re.sub(r" AUTO_INCREMENT", "", line, flags=re.IGNORECASE)
            yield _modify("auto increment", column, changed)


def _on_update(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for column, line, _ in _base_columns(connection, now):
        changed = re.sub(r" ON UPDATE current_timestamp(\(\d*\))?", "", line, flags=re.IGNORECASE)
        if changed != line:
            yield _modify("on update", column, changed)


@dataclass(frozen=True)
class _Key:
    """An index as its rows describe it."""

    thing: Thing
    parts: tuple[dict[str, object], ...]

    @property
    def unique(self) -> bool:
        return not int(str(self.parts[0]["non_unique"]))

    def columns(self) -> list[str]:
        return [
            quoted(str(part["column_name"])) + (f"({part['sub_part']})" if part.get("sub_part") else "")
            for part in self.parts
        ]


def _keys(now: Snapshot) -> Iterator[_Key]:
    decoder = json.JSONDecoder()
    for thing in now.of("index"):
        if thing.name == "PRIMARY":
            continue
        parts, position = [], 0
        while position < len(thing.definition):
            part, position = decoder.raw_decode(thing.definition, position)
            position += 1
            parts.append(part)
        plain = all(part.get("column_name") and part.get("index_type") == "BTREE" for part in parts)
        if plain:
            yield _Key(thing, tuple(parts))


def _rebuilt(kind: str, key: _Key, *, unique: bool, columns: list[str]) -> Mutation:
    table, name = quoted(key.thing.table), quoted(key.thing.name)
    noun = "UNIQUE INDEX" if unique else "INDEX"
    sql = f"ALTER TABLE {table} DROP INDEX {name}, ADD {noun} {name} ({', '.join(columns)})"
    return Mutation(kind, f"{key.thing.table}.{key.thing.name}", (sql,))


def _index_order(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        if len(key.parts) > 1:
            yield _rebuilt("index order", key, unique=key.unique, columns=key.columns()[::-1])


def _index_uniqueness(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        yield _rebuilt("index uniqueness", key, unique=not key.unique, columns=key.columns())


def _index_prefix(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    texts = {
        (column.table, column.name)
        for column in now.of("column")
        if json.loads(column.definition)["data_type"].lower() in ("varchar", "char")
        and int(json.loads(column.definition)["character_maximum_length"]) > 4
    }
    for key in _keys(now):
        first = key.parts[0]
        if (key.thing.table, str(first["column_name"])) in texts and not first.get("sub_part"):
            columns = [quoted(str(first["column_name"])) + "(3)", *key.columns()[1:]]
            yield _rebuilt("index prefix", key, unique=key.unique, columns=columns)


def _index_direction(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        if key.parts[0].get("collation") == "A":
            columns = [key.columns()[0] + " DESC", *key.columns()[1:]]
            yield _rebuilt("index direction", key, unique=key.unique, columns=columns)


def _foreign_rule(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("foreign key"):
        text = str(list(connection.query(f"SHOW CREATE TABLE {quoted(thing.table)}")[0].values())[1])
        line = re.search(
            rf"CONSTRAINT {re.escape(quoted(thing.name))} (FOREIGN KEY .*?),?$", text, re.MULTILINE
        )
        if line is None:
            continue
        bare = re.sub(r" ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT|NO ACTION|RESTRICT)", "", line[1])
        rule = "ON DELETE CASCADE" if "ON DELETE CASCADE" not in line[1] else "ON UPDATE CASCADE"
        table = quoted(thing.table)
        drop = f"ALTER TABLE {table} DROP FOREIGN KEY {quoted(thing.name)}"
        add = f"ALTER TABLE {table} ADD CONSTRAINT {quoted(thing.name)} {bare} {rule}"
        yield Mutation("foreign key rule", f"{thing.table}.{thing.name}", (drop, add))


def _drops(kind: str, noun: str, sql: str) -> Proposal:
    def propose(_: Connection, now: Snapshot) -> Iterator[Mutation]:
        for thing in now.of(noun):
            if thing.name != "PRIMARY" and "`" not in thing.table + thing.name:
                place = ".".join(filter(None, [thing.table, thing.name]))
                yield Mutation(kind, place, (sql.format(table=thing.table, name=thing.name),))

    return propose


def _check_clause(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("check"):
        table, name = quoted(thing.table), quoted(thing.name)
        yield Mutation(
            "check clause",
            f"{thing.table}.{thing.name}",
            (
                f"ALTER TABLE {table} DROP CONSTRAINT {name}",
                f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (1 = 1)",
            ),
        )


def _view_body(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("view"):
        sql = f"CREATE OR REPLACE VIEW {quoted(thing.table)} AS SELECT 1 AS afterpush_mutant"
        yield Mutation("view body", thing.table, (sql,))


def _view_security(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("view"):
        facts = json.loads(thing.definition)
        other = "INVOKER" if facts["security_type"] == "DEFINER" else "DEFINER"
        sql = f"ALTER SQL SECURITY {other} VIEW {quoted(thing.table)} AS {facts['view_definition']}"
        yield Mutation("view security", thing.table, (sql,))


def _trigger_body(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("trigger"):
        row = connection.query(f"SHOW CREATE TRIGGER {quoted(thing.name)}")[0]
        created, _ = without_definer(str(row.get("SQL Original Statement", "")))
        body = re.search(r"\bFOR\s+EACH\s+ROW\b", created, re.IGNORECASE)
        if body:
            changed = created[: body.end()] + " SET @afterpush_mutant = 1"
            yield Mutation("trigger body", thing.name, (f"DROP TRIGGER {quoted(thing.name)}", changed))


def _routine_comment(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for kind in ("procedure", "function"):
        for thing in now.of(kind):
            sql = f"ALTER {kind.upper()} {quoted(thing.name)} COMMENT 'afterpush mutant'"
            yield Mutation(f"{kind} comment", thing.name, (sql,))


def _event_comment(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("event"):
        yield Mutation("event", thing.name, (f"ALTER EVENT {quoted(thing.name)} COMMENT 'afterpush mutant'",))


def _table_options(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("table"):
        facts = json.loads(thing.definition)
        alter = f"ALTER TABLE {quoted(thing.table)}"
        if facts.get("table_type") != "BASE TABLE":
            continue
        yield Mutation("table comment", thing.table, (f"{alter} COMMENT = 'afterpush mutant'",))
        other = "latin1" if not str(facts.get("table_collation", "")).startswith("latin1") else "utf8mb4"
        yield Mutation("table character set", thing.table, (f"{alter} DEFAULT CHARACTER SET {other}",))
        if facts.get("engine") == "InnoDB":
            form = "COMPACT" if facts.get("row_format") != "Compact" else "DYNAMIC"
            yield Mutation("row format", thing.table, (f"{alter} ROW_FORMAT = {form}",))
            yield Mutation("engine", thing.table, (f"{alter} ENGINE = MyISAM",))


def _additions(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for thing in now.of("table"):
        if json.loads(thing.definition).get("table_type") != "BASE TABLE":
            continue
        alter = f"ALTER TABLE {quoted(thing.table)} ADD"
        yield Mutation("added column", thing.table, (f"{alter} COLUMN afterpush_mutant INT",))
        first = quoted(now.column_order[thing.table][0])
        yield Mutation(
            "added index", thing.table, (f"{alter} INDEX afterpush_mutant ({first}, afterpush_mutant)",)
        )


_PROPOSALS: tuple[Proposal, ...] = (
    _column_comment,
    _default,
    _on_update,
    _nullability,
    _type,
    _charset,
    _auto_increment,
    _index_order,
    _index_uniqueness,
    _index_prefix,
    _index_direction,
    _foreign_rule,
    _check_clause,
    _trigger_body,
    _routine_comment,
    _event_comment,
    _view_security,
    _view_body,
    _table_options,
    _additions,
    _drops("dropped event", "event", "DROP EVENT `{name}`"),
    _drops("dropped procedure", "procedure", "DROP PROCEDURE `{name}`"),
    _drops("dropped function", "function", "DROP FUNCTION `{name}`"),
    _drops("dropped trigger", "trigger", "DROP TRIGGER `{name}`"),
    _drops("dropped view", "view", "DROP VIEW `{table}`"),
    _drops("dropped partition", "partition", "ALTER TABLE `{table}` DROP PARTITION `{name}`"),
    _drops("dropped check", "check", "ALTER TABLE `{table}` DROP CONSTRAINT `{name}`"),
    _drops("dropped foreign key", "foreign key", "ALTER TABLE `{table}` DROP FOREIGN KEY `{name}`"),
    _drops("dropped index", "index", "ALTER TABLE `{table}` DROP INDEX `{name}`"),
    _drops("dropped column", "column", "ALTER TABLE `{table}` DROP COLUMN `{name}`"),
    _drops("dropped table", "table", "DROP TABLE `{table}`"),
)
