"""What a CALL, an EXECUTE or a text that nobody knows did to the schema: the server's binary log says it.

    CALL upgrade()   ->   Query  use `v`; ALTER TABLE users ADD email INT /* xid=41 */
                          Query  use `v`; CREATE INDEX i ON users (email) /* xid=44 */

Both flavours write each definition as text (MySQL 9.7, MariaDB 11.8), rows as events of other types.
"""

import re

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.replay.scope import EVERYTHING, Scope, scope_of
from afterpush.migrate.replay.seen import Seen
from afterpush.migrate.statements.split import Statement, kind_of

_QUERY = re.compile(r"use `(?P<schema>(?:[^`]|``)+)`; (?P<sql>.*?)(?: /\* xid=\d+ \*/)?", re.DOTALL)


class BinaryLog:
    """The log from now on."""

    def __init__(self, looker: Connection, schema: str) -> None:
        self._looker, self._schema = looker, schema
        self._file, self._place = self._end()

    def scope(self, seen: Seen) -> Scope:
        """What the statements that were written since then can have changed."""
        file, place = self._end()
        if not file or file != self._file:
            return EVERYTHING
        if place == self._place:
            return frozenset()
        found: set[tuple[str, str]] = set()
        asked = f"SHOW BINLOG EVENTS IN '{file}' FROM {self._place}"
        for row in self._looker.query(asked):
            said = _QUERY.fullmatch(str(row["Info"]))
            if row["Event_type"] != "Query" or said is None or said["schema"] != self._schema:
                continue
            scope = scope_of(Statement(said["sql"], "", 0, kind_of(said["sql"])), seen)
            if scope is None:
                return EVERYTHING
            found |= scope
        return frozenset(found)

    def _end(self) -> tuple[str, int]:
        """The log's file and length; nothing where the server keeps none."""
        for asked in ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"):  # MySQL 8.2 and newer; MariaDB
            try:
                rows = self._looker.query(asked)
            except StatementRejected:
                continue
            return (str(rows[0]["File"]), int(rows[0]["Position"])) if rows else ("", 0)
        return "", 0
