"""The first migration of a team that has no history: the app's schema as it is now, as statements.

The statements are the server's own (SHOW CREATE), without schema name, DEFINER and counters. Tables come in
the order of their foreign keys, programs after them. Replayed, they must give what the app's schema is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from afterpush.infra.database import Connection
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.diff.compare import is_tools_own
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.tokens import quoted

_NAMES = ("000_baseline.sql", "V0__baseline.sql", "0000_baseline.up.sql", "00000000000000_baseline.sql")
_ACCOUNT = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|\w+)"
_DEFINER = re.compile(rf"\A(CREATE\b.*?)\s+DEFINER={_ACCOUNT}@{_ACCOUNT}", re.DOTALL)
_COUNTER = re.compile(r"(\n\)[^\n]*?) AUTO_INCREMENT=\d+")
_PARENT = re.compile(r"REFERENCES `((?:[^`]|``)+)`")
# Functions before views, which may call them; triggers and events are on all others.
_ORDER = ("function", "procedure", "view", "trigger", "event")


@dataclass(frozen=True)
class Baseline:
    """A file's text. `doubtful` are parts with a `?`, which may have been a character of four bytes: the
    server does not give those back."""

    text: str
    statements: int
    doubtful: list[str]


def path_for(patterns: list[str]) -> str:
    """A path that the first pattern matches and that comes before other files. Raises AfterpushError."""
    for pattern in patterns:
        folder = PurePosixPath(*(part for part in PurePosixPath(pattern).parent.parts if "*" not in part))
        for name in _NAMES:
            if (folder / name).match(pattern) or PurePosixPath(name).match(PurePosixPath(pattern).name):
                return str(folder / name)
    raise AfterpushError(
        f"no name for a baseline matches migrate.sources ({', '.join(patterns)}); add migrations/*.sql to it"
    )


def baseline_of(connection: Connection, schema: str, state: State) -> Baseline:
    """The schema's statements. The connection is one that only looks. Raises DatabaseFailure."""
    tables = {
        name: _table(connection, schema, name)
        for kind, name, part in sorted(state)
        if (kind, part) == ("table", "table") and not is_tools_own(name)
    }
    pieces, is_cyclic = _in_order(tables)
    if is_cyclic:
        pieces = ["SET foreign_key_checks = 0", *pieces, "SET foreign_key_checks = 1"]
    sequences = [name for kind, name, part in sorted(state) if part == "sequence"]
    pieces = [*(_shown(connection, "SEQUENCE", name)["Create Table"] for name in sequences), *pieces]
    programs = list(_programs(connection, schema, state))
    text = [*(f"{piece};\n" for piece in pieces), *_in_their_modes(connection, programs)]
    doubtful = [f"table {name}" for name, made in tables.items() if "?" in made]
    doubtful += [f"{program.kind} {program.name}" for program in programs if "?" in program.made]
    return Baseline("\n".join(text), len(text), doubtful)


@dataclass(frozen=True)
class _Program:
    kind: str
    name: str
    made: str
    sql_mode: str


def _programs(connection: Connection, schema: str, state: State) -> Iterator[_Program]:
    for kind in _ORDER:
        found = {
            name: _program(connection, schema, kind, name) for each, name, _ in sorted(state) if each == kind
        }
        names = _views_in_order(found) if kind == "view" else list(found)
        if kind == "trigger":
            names.sort(key=lambda name: _place(state[kind, name, kind]))
        yield from (found[name] for name in names)


def _place(text: str) -> int:
    """The place of a trigger among those of its table, time and event."""
    found = re.search(r"` (\d+) ", text)
    return int(found[1]) if found else 0


def _views_in_order(found: Mapping[str, _Program]) -> list[str]:
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


def _in_their_modes(connection: Connection, programs: Sequence[_Program]) -> Iterator[str]:
    """The programs, each under the sql_mode that it was made with: it decides what the text means."""
    usual = current = str(connection.query("SELECT @@GLOBAL.sql_mode AS mode")[0]["mode"])
    for program in programs:
        mode = program.sql_mode or usual
        if mode != current:
            yield f"SET sql_mode = '{mode}';\n"
            current = mode
        yield _delimited(program.made)
    if current != usual:
        yield f"SET sql_mode = '{usual}';\n"


def _table(connection: Connection, schema: str, name: str) -> str:
    made = str(_shown(connection, "TABLE", name)["Create Table"])
    return _COUNTER.sub(r"\1", made).replace(f"{quoted(schema)}.", "")


def _shown(connection: Connection, kind: str, name: str) -> dict[str, Any]:
    return connection.query(f"SHOW CREATE {kind} {quoted(name)}")[0]


def _in_order(tables: dict[str, str]) -> tuple[list[str], bool]:
    """Parents first; whether some tables name one another in a circle."""
    waiting = {name: set(_PARENT.findall(text)) & tables.keys() - {name} for name, text in tables.items()}
    ordered: list[str] = []
    while ready := sorted(name for name, parents in waiting.items() if not parents - set(ordered)):
        ordered += ready
        waiting = {name: parents for name, parents in waiting.items() if name not in ready}
    return [tables[name] for name in [*ordered, *sorted(waiting)]], bool(waiting)


def _program(connection: Connection, schema: str, kind: str, name: str) -> _Program:
    row = _shown(connection, kind.upper(), name)
    column = "SQL Original Statement" if kind == "trigger" else f"Create {kind.capitalize()}"
    if row[column] is None:
        raise AfterpushError(
            f"reading {kind} {name}: its text is hidden from {connection.address.user}; grant it "
            "SHOW_ROUTINE (MariaDB: SELECT on mysql.proc), or name another user"
        )
    made = _DEFINER.sub(r"\1", str(row[column])).replace(f"{quoted(schema)}.", "")
    return _Program(kind, name, made, "" if kind == "view" else str(row.get("sql_mode") or ""))


def _delimited(statement: str) -> str:
    return f"DELIMITER ;;\n{statement};;\nDELIMITER ;\n" if ";" in statement else f"{statement};\n"
