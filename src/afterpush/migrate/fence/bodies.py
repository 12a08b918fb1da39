"""What the fence reads of a statement: plain rows, bodies without BEGIN, tables that a table is made of."""

import re
from collections.abc import Sequence

from afterpush.migrate.statements.tokens import COMMENT, QUOTED_NAME, STRING, Token

_INSERT = re.compile(r"\s*+(?:INSERT|REPLACE)\s", re.IGNORECASE)
# A comment that nothing ends takes the rest along: looked for from each `/*`, that would be read many times.
_QUIET = re.compile(rf"{STRING}|(?P<kept>{QUOTED_NAME})|{COMMENT}|(?P<open>/\*.*)", re.DOTALL)
_WORTH_READING = re.compile(
    r"SELECT|LOAD_FILE|RELEASE_ALL|/\*|;|[\w`$)]\s*\.\s*[`A-Za-z_$\x80-\U0010ffff]", re.IGNORECASE
)

_PROGRAMS = frozenset("PROCEDURE FUNCTION TRIGGER EVENT PACKAGE".split())
# In front of a column or a value, never of a statement.
_WITHIN = frozenset(
    ", . ( = := + - * / < > ! | & SELECT BY WHERE AND OR NOT SET ON AS FROM INTO JOIN CONTINUE EXIT UNDO "
    "CALL IN RETURN VALUES HAVING LIKE IF WHEN CASE".split()
)


def makes_program(words: Sequence[Token]) -> bool:
    """Whether the statement makes a procedure, function, trigger, event or package."""
    return _word(words, 0) == "CREATE" and any(token.upper in _PROGRAMS for token in words[:16])


def may_start(words: Sequence[Token], number: int) -> bool:
    """Whether the one statement that is a whole body may begin here: it has no BEGIN in front.

    `CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW SET GLOBAL ...`, `... HANDLER FOR NOT FOUND SHUTDOWN`.
    """
    follows = _word(words, number + 1)
    return words[number - 1].upper not in _WITHIN and follows not in (".", ",", ")", "=", ":=")


def names_elsewhere(words: Sequence[Token], place: int) -> bool:
    """Whether UNION is the option of a MERGE table, `UNION = (shop.orders)`, with a database in a name."""
    place += _word(words, place) == "="
    if _word(words, place) != "(" or _word(words, place + 1) in ("SELECT", "(", "TABLE", "VALUES", "WITH"):
        return False
    inside = [token.text for token in words[place + 1 :]]
    return "." in inside[: inside.index(")") if ")" in inside else None]


def only_rows(sql: str) -> bool:
    """Whether this is an INSERT of plain values: megabytes of them are not worth reading word by word."""
    if not _INSERT.match(sql):
        return False
    code = _QUIET.sub(lambda found: found["kept"] or found["open"] or " ", sql)
    return not _WORTH_READING.search(code)


def _word(words: Sequence[Token], number: int) -> str:
    return words[number].upper if 0 <= number < len(words) else ""
