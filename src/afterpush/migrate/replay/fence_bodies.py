"""Where the fence looks inside of a statement: bodies without BEGIN, and tables that a table is made of."""

from collections.abc import Sequence

from afterpush.migrate.statements.tokens import Token

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


def _word(words: Sequence[Token], number: int) -> str:
    return words[number].upper if 0 <= number < len(words) else ""
