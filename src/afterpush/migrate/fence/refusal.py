"""What a proof or a migration must never execute: anything that reaches out of its own schema.

A user whose rights end at `afterpush_proof_%` cannot do harm anyway; this fence is for everybody else.
It reads text, so it errs on the side of refusing: the message says how to write it instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from afterpush.migrate.fence.bodies import makes_program, may_start, names_elsewhere, only_rows
from afterpush.migrate.fence.sql_mode import forbidden_mode
from afterpush.migrate.statements.tokens import Token, tokens, unquoted

_OPENERS = frozenset("; BEGIN ATOMIC THEN ELSE DO LOOP REPEAT".split())
# Statements by their first words. A tuple forbids any of the words that may follow.
_VERBS: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(
        "USE GRANT REVOKE SHUTDOWN RESTART KILL LOAD INSTALL UNINSTALL CHANGE RESET PURGE BINLOG FLUSH "
        "CLONE BACKUP STOP HANDLER XA IMPORT HELP CACHE".split()
    ),
    "START": ("SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"),
    "LOCK": ("INSTANCE",),
}
_OWNERS = frozenset(
    "DATABASE SCHEMA USER ROLE SERVER TABLESPACE LOGFILE RESOURCE INSTANCE UNDO REFERENCE".split()
)
_OWN_SCHEMA_OPTIONS = frozenset("CHARACTER CHARSET COLLATE DEFAULT COMMENT ENCRYPTION".split())
_BETWEEN = frozenset(
    "OR REPLACE ALGORITHM = UNDEFINED MERGE TEMPTABLE SQL SECURITY DEFINER INVOKER AGGREGATE TEMPORARY "
    "ONLINE OFFLINE UNIQUE FULLTEXT SPATIAL IGNORE UNDO".split()
)
_REMOTE_ENGINES = frozenset("FEDERATED FEDERATEDX CONNECT SPIDER S3 OQGRAPH".split())
_LISTS = frozenset("DROP RENAME TRUNCATE LOCK OPTIMIZE ANALYZE CHECK REPAIR CHECKSUM".split())
_NAMES_FOLLOW = frozenset(
    "JOIN STRAIGHT_JOIN INTO TABLE TABLES REFERENCES VIEW TRIGGER PROCEDURE FUNCTION EVENT SEQUENCE PACKAGE "
    "CALL EXISTS TRUNCATE DESCRIBE DESC EXPLAIN UPDATE".split()
)
_END_OF_FROM = frozenset("WHERE GROUP ORDER HAVING LIMIT SET ON USING UNION SELECT WINDOW VALUES".split())
_READABLE = frozenset(["information_schema"])


def refusal(sql: str) -> str | None:
    """Why this statement must not run, or None."""
    if only_rows(sql):
        return None
    words = list(tokens(sql))
    is_program = makes_program(words)
    for number, token in enumerate(words):
        is_start = number == 0 or words[number - 1].upper in _OPENERS
        if is_start or (is_program and may_start(words, number)):
            why = _forbidden_start(words, number)
            if why:
                return why
        why = forbidden_mode(words, number) or _forbidden_anywhere(words, number, token)
        if token.upper == "PREPARE" and words[number + 3 : number + 4] and words[number + 3].kind == "string":
            why = why or refusal(unquoted(words[number + 3]))
        if why:
            return why
    return next(_foreign_names(words), None)


def _forbidden_start(words: list[Token], number: int) -> str | None:
    verb = words[number].upper
    after = _word(words, number + 1)
    if verb in _VERBS:
        followers = _VERBS[verb]
        if verb == "LOAD" or followers is None or after in followers:
            return f"{verb} reaches beyond the schema; take it out of the migrations"
    if verb in ("CREATE", "ALTER", "DROP", "RENAME"):
        return _forbidden_object(words, number)
    if verb == "SET":
        return _forbidden_set(words, number)
    if verb == "EXECUTE" and after == "IMMEDIATE":
        return "EXECUTE IMMEDIATE hides what it executes; write the statement itself"
    return None


def _forbidden_object(words: list[Token], number: int) -> str | None:
    verb = words[number].upper
    place = number + 1
    while _word(words, place) in _BETWEEN:
        place += 1
    noun = _word(words, place)
    own = (
        verb == "ALTER" and noun in ("DATABASE", "SCHEMA") and _word(words, place + 1) in _OWN_SCHEMA_OPTIONS
    )
    if noun in _OWNERS and not own:
        return f"{verb} {noun} reaches beyond the schema; take it out of the migrations"
    return None


def _forbidden_set(words: list[Token], number: int) -> str | None:
    after = _word(words, number + 1)
    account = _word(words, number + 2) if after == "DEFAULT" else after
    # In a trigger, `SET password = ...` is a variable; `NEW.password` a column.
    if account == "ROLE" or (account == "PASSWORD" and (number == 0 or _word(words, number + 2) == "FOR")):
        return f"SET {account} changes accounts; take it out of the migrations"
    for place in range(number + 1, len(words)):
        if words[place].upper == ";":
            return None
        scope = _word(words, place) if _word(words, place - 1) in ("SET", ",") else ""
        if scope in ("GLOBAL", "PERSIST", "PERSIST_ONLY") or _is_global(words[place]):
            return "SET GLOBAL changes the whole server; use SET SESSION or take it out"
    return None


def _is_global(token: Token) -> bool:
    return token.kind == "variable" and token.text.lower().startswith(("@@global.", "@@persist"))


def _forbidden_anywhere(words: list[Token], number: int, token: Token) -> str | None:
    before, after = _word(words, number - 1), _word(words, number + 1)
    if token.upper in ("OUTFILE", "DUMPFILE") and before == "INTO":
        return f"INTO {token.upper} writes a file on the server; take it out of the migrations"
    if token.upper == "LOAD_FILE" and after == "(":
        return "LOAD_FILE reads a file on the server; take it out of the migrations"
    if token.upper == "DIRECTORY" and before in ("DATA", "INDEX"):
        return f"{before} DIRECTORY writes outside of the schema's folder; take it out of the migrations"
    if token.upper == "SONAME":
        return "SONAME loads code into the server; take it out of the migrations"
    if token.upper == "RELEASE_ALL_LOCKS" and after == "(":
        return "RELEASE_ALL_LOCKS frees the lock that guards the migrations; take it out"
    if token.text == "@" and after == "@":
        return "a space behind @@ hides whose variable it is; write @@session.name"
    if token.upper == "UNION" and names_elsewhere(words, number + 1):
        return "UNION names a table of another database; take it out of the migrations"
    if token.upper == "ENGINE":
        engine = number + (2 if after == "=" else 1)
        if engine < len(words) and unquoted(words[engine]).upper() in _REMOTE_ENGINES:
            return f"the engine {unquoted(words[engine])} reaches out of the server; take it out"
    return None


def _word(words: list[Token], number: int) -> str:
    return words[number].upper if 0 <= number < len(words) else ""


@dataclass
class _Clause:
    """What one level of parentheses has shown so far."""

    reads_tables: bool = False
    in_from: bool = False


@dataclass
class _Reading:
    """Where in a statement the reader is: which names in it are tables' names."""

    verb: str
    header: bool
    levels: list[_Clause] = field(default_factory=lambda: [_Clause()])

    def step(self, word: str) -> None:
        if word == "(":
            self.levels.append(_Clause())
        elif word == ")" and len(self.levels) > 1:
            self.levels.pop()
        elif word in ("SELECT", "DELETE", "SHOW"):
            self.levels[-1].reads_tables = True
            self.levels[-1].in_from = False
        elif word == "FROM":
            self.levels[-1].in_from = self.levels[-1].reads_tables
        elif word == "UPDATE":
            self.levels[-1].in_from = True
        elif word in _END_OF_FROM:
            self.levels[-1].in_from = False


def _foreign_names(words: list[Token]) -> Iterator[str]:
    """Names with a database in front, as far as text can tell them from `table.column`."""
    verb = _word(words, 0)
    # The ON of CREATE INDEX and CREATE TRIGGER names a table; that of a join does not.
    reading = _Reading(verb, header=verb == "CREATE")
    for number, token in enumerate(words):
        if _is_qualified(words, number) and _is_foreign(words, number, reading):
            named = "".join(part.text for part in words[number : number + 3])
            yield (
                f"{named} names a database; write the name without it "
                "(the connection says which database is meant)"
            )
        if token.upper == "ON":
            reading.header = False
        reading.step(token.upper)


def _is_qualified(words: list[Token], number: int) -> bool:
    # A string has no dot behind it: with ANSI_QUOTES it is a name.
    return (
        words[number].kind in ("word", "name", "string")
        and _word(words, number + 1) == "."
        and _word(words, number - 1) != "."
    )


def _is_foreign(words: list[Token], number: int, reading: _Reading) -> bool:
    name = unquoted(words[number]).lower()
    if name in _READABLE:
        return False
    if _word(words, number + 3) == "." or reading.verb in _LISTS:
        return True
    before = _word(words, number - 1)
    if before == "UPDATE" and _word(words, number - 2) == "KEY":
        return False
    return (
        before in _NAMES_FOLLOW
        or (before == "(" and _word(words, number - 2) in ("JOIN", "STRAIGHT_JOIN"))
        or (before == "FROM" and reading.levels[-1].in_from)
        or (before == "," and reading.levels[-1].in_from)
        or (before == "ON" and _starts_header(words, number))
        or (before == "LIKE" and reading.verb == "CREATE" and not reading.levels[-1].reads_tables)
        or (before in ("TO", "AS", "RENAME") and _renames(words, number))
        or (before in ("REPLACE", "IGNORE", "INSERT", "DELETE") and reading.verb == before)
        or _word(words, number + 3) == "("
    )


def _starts_header(words: list[Token], number: int) -> bool:
    """Whether this ON is the one of CREATE INDEX i ON t, or CREATE TRIGGER ... ON t."""
    before = [token.upper for token in words[: number - 1]]
    return before[:1] == ["CREATE"] and "ON" not in before and ("INDEX" in before or "TRIGGER" in before)


def _renames(words: list[Token], number: int) -> bool:
    before = _word(words, number - 1)
    return before == "RENAME" or _word(words, number - 2) == "RENAME"
