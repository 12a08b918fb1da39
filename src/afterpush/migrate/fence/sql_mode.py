"""What a text may make of sql_mode: nothing that changes how the rest of it is read.

With ANSI_QUOTES `"shop"."orders"` is a table, and `"a\\"` a whole name; with NO_BACKSLASH_ESCAPES a string
ends elsewhere. The modes of other databases (ANSI, ORACLE, ...) contain one of the two. The fence reads text
by the usual rules (MySQL 8 manual, "Server SQL Modes"), so a text keeps them: plain words, and what was.
"""

import re
from collections.abc import Sequence

from afterpush.migrate.statements.tokens import Token, unquoted

_CHANGE_READING = re.compile(r"ANSI|MSSQL|ORACLE|POSTGRESQL|DB2|MAXDB|NO_BACKSLASH_ESCAPES", re.IGNORECASE)
_IS_MODE = re.compile(r"@@(?:session\.|local\.|global\.)?sql_mode", re.IGNORECASE)
_IS_KEPT = re.compile(r"@\w*sql_?mode\w*", re.IGNORECASE)
_WHY = (
    "this sql_mode changes how quotes and names are read, or cannot be known before it runs; write its modes "
    "as one string, without ANSI_QUOTES and the like"
)


def forbidden_mode(words: Sequence[Token], number: int) -> str | None:
    """Why the assignment whose target is this token must not run; None for any other token."""
    token = words[number]
    text = token.text.replace("`", "")
    is_mode = token.upper == "SQL_MODE" or (token.kind == "variable" and bool(_IS_MODE.fullmatch(text)))
    is_kept = token.kind == "variable" and not is_mode and bool(_IS_KEPT.fullmatch(text))
    if not (is_mode or is_kept):
        return None
    if is_kept and number and words[number - 1].upper == "INTO":
        return _WHY
    value = _assigned(words, number + 1)
    if not value:
        return None
    if is_kept:
        return None if _is_variable(value, _IS_MODE) else _WHY
    return None if _is_plain(value) else _WHY


def _assigned(words: Sequence[Token], start: int) -> list[Token]:
    """The tokens of the value, up to the next comma or the end; nothing where nothing is assigned."""
    signs = "".join(token.text for token in words[start : start + 2])
    if not signs.startswith(("=", ":=")):
        return []
    found, depth = [], 0
    for token in words[start + (2 if signs.startswith(":=") else 1) :]:
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0 or (depth == 0 and token.text in (",", ";")) or token.upper == "FOR":
            break
        found.append(token)
    return found


def _is_plain(value: Sequence[Token]) -> bool:
    """One string of harmless modes, what was before, DEFAULT, or a mode taken away with REPLACE."""
    if len(value) == 1:
        one = value[0]
        is_harmless = one.kind == "string" and not _CHANGE_READING.search(unquoted(one))
        return is_harmless or one.upper == "DEFAULT" or _is_variable(value, _IS_MODE, _IS_KEPT)
    texts = [token.text.lower() for token in value]
    is_replace = (
        texts[:2] == ["replace", "("]
        and texts[3:4] == [","]
        and texts[5:] in ([",", "''", ")"], [",", '""', ")"])
    )
    return is_replace and bool(_IS_MODE.fullmatch(texts[2])) and value[4].kind == "string"


def _is_variable(value: Sequence[Token], *shapes: "re.Pattern[str]") -> bool:
    return len(value) == 1 and any(shape.fullmatch(value[0].text.replace("`", "")) for shape in shapes)
