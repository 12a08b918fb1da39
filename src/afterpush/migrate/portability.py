"""What one of the two servers rejects though the other accepts it: our own rules, on the tokens.

Parsers are no help: sqlglot reads IF NOT EXISTS everywhere, sqlfluff 4.5 accepts ADD COLUMN IF NOT EXISTS
for MySQL. Sources: the grammar in the MySQL 8.0 and 9.5 manuals and in MariaDB's; MariaDB tried on 10.11.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import Token, tokens, unquoted

MYSQL, MARIADB = "MySQL 8", "MariaDB"
MARIADB_ONLY = frozenset("uuid inet4 inet6 xmltype row varchar2 number clob raw".split())


@dataclass(frozen=True)
class Finding:
    """One thing that `rejected_by` does not accept or understands otherwise, and what to write instead."""

    file: str
    line: int
    rule: Annotated[str, "the rule's name; `rejected` where the other server was asked"]
    rejected_by: Annotated[str, "the server that does not take it"]
    message: str


Said = tuple[int, str, str, str]


def findings(statements: Iterable[Statement], tried: Collection[str] = ()) -> list[Finding]:
    """Everything in these statements that runs on one server only, as far as rules can tell.

    Without the rules for servers on which the statements were tried.
    """
    found: list[Finding] = []
    for statement in statements:
        said = [*_client_findings(statement)]
        if not {MYSQL, MARIADB} <= set(tried):
            said += [one for one in _statement_findings(statement) if one[2] not in tried]
        for offset, rule, rejected_by, message in said:
            line = statement.line + statement.sql.count("\n", 0, offset)
            found.append(Finding(statement.file, line, rule, rejected_by, message))
    return found


def _client_findings(statement: Statement) -> Iterator[Said]:
    if statement.split_by_client:
        message = "the mysql client cuts this body at its first `;`: put DELIMITER around it"
        yield (0, "no-delimiter", "the mysql client", message)


def _statement_findings(statement: Statement) -> Iterator[Said]:
    if not statement.kind.startswith(("CREATE", "ALTER", "DROP", "RENAME", "INSERT", "DELETE", "REPLACE")):
        return
    if len(statement.sql) > 200_000:
        return
    found = list(tokens(statement.sql))
    yield from _existence(statement.kind, found)
    yield from _replacing(statement.kind, found)
    yield from _words(statement, found)
    if statement.kind in _TABLES:
        yield from _columns(found)


def _existence(kind: str, found: Sequence[Token]) -> Iterator[Said]:
    """IF [NOT] EXISTS where only MariaDB has it."""
    for at, token in enumerate(found):
        if token.upper != "IF":
            continue
        negated = _word(found, at + 1) == "NOT"
        if _word(found, at + (2 if negated else 1)) != "EXISTS":
            continue
        clause = "IF NOT EXISTS" if negated else "IF EXISTS"
        if said := _existence_of(kind, found, at, clause):
            yield (token.start, said[0], MYSQL, said[1])
        if kind.split(" ")[-1] in ("TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "VIEW"):
            return  # What follows is the body.


def _existence_of(kind: str, found: Sequence[Token], at: int, clause: str) -> tuple[str, str] | None:
    verb, _, noun = kind.partition(" ")
    probe = "; ask information_schema first, or use `inv migrate.consolidate`"
    if kind in ("CREATE INDEX", "DROP INDEX"):
        return (f"{verb.lower()}-index-if", f"MySQL 8 rejects {verb} INDEX {clause} (1064){probe}")
    if kind == "ALTER TABLE":
        if _word(found, at - 1) == "TABLE" and at <= 3:
            return ("alter-table-if-exists", f"MySQL 8 rejects ALTER TABLE IF EXISTS (1064){probe}")
        before = " ".join(filter(None, (_word(found, at - 2), _word(found, at - 1))))
        return ("alter-if", f"MySQL 8 rejects {before} {clause} in ALTER TABLE (1064){probe}")
    if kind == "RENAME TABLE":
        return ("rename-if-exists", "MySQL 8 rejects RENAME TABLE IF EXISTS (1064)")
    if kind == "CREATE VIEW":
        cure = "write CREATE OR REPLACE VIEW"
        return ("create-view-if", f"MySQL 8 rejects CREATE VIEW IF NOT EXISTS (1064); {cure}")
    if verb == "CREATE" and noun in ("TRIGGER", "PROCEDURE", "FUNCTION"):
        return ("create-program-if", f"MySQL before 8.0.29 rejects CREATE {noun} IF NOT EXISTS (1064)")
    return None


def _replacing(kind: str, found: Sequence[Token]) -> Iterator[Said]:
    if kind.startswith("CREATE ") and kind != "CREATE VIEW" and _word(found, 1) == "OR":
        noun = kind.removeprefix("CREATE ")
        cure = "drop it first" if noun != "TABLE" else "it deletes the rows; change the table instead"
        message = f"MySQL 8 rejects CREATE OR REPLACE {noun} (1064); {cure}"
        yield (found[0].start, "or-replace", MYSQL, message)


def _words(statement: Statement, found: Sequence[Token]) -> Iterator[Said]:
    kind = statement.kind
    if "SEQUENCE" in kind:
        yield (0, "sequence", MYSQL, "MySQL 8 has no sequences; use AUTO_INCREMENT")
    if "/*M!" in statement.sql:
        yield (
            statement.sql.index("/*M!"),
            "mariadb-comment",
            MYSQL,
            "MySQL skips /*M! */: only MariaDB runs it",
        )
    for at, token in enumerate(found):
        if token.kind in ("word", "string", "name") and (said := _collation(unquoted(token).lower())):
            yield (token.start, *said)
        elif token.kind == "word" and (rule := _RULES.get(token.upper)):
            after, kinds, name, rejected_by, message = rule
            if (not after or _word(found, at + 1) in after) and kind in kinds:
                yield (token.start, name, rejected_by, message)
        elif token.text == "-" and _word(found, at + 1) == ">" and found[at + 1].start == token.end:
            yield (token.start, "json-arrow", MARIADB, "MariaDB has no -> and ->>; write JSON_EXTRACT()")
            return


_BOTH = "utf8mb4_unicode_ci is on both"


def _collation(word: str) -> tuple[str, str, str] | None:
    if "_0900_" in word and word.startswith("utf8mb4"):
        return ("collation", MARIADB, f"MariaDB 10.11 does not know {word} (1273); {_BOTH}")
    if word.startswith(("uca1400_", "utf8mb4_uca1400_", "utf8mb3_uca1400_")) or "_nopad_" in word:
        return ("collation", MYSQL, f"MySQL 8 does not know {word} (1273); {_BOTH}")
    return None


_TABLES = ("CREATE TABLE", "ALTER TABLE", "CREATE INDEX")
_ROWS = ("INSERT", "DELETE", "REPLACE")
_RULES: dict[str, tuple[tuple[str, ...], tuple[str, ...], str, str, str]] = {
    "PERSISTENT": ((), _TABLES, "persistent", MYSQL, "MySQL 8 rejects PERSISTENT (1064); write STORED"),
    "IGNORED": ((), _TABLES, "ignored", MYSQL, "MySQL 8 rejects IGNORED (1064); there it is INVISIBLE"),
    "NOWAIT": ((), _TABLES, "wait", MYSQL, "MySQL 8 rejects NOWAIT in DDL (1064); set lock_wait_timeout"),
    "VERSIONING": ((), _TABLES, "system-versioning", MYSQL, "MySQL 8 has no system-versioned tables (1064)"),
    "PERIOD": (("FOR",), _TABLES, "period", MYSQL, "MySQL 8 has no PERIOD FOR (1064)"),
    "NEXTVAL": (("(",), _TABLES, "sequence", MYSQL, "MySQL 8 has no sequences; use AUTO_INCREMENT"),
    "ARIA": ((), _TABLES, "engine", MYSQL, "MySQL 8 has no engine Aria; use InnoDB"),
    "COLUMNSTORE": ((), _TABLES, "engine", MYSQL, "MySQL 8 has no engine ColumnStore; use InnoDB"),
    "RETURNING": ((), _ROWS, "returning", MYSQL, "MySQL 8 rejects RETURNING (1064)"),
    "ENFORCED": ((), _TABLES, "enforced", MARIADB, "MariaDB rejects [NOT] ENFORCED (1064)"),
}


def _columns(found: Sequence[Token]) -> Iterator[Said]:
    """Types and defaults, and index parts, at the places where they can be."""
    for at, token in enumerate(found):
        word = token.upper
        if word.lower() in MARIADB_ONLY and _is_type(found, at):
            message = f"MySQL 8 has no type {word} (1064); BINARY(16) or VARCHAR are on both"
            yield (token.start, "type", MYSQL, message)
        elif word in _BIG and _is_type(found, at):
            yield from _big_default(found, at)
        elif word == "DEFAULT" and _is_bare_call(found, at + 1):
            call = found[at + 1].text
            message = f"MySQL 8 rejects DEFAULT {call}() without parentheses (1064); write DEFAULT ({call}())"
            yield (token.start, "default-expression", MYSQL, message)
        elif word == "DROP" and _word(found, at + 1) == "CHECK":
            message = "MariaDB rejects DROP CHECK (1064); DROP CONSTRAINT is on both"
            yield (token.start, "drop-check", MARIADB, message)
        elif word in ("INDEX", "KEY") and _has_expression(found, at):
            message = "MariaDB rejects an expression in an index (1064); index a generated column"
            yield (token.start, "functional-index", MARIADB, message)
        elif word == "INVISIBLE" and _word(found, at - 1) == ")":
            message = "MariaDB rejects INVISIBLE indexes (1064); there they are IGNORED"
            yield (token.start, "invisible-index", MARIADB, message)


_BIG = frozenset("TINYTEXT TEXT MEDIUMTEXT LONGTEXT TINYBLOB BLOB MEDIUMBLOB LONGBLOB JSON GEOMETRY".split())
_TIMES = frozenset("CURRENT_TIMESTAMP NOW LOCALTIME LOCALTIMESTAMP".split())


def _word(found: Sequence[Token], at: int) -> str:
    return found[at].upper if 0 <= at < len(found) else ""


def _is_type(found: Sequence[Token], at: int) -> bool:
    """Whether a column's name is before, and not `,` or another keyword of a clause."""
    before = found[at - 1] if at else None
    if before is None or before.kind not in ("word", "name"):
        return False
    earlier = _word(found, at - 2)
    return earlier in ("(", ",", "COLUMN", "ADD", "MODIFY", "CHANGE", "EXISTS") or (
        at > 2 and found[at - 2].kind in ("word", "name") and _word(found, at - 3) in ("CHANGE", "COLUMN")
    )


def _big_default(found: Sequence[Token], at: int) -> Iterator[Said]:
    depth = 0
    for token_at in range(at + 1, len(found)):
        token = found[token_at]
        depth += {"(": 1, ")": -1}.get(token.upper, 0)
        if depth < 0 or (token.upper == "," and depth == 0):
            return
        if token.upper == "DEFAULT" and depth == 0 and _word(found, token_at + 1) not in ("NULL", "("):
            message = (
                f"MySQL 8 rejects a literal default for {found[at].upper} (1101); "
                "write it in parentheses: DEFAULT ('...')"
            )
            yield (token.start, "text-default", MYSQL, message)
            return


def _is_bare_call(found: Sequence[Token], at: int) -> bool:
    is_word = at < len(found) and found[at].kind == "word"
    return is_word and _word(found, at + 1) == "(" and found[at].upper not in _TIMES


def _has_expression(found: Sequence[Token], at: int) -> bool:
    """`KEY name ((expression))`: a parenthesis right after the one that opens the parts, or after a comma."""
    for token_at in range(at + 1, min(at + 8, len(found))):
        if found[token_at].text == "(":
            return _word(found, token_at + 1) == "("
        if found[token_at].kind not in ("word", "name") or found[token_at].upper == "AS":
            return False
    return False
