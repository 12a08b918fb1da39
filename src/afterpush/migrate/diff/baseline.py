"""The first migration of a team that has no history: the app's schema as it is now, as statements.

Tables come in the order of their foreign keys and without counters, programs after them. Replayed, they must
give what the app's schema is.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from afterpush.infra.database import Connection
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.diff.compare import is_tools_own
from afterpush.migrate.replay.definitions import in_their_modes, programs_of, sequences_of, tables_of
from afterpush.migrate.replay.schema import State

_NAMES = ("000_baseline.sql", "V0__baseline.sql", "0000_baseline.up.sql", "00000000000000_baseline.sql")
_COUNTER = re.compile(r"(\n\)[^\n]*?) AUTO_INCREMENT=\d+")
_PARENT = re.compile(r"REFERENCES `((?:[^`]|``)+)`")


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
    own = {key: text for key, text in state.items() if key[0] != "table" or not is_tools_own(key[1])}
    tables = {name: _COUNTER.sub(r"\1", made) for name, made in tables_of(connection, schema, own).items()}
    pieces, is_cyclic = _in_order(tables)
    if is_cyclic:
        pieces = ["SET foreign_key_checks = 0", *pieces, "SET foreign_key_checks = 1"]
    pieces = [*sequences_of(connection, state), *pieces]
    programs = list(programs_of(connection, schema, state))
    text = [f"{piece};\n" for piece in pieces]
    text += [_delimited(piece) for piece in in_their_modes(connection, programs)]
    doubtful = [f"table {name}" for name, made in tables.items() if "?" in made]
    doubtful += [f"{program.kind} {program.name}" for program in programs if "?" in program.made]
    return Baseline("\n".join(text), len(text), doubtful)


def _in_order(tables: dict[str, str]) -> tuple[list[str], bool]:
    """Parents first; whether some tables name one another in a circle."""
    waiting = {name: set(_PARENT.findall(text)) & tables.keys() - {name} for name, text in tables.items()}
    ordered: list[str] = []
    while ready := sorted(name for name, parents in waiting.items() if not parents - set(ordered)):
        ordered += ready
        waiting = {name: parents for name, parents in waiting.items() if name not in ready}
    return [tables[name] for name in [*ordered, *sorted(waiting)]], bool(waiting)


def _delimited(statement: str) -> str:
    return f"DELIMITER ;;\n{statement};;\nDELIMITER ;\n" if ";" in statement else f"{statement};\n"
