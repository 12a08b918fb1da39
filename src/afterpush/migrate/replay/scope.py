"""Which objects a statement can have touched: so that looking costs little.

Words decide, not grammar: a word too many costs a tenth of a millisecond, and a whole look at the end of the
replay shows whether one was missed.

    ALTER TABLE users ADD KEY k (email)    the tables that are called `users`, `k` or `email`
    DROP TABLE users                       these, their triggers, and tables with a foreign key to it
    CALL upgrade()                         what the binary log says, where the server is ours; else everything
"""

import re

from afterpush.infra.database import Connection, StatementRejected
from afterpush.migrate.replay.seen import Object, Seen
from afterpush.migrate.statements.split import Statement, kind_of
from afterpush.migrate.statements.tokens import Token, tokens, unquoted

QUERIES = frozenset("SELECT SHOW DESCRIBE DESC EXPLAIN HELP CHECK CHECKSUM".split())
ROWS = frozenset("INSERT REPLACE UPDATE DELETE TRUNCATE LOAD WITH".split())
# What a session says about itself: it changes nothing that stays, and is needed by what comes after it.
SESSION = frozenset(
    "SET BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE LOCK UNLOCK PREPARE DEALLOCATE USE DELIMITER FLUSH "
    "ANALYZE OPTIMIZE REPAIR".split()
)
_NOUNS = {"TABLE": ("table",), "INDEX": ("table",), "VIEW": ("view",), "TRIGGER": ("trigger",)} | {
    "EVENT": ("event",), "SEQUENCE": ("sequence",), "PROCEDURE": ("procedure", "function"),
    "FUNCTION": ("procedure", "function"), "DATABASE": ("schema",), "SCHEMA": ("schema",),
}  # fmt: skip
_COUNTER = re.compile(r"\bAUTO_INCREMENT\s*=?\s*\d", re.IGNORECASE)
_ON_TABLE = re.compile(r" ON `((?:[^`]|``)+)`")
_LONG = 100_000
_QUERY = re.compile(r"use `(?P<schema>(?:[^`]|``)+)`; (?P<sql>.*?)(?: /\* xid=\d+ \*/)?", re.DOTALL)
# The objects, as (kind, name), that may have changed; None stands for all of them.
Scope = frozenset[Object] | None
NOTHING: Scope = frozenset()
EVERYTHING: Scope = None


def scope_of(statement: Statement, seen: Seen) -> Scope:
    """What to look at after this statement, in a schema that was seen so before."""
    verb, _, noun = statement.kind.partition(" ")
    if verb in QUERIES or verb in ROWS or verb in SESSION:
        return NOTHING
    kinds = _NOUNS.get(noun)
    if verb not in ("CREATE", "ALTER", "DROP", "RENAME") or kinds is None or len(statement.sql) > _LONG:
        return EVERYTHING
    if kinds == ("schema",):
        return frozenset([("schema", "")])
    found = list(tokens(statement.sql))
    words = {unquoted(token) for token in found if token.kind in ("word", "name", "string")}
    known = seen.named(word.lower() for word in words)
    tables = {name for kind, name in known if kind == "table"}
    moves = bool({"RENAME", "CHANGE"} & {token.upper for token in found})
    # `RENAME a TO b` makes a name anywhere in it.
    new = {name for name in words if 0 < len(name) <= 64} if moves else {_new_name(found, noun)}
    if verb == "CREATE" and noun != "INDEX":
        objects = {(kind, name) for kind in kinds for name in new if name}
    else:
        objects = {one for one in known if one[0] in kinds}
    if moves:
        objects |= {(kind, name) for kind in kinds for name in new}
    if kinds == ("table",) and (moves or verb == "DROP"):
        objects |= seen.mentioning(tables, "table", "trigger")
        if moves and any(kind == "view" for kind, _ in known):  # RENAME TABLE takes a view, too.
            objects |= {("view", name) for name in new}
    if kinds == ("trigger",):
        objects |= _beside(objects, tables, seen)
    return frozenset(objects)


def sets_counter(statement: Statement) -> bool:
    """Whether it names the next AUTO_INCREMENT; rows move that too, which is no change of the schema."""
    return bool(_COUNTER.search(statement.sql))


def _beside(triggers: set[Object], tables: set[str], seen: Seen) -> set[Object]:
    """The triggers of the same tables: one that comes or goes moves the others' places."""
    for one in triggers:
        tables |= set(_ON_TABLE.findall(seen.of(one).get((*one, "trigger"), "")))
    return seen.mentioning(tables, "trigger")


def _new_name(found: list[Token], noun: str) -> str:
    """`b` of CREATE TABLE IF NOT EXISTS `a`.`b` (...); empty where there is none."""
    start = next((number for number, token in enumerate(found) if token.upper == noun), len(found)) + 1
    rest = [token for token in found[start : start + 6] if token.upper not in ("IF", "NOT", "EXISTS")]
    place = 2 if [token.text for token in rest[1:2]] == ["."] else 0
    return unquoted(rest[place]) if place < len(rest) else ""


class BinaryLog:
    """The log from now on: what a CALL, an EXECUTE or a text that nobody knows did to the schema.

    CALL upgrade()   ->   Query  use `v`; ALTER TABLE users ADD email INT /* xid=41 */
                          Query  use `v`; CREATE INDEX i ON users (email) /* xid=44 */

    Both flavours write each definition as text (MySQL 9.7, MariaDB 11.8), rows as events of other types.
    """

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
