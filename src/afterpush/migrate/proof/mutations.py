"""Negative controls: small changes to a schema, each of which the comparison and the steps must notice.

A proof that cannot turn red proves nothing. The changes are made on the server for what the schema holds, one
after the other; each must show as a difference between just before and just after it, and the steps must not
take the changed database for done.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.proof.report import Mutations
from afterpush.migrate.replay.schema import (
    BY_DEFINITION,
    Key,
    State,
    changed,
    part_kind,
    part_name,
    twins,
    with_change,
)
from afterpush.migrate.statements.tokens import quoted

PER_KIND = 3


@dataclass(frozen=True)
class Mutation:
    """One change. `is_extra`: it adds what no step knows, which is no business of theirs."""

    kind: str
    target: str
    sql: str
    is_extra: bool = False


def control(
    connection: Connection, look: Callable[[], State], is_done: Callable[[State], bool]
) -> tuple[Mutations, list[str]]:
    """Makes the changes in the connection's schema (which is spoilt by it) and counts those that are noticed;
    and the kinds that should have been tried, and could not be.

    `is_done` is what the steps think of a database in this state.
    """
    # MariaDB changes a table with history only so; MySQL knows neither.
    _make(connection, Mutation("", "", "SET SESSION system_versioning_alter_history = KEEP"))
    before = whole = look()
    kinds: Counter[str] = Counter()
    missed: list[str] = []
    wanted: set[str] = set()
    for proposals in (_changes, _drops):
        for mutation in list(proposals(connection, before)):
            wanted.add(mutation.kind)
            if kinds[mutation.kind] >= PER_KIND or not _make(connection, mutation):
                continue
            kinds[mutation.kind] += 1
            after = look()
            alone = with_change(whole, *changed(before, after))
            gone = [key for key in before if key not in after]
            is_double = all(
                key[2].startswith(BY_DEFINITION) and twins(key, before[key], whole) for key in gone
            )
            excused = mutation.is_extra or (gone and is_double)
            if before == after or (is_done(alone) and not excused):
                missed.append(f"{mutation.kind}: {mutation.target}")
            before = after
    tried = kinds.total()
    made = Mutations(
        tried, tried - len(missed), {kind: count for kind, count in kinds.items() if count}, tuple(missed)
    )
    return made, sorted(kind for kind in wanted if not kinds[kind] and kind in _ALWAYS)


# These the server never refuses for all of a schema: none at all means that we could not write them.
_ALWAYS = frozenset(["column comment", "added column", "added index", "table comment", "view body"])


def _make(connection: Connection, mutation: Mutation) -> bool:
    try:
        connection.execute(mutation.sql)
    except StatementRejected:
        return False
    return True


def _changes(connection: Connection, state: State) -> Iterator[Mutation]:
    for key in sorted(state):
        kind, name = part_kind(key), part_name(key)
        if kind == "table":
            yield from _of_table(connection, key[1])
        elif kind == "view":
            sql = f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT 1 AS one"
            yield Mutation("view body", name, sql)
        elif kind == "sequence":
            yield Mutation("sequence step", name, f"ALTER SEQUENCE {quoted(name)} INCREMENT BY 4711")
        elif kind in ("procedure", "function", "event"):
            yield Mutation(f"{kind} comment", name, f"ALTER {kind.upper()} {quoted(name)} COMMENT 'changed'")
        elif kind == "foreign key":
            yield Mutation("foreign key rule", f"{key[1]}.{name}", _other_rule(key, state[key]))
        elif kind == "index" and name != "PRIMARY":
            yield from _of_index(key, state[key])


def _of_table(connection: Connection, name: str) -> Iterator[Mutation]:
    table = quoted(name)
    text = str(list(connection.query(f"SHOW CREATE TABLE {table}")[0].values())[1])
    yield Mutation("table comment", name, f"ALTER TABLE {table} COMMENT = 'changed'")
    yield Mutation(
        "added column", name, f"ALTER TABLE {table} ADD COLUMN afterpush_extra INT NULL", is_extra=True
    )
    if " AUTO_INCREMENT" in text.split("\n) ")[0]:
        yield Mutation("auto increment", name, f"ALTER TABLE {table} AUTO_INCREMENT = 4711", is_extra=True)
    first, primary = "", re.search(r"PRIMARY KEY \((.*?)\)", text)
    for line in text.split("\n"):
        line = line.strip().rstrip(",")
        if not line.startswith("`") or "GENERATED" in line or " AS (" in line:
            continue
        first = first or line
        column = line[: line.index("`", 1) + 1]
        is_bin = "utf8mb4_bin" in (line if " COLLATE " in line else text.split("\n) ")[-1])
        yield from _of_column(table, f"{name}.{column}", column, line, is_bin)
        if not (primary and column in primary[1]):
            yield from _nullability(table, f"{name}.{column}", line)
    if first:
        column = first[: first.index("`", 1) + 1]
        yield Mutation(
            "added index", name, f"ALTER TABLE {table} ADD INDEX afterpush_extra ({column})", is_extra=True
        )


def _of_column(table: str, target: str, column: str, line: str, is_bin: bool) -> Iterator[Mutation]:
    change = f"ALTER TABLE {table} MODIFY COLUMN "
    if " COMMENT " not in line:
        yield Mutation("column comment", target, f"{change}{line} COMMENT 'changed'")
    wider = re.sub(r"^(`[^`]+` varchar)\((\d+)\)", lambda m: f"{m[1]}({int(m[2]) + 1})", line)
    wider = re.sub(r"^(`[^`]+`) int(\(\d+\))?", r"\1 bigint", wider)
    wider = re.sub(r"^(`[^`]+`) (datetime|timestamp|time)(?![(\w])", r"\1 \2(3)", wider)
    if wider != line:
        yield Mutation("column type", target, change + wider)
    if re.search(r" DEFAULT (?!NULL)", line):
        yield Mutation("default", target, f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
    elif re.match(r"`[^`]+` (?:big|small|tiny)?int", line) and "AUTO_INCREMENT" not in line:
        yield Mutation("default", target, f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT 42")
    if " ON UPDATE " in line.upper():
        yield Mutation("on update", target, change + re.sub(r"(?i) ON UPDATE \S+", "", line))
    if re.match(r"`[^`]+` (?:varchar|char|text|enum)", line):
        other = "utf8mb4_general_ci" if is_bin else "utf8mb4_bin"
        plain = re.sub(r" (?:CHARACTER SET|COLLATE) \S+", "", line)
        typed = re.sub(
            r"^(`[^`]+` (?:varchar\(\d+\)|char\(\d+\)|text|enum\((?:'(?:[^']|'')*',?)+\)))",
            rf"\1 COLLATE {other}",
            plain,
        )
        yield Mutation("collation", target, change + typed)


def _nullability(table: str, target: str, line: str) -> Iterator[Mutation]:
    """Not for the primary key: MariaDB takes NULL there, and keeps NOT NULL without a word."""
    change = f"ALTER TABLE {table} MODIFY COLUMN "
    if " NOT NULL" in line and "AUTO_INCREMENT" not in line:
        yield Mutation("nullability", target, change + line.replace(" NOT NULL", " NULL", 1))
    elif " DEFAULT NULL" in line:
        yield Mutation("nullability", target, change + line.replace(" DEFAULT NULL", " NOT NULL", 1))


def _of_index(key: Key, text: str) -> Iterator[Mutation]:
    """`UNIQUE BTREE `a`, `b`(3)`: turned around, and unique or no longer."""
    found = re.fullmatch(r"(UNIQUE )?BTREE ((?:`[^`]+`(?:\(\d+\))?(?:, )?)+)", text)
    if not found:
        return
    table, name, columns = quoted(key[1]), quoted(part_name(key)), found[2].split(", ")
    begin = f"ALTER TABLE {table} DROP INDEX {name}, ADD"
    unique = "UNIQUE INDEX" if found[1] else "INDEX"
    other = "INDEX" if found[1] else "UNIQUE INDEX"
    yield Mutation("index uniqueness", f"{key[1]}.{part_name(key)}", f"{begin} {other} {name} ({found[2]})")
    if len(columns) > 1:
        turned = ", ".join(columns[::-1])
        yield Mutation("index order", f"{key[1]}.{part_name(key)}", f"{begin} {unique} {name} ({turned})")


def _other_rule(key: Key, text: str) -> str:
    found = re.findall(r"`((?:[^`]|``)+)` -> `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`", text)
    rule = "" if "ON DELETE CASCADE" in text else " ON DELETE CASCADE"
    mine, theirs = (", ".join(f"`{one[at]}`" for one in found) for at in (0, 2))
    table, name = quoted(key[1]), quoted(part_name(key))
    other = found[0][1] if found else ""
    extra = quoted("afterpush_extra_" + part_name(key)[:40])
    return (
        f"ALTER TABLE {table} DROP FOREIGN KEY {name}, ADD CONSTRAINT {extra} "
        f"FOREIGN KEY ({mine}) REFERENCES `{other}` ({theirs}){rule}"
    )


def _drops(connection: Connection, state: State) -> Iterator[Mutation]:
    for key in sorted(state, key=lambda key: _ORDER.get(part_kind(key), 0)):
        kind, name, table = part_kind(key), part_name(key), quoted(key[1])
        sql = {
            "column": f"ALTER TABLE {table} DROP COLUMN {quoted(name)}",
            "index": f"ALTER TABLE {table} DROP INDEX {quoted(name)}",
            "foreign key": f"ALTER TABLE {table} DROP FOREIGN KEY {quoted(name)}",
            "check": f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}",
            "table": f"DROP TABLE {table}",
            **{
                one: f"DROP {one.upper()} {table}"
                for one in ("sequence", "view", "trigger", "procedure", "function", "event")
            },
        }.get(kind)
        if sql and name != "PRIMARY" and not name.startswith("afterpush_extra"):
            target = key[1] if name == key[1] else f"{key[1]}.{name}"
            yield Mutation(f"dropped {kind}", target, sql)


_ORDER = {"check": 1, "foreign key": 2, "index": 3, "column": 4, "table": 5}
