"""Looking at a schema: one query over information_schema, whose rows are the parts of all its objects.

A row is (kind, object, part, seq, text). Several rows of one part belong together, in the order of `seq`: an
index has one for each of its columns. `parts.py` has the query.

information_schema is utf8mb3: a character of four bytes is a `?` on both sides of every comparison.
"""

import re
from collections.abc import Iterable

from afterpush.infra.database import Connection
from afterpush.migrate.replay.parts import KINDS, PARTS
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.tokens import literal, quoted

EVERYTHING = tuple(part for parts in KINDS.values() for part in parts)
_QUERIES = {
    flavour: {part: one.select(flavour) for part, one in PARTS.items()} for flavour in ("mysql", "mariadb")
}
_AT_ONCE = 50
_PARSER = re.compile(
    r"FULLTEXT (?:INDEX|KEY) `(?P<name>(?:[^`]|``)+)`.*?WITH PARSER `?(?P<parser>\w+)", re.IGNORECASE
)


def look_sql(
    flavour: str, parts: Iterable[str] = EVERYTHING, *, names: Iterable[str] = (), schema: str | None = None
) -> str:
    """The query for everything in the current schema, or for the objects of these names.

    With the schema written out as a literal, MariaDB reads only that schema's files.
    """
    here = "DATABASE()" if schema is None else literal(schema)
    listed = ", ".join(map(literal, names))
    asked = []
    for part in parts:
        wanted = f"{PARTS[part].named} IN ({listed})" if listed else "1 = 1"
        asked.append(_QUERIES[flavour][part].format(here=here, name=wanted))
    return " UNION ALL ".join(asked) + " ORDER BY kind, object, part, seq"


def look(
    connection: Connection,
    flavour: str,
    schema: str,
    parts: Iterable[str] = EVERYTHING,
    *,
    names: Iterable[str] = (),
) -> State:
    """The state of the connection's current schema, named here. Reads only. Raises DatabaseFailure.

    `names` are those of tables, where parts of tables are asked for.
    """
    parts = [part for part in parts if part != "order"]
    state: State = {}
    orders: dict[str, dict[int, str]] = {}
    for row in connection.query(look_sql(flavour, parts, names=names, schema=schema)):
        key = (_text(row["kind"]), _text(row["object"]), _text(row["part"]))
        text = _text(row["text"])
        state[key] = f"{state[key]}, {text}" if key in state else text
        if key[0] == "table" and key[2].startswith("column "):
            orders.setdefault(key[1], {})[int(row["seq"])] = key[2].removeprefix("column ")
    for table, columns in orders.items():
        state["table", table, "order"] = ", ".join(columns[place] for place in sorted(columns))
    if not names:  # Columns of views and sequences come with those of the tables.
        tables = {name for kind, name, part in state if (kind, part) == ("table", "table")}
        state = {key: text for key, text in state.items() if key[0] != "table" or key[1] in tables}
    return _with_sequences(connection, _with_parsers(connection, state))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _with_parsers(connection: Connection, state: State) -> State:
    """No view shows the parser of a FULLTEXT index; the table's own text does."""
    tables = {
        key[1] for key, text in state.items() if text.startswith("FULLTEXT ") and key[2].startswith("index ")
    }
    for table in tables:
        for found in _PARSER.finditer(_shown(connection, "TABLE", table)):
            key = ("table", table, f"index {found['name'].replace('``', '`')}")
            state[key] = f"{state[key]} WITH PARSER {found['parser']}"
    return state


def _with_sequences(connection: Connection, state: State) -> State:
    """No view of MariaDB 10 and 11 shows what a sequence counts; its own text does, after its name."""
    for name in [name for kind, name, _ in state if kind == "sequence"]:
        text = _shown(connection, "SEQUENCE", name).partition(quoted(name))[2]
        state["sequence", name, "numbers"] = text.partition(" ENGINE=")[0].strip()
    return state


def _shown(connection: Connection, kind: str, name: str) -> str:
    row = connection.query(f"SHOW CREATE {kind} {quoted(name)}")[0]
    return str(list(row.values())[1])


def with_rows(connection: Connection, tables: Iterable[str]) -> frozenset[str]:
    """Those of the tables that have a row."""
    asked = [f"(SELECT {literal(name)} AS name FROM {quoted(name)} LIMIT 1)" for name in tables]
    found: set[str] = set()
    for begin in range(0, len(asked), _AT_ONCE):
        rows = connection.query(" UNION ALL ".join(asked[begin : begin + _AT_ONCE]))
        found |= {_text(row["name"]) for row in rows}
    return frozenset(found)
