"""Which objects a statement can have touched: so that looking costs little.

Words decide, not grammar: a word too many costs a tenth of a millisecond, and a whole look at the end of the
replay shows whether one was missed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import Token, tokens, unquoted

QUERIES = frozenset("SELECT SHOW DESCRIBE DESC EXPLAIN HELP CHECK CHECKSUM".split())
ROWS = frozenset("INSERT REPLACE UPDATE DELETE TRUNCATE LOAD WITH".split())
# What a session says about itself: it changes nothing that stays, and is needed by what comes after it.
SESSION = frozenset(
    "SET BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE LOCK UNLOCK PREPARE DEALLOCATE USE DELIMITER FLUSH "
    "ANALYZE OPTIMIZE REPAIR".split()
)
_NOUNS = {"TABLE": "table", "INDEX": "table", "VIEW": "view", "TRIGGER": "trigger", "EVENT": "event"} | {
    "PROCEDURE": "routine", "FUNCTION": "routine", "DATABASE": "schema", "SCHEMA": "schema",
}  # fmt: skip
_COUNTER = re.compile(r"\bAUTO_INCREMENT\s*=?\s*\d", re.IGNORECASE)


@dataclass(frozen=True)
class Scope:
    """`kind` of object (None: look at everything, `""`: at nothing), and the names that may be meant."""

    kind: str | None
    names: frozenset[str] = frozenset()


NOTHING, EVERYTHING = Scope(""), Scope(None)


def scope_of(statement: Statement, state: State) -> Scope:
    """What to look at after this statement, in a schema that was in this state before."""
    verb, _, noun = statement.kind.partition(" ")
    if verb in QUERIES or verb in ROWS or verb in SESSION:
        return NOTHING
    kind = _NOUNS.get(noun)
    if verb not in ("CREATE", "ALTER", "DROP") or kind is None or len(statement.sql) > 100_000:
        return EVERYTHING
    found = list(tokens(statement.sql))
    if kind == "table" and (
        (verb == "DROP" and noun == "TABLE") or any(t.upper in ("RENAME", "CHANGE") for t in found)
    ):
        return EVERYTHING
    known = {name.lower(): name for _, name, _ in state}
    words = {unquoted(token).lower() for token in found if token.kind in ("word", "name", "string")}
    names = {known[word] for word in words & known.keys()}
    return Scope(kind, frozenset(name for name in names | set(_new_names(found)) if 0 < len(name) <= 64))


def sets_counter(statement: Statement) -> bool:
    """Whether it names the next AUTO_INCREMENT; rows move that too, which is no change of the schema."""
    return bool(_COUNTER.search(statement.sql))


def _new_names(found: list[Token]) -> Iterator[str]:
    """What may be a new object's name: the words behind TABLE, VIEW and so on, past IF NOT EXISTS."""
    for number, token in enumerate(found):
        if token.upper in _NOUNS:
            rest = [t for t in found[number + 1 : number + 7] if t.upper not in ("IF", "NOT", "EXISTS")]
            yield from (unquoted(t) for t in rest[:3] if t.kind in ("word", "name", "string"))
