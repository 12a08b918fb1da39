"""How the server carries out a change of a table: asked with ALGORITHM and LOCK, from the mildest down.

Sources: the MySQL manual, "Online DDL Operations"; the MariaDB manual, "InnoDB Online DDL Overview". Neither
is trusted: versions differ, so each statement is tried.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.migrate.statements.tokens import Token, tokens

Attempt = tuple[str, str]  # ALGORITHM, LOCK; an empty LOCK is not written
_LOCKS = ("NONE", "SHARED", "EXCLUSIVE")
# MySQL takes no LOCK with INSTANT: it holds only the metadata lock, for a moment.
ATTEMPTS: dict[str, tuple[Attempt, ...]] = {
    "mysql": (
        ("INSTANT", ""),
        *(("INPLACE", lock) for lock in _LOCKS),
        *(("COPY", lock) for lock in _LOCKS[1:]),
    ),
    "mariadb": (
        ("INSTANT", ""),
        *(("NOCOPY", lock) for lock in _LOCKS[:2]),
        *(("INPLACE", lock) for lock in _LOCKS),
        *(("COPY", lock) for lock in _LOCKS),
    ),
}
# Not supported, and why; a wrong combination of the two; too many instant changes; not this grammar.
REFUSALS = (1845, 1846, 1221, 4092, 1064, 1235, 1911)
_VALUES = frozenset("DEFAULT INSTANT NOCOPY INPLACE COPY NONE SHARED EXCLUSIVE".split())
_KINDS = ("ALTER TABLE", "CREATE INDEX", "DROP INDEX")


@dataclass(frozen=True)
class Target:
    """The table that a statement changes.

    `head` and `tail` are the statement's two halves, between which options go; `ends` is whether that is the
    end of the code, where they are written without commas. `given` are the options that it has already.
    """

    table: str
    head: str
    tail: str
    ends: bool
    given: dict[str, str]

    def with_options(self, options: list[str]) -> str:
        """The statement with more options.

        ALTER TABLE t ADD a INT  ->  ALTER TABLE t ALGORITHM=INSTANT, ADD a INT
        """
        if not options:
            return self.head + self.tail
        glued = f" {' '.join(options)}" if self.ends else f" {', '.join(options)},"
        return self.head + glued + self.tail


def target_of(sql: str, kind: str) -> Target | None:
    """What an ALTER TABLE, CREATE INDEX or DROP INDEX changes; None for any other statement."""
    if kind not in _KINDS:
        return None
    words = list(tokens(sql))
    noun = next((n for n, token in enumerate(words) if token.upper in ("TABLE", "ON")), len(words))
    first = noun + 1
    while first < len(words) and words[first].upper in ("IF", "EXISTS"):
        first += 1
    last = first + 2 if first + 2 < len(words) and words[first + 1].text == "." else first
    if last >= len(words):
        return None
    table, given = _name(words[last]), _given(words)
    if kind == "DROP INDEX":
        # MariaDB takes no options there: DROP INDEX i ON t  ->  ALTER TABLE t DROP INDEX i
        name = sql[words[0].end : words[noun].start]
        where = sql[words[noun].end : words[last].end]
        return Target(table, f"ALTER TABLE{where}", f" DROP{name}", False, given)
    at = _behind_wait(words, last) if kind == "ALTER TABLE" else words[-1].end
    return Target(table, sql[:at], sql[at:], kind == "CREATE INDEX", given)


def _name(token: Token) -> str:
    quote = token.text[:1]
    return token.text[1:-1].replace(quote * 2, quote) if quote in '`"' else token.text


def _behind_wait(words: list[Token], last: int) -> int:
    """MariaDB: ALTER TABLE t WAIT 5 ADD ..., or NOWAIT."""
    after = words[last + 1].upper if last + 1 < len(words) else ""
    if after == "NOWAIT":
        return words[last + 1].end
    return words[last + 2].end if after == "WAIT" and last + 2 < len(words) else words[last].end


def _given(words: list[Token]) -> dict[str, str]:
    """ALGORITHM and LOCK where they are options: `ADD lock INT` names a column."""
    found: dict[str, str] = {}
    for number, word in enumerate(words):
        after = [token.upper for token in words[number + 1 : number + 3]]
        value = after[1] if after[:1] == ["="] and len(after) > 1 else after[0] if after else ""
        if word.upper in ("ALGORITHM", "LOCK") and value in _VALUES:
            found[word.upper] = value
    return {option: value for option, value in found.items() if value != "DEFAULT"}


def attempts(target: Target, flavour: str) -> Iterator[tuple[Attempt, str]]:
    """What to try, from the mildest down: algorithm, lock, and the statement with them.

    Options that the statement has are kept, and only the others are tried.
    """
    given = target.given
    for algorithm, lock in ATTEMPTS[flavour]:
        is_wanted = given.get("ALGORITHM", algorithm) == algorithm and given.get("LOCK", lock) == lock
        if is_wanted:
            wanted = {"ALGORITHM": algorithm, "LOCK": lock}
            options = [f"{name}={value}" for name, value in wanted.items() if value and name not in given]
            yield (algorithm, lock), target.with_options(options)
