"""Changes to indexes, foreign keys and checks."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.infra.database import Connection
from afterpush.migrate.mutant import Mutation
from afterpush.migrate.snapshot import Snapshot, Thing
from afterpush.migrate.tokens import quoted


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


def index_order(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        if len(key.parts) > 1:
            yield _rebuilt("index order", key, unique=key.unique, columns=key.columns()[::-1])


def index_uniqueness(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        yield _rebuilt("index uniqueness", key, unique=not key.unique, columns=key.columns())


def index_prefix(_: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def index_direction(_: Connection, now: Snapshot) -> Iterator[Mutation]:
    for key in _keys(now):
        if key.parts[0].get("collation") == "A":
            columns = [key.columns()[0] + " DESC", *key.columns()[1:]]
            yield _rebuilt("index direction", key, unique=key.unique, columns=columns)


def foreign_rule(connection: Connection, now: Snapshot) -> Iterator[Mutation]:
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


def check_clause(_: Connection, now: Snapshot) -> Iterator[Mutation]:
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
