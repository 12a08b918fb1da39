"""The statements that make a schema as it is: SHOW CREATE without the schema's name and without DEFINERs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterpush.infra.database import Connection
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.tokens import quoted

_ACCOUNT = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|\w+)"
_DEFINER = re.compile(rf"\A(CREATE\b.*?)\s+DEFINER={_ACCOUNT}@{_ACCOUNT}", re.DOTALL)
# Functions before views, which may call them; triggers and events are on all others.
_ORDER = ("function", "procedure", "view", "trigger", "event")


@dataclass(frozen=True)
class Program:
    """A view, trigger, routine or event; `sql_mode` is the one that it was made with, where that counts."""

    kind: str
    name: str
    made: str
    sql_mode: str


def tables_of(connection: Connection, schema: str, state: State) -> dict[str, str]:
    """The definition of each table, with its counter, by name. The connection is one that only looks."""
    return {
        name: str(_shown(connection, "TABLE", name)["Create Table"]).replace(f"{quoted(schema)}.", "")
        for kind, name, part in sorted(state)
        if (kind, part) == ("table", "table")
    }


def sequences_of(connection: Connection, state: State) -> list[str]:
    """The definitions of the sequences (MariaDB)."""
    names = [name for _, name, part in sorted(state) if part == "sequence"]
    return [str(_shown(connection, "SEQUENCE", name)["Create Table"]) for name in names]


def programs_of(connection: Connection, schema: str, state: State) -> Iterator[Program]:
    """The programs, in an order in which they can be made. Raises AfterpushError for a hidden text."""
    for kind in _ORDER:
        found = {
            name: _program(connection, schema, kind, name) for each, name, _ in sorted(state) if each == kind
        }
        names = _views_in_order(found) if kind == "view" else list(found)
        if kind == "trigger":
            names.sort(key=lambda name: _place(state[kind, name, kind]))
        yield from (found[name] for name in names)


def in_their_modes(connection: Connection, programs: Sequence[Program]) -> Iterator[str]:
    """The programs, each under the sql_mode that it was made with: it decides what the text means."""
    usual = current = str(connection.query("SELECT @@GLOBAL.sql_mode AS mode")[0]["mode"])
    for program in programs:
        mode = program.sql_mode or usual
        if mode != current:
            yield f"SET sql_mode = '{mode}'"
            current = mode
        yield program.made
    if current != usual:
        yield f"SET sql_mode = '{usual}'"


def _place(text: str) -> int:
    """The place of a trigger among those of its table, time and event."""
    found = re.search(r"` (\d+) ", text)
    return int(found[1]) if found else 0


def _views_in_order(found: Mapping[str, Program]) -> list[str]:
    """Views after those that they name."""
    ordered: list[str] = []
    waiting = dict(found)
    while waiting:
        free = [
            name
            for name, view in waiting.items()
            if not any(quoted(other) in view.made for other in waiting if other != name)
        ]
        for name in free or list(waiting):
            ordered.append(name)
            del waiting[name]
    return ordered


def _program(connection: Connection, schema: str, kind: str, name: str) -> Program:
    row = _shown(connection, kind.upper(), name)
    column = "SQL Original Statement" if kind == "trigger" else f"Create {kind.capitalize()}"
    if row[column] is None:
        raise AfterpushError(
            f"reading {kind} {name}: its text is hidden from {connection.address.user}; grant it "
            "SHOW_ROUTINE (MariaDB: SELECT on mysql.proc), or name another user"
        )
    made = _DEFINER.sub(r"\1", str(row[column])).replace(f"{quoted(schema)}.", "")
    return Program(kind, name, made, "" if kind == "view" else str(row.get("sql_mode") or ""))


def _shown(connection: Connection, kind: str, name: str) -> dict[str, Any]:
    return connection.query(f"SHOW CREATE {kind} {quoted(name)}")[0]
