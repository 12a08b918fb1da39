"""What a managed MySQL refuses or reads otherwise, seen in the text alone: no server is needed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import Token, tokens

_INTEGERS = frozenset("TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT".split())


@dataclass(frozen=True)
class Finding:
    """A rule that a statement breaks."""

    file: str
    line: int
    rule: Annotated[str, "the rule's name"]
    message: Annotated[str, "what is wrong, and what to write"]


def findings_of(statements: Sequence[Statement]) -> list[Finding]:
    """Each rule once for a statement, in order."""
    found: list[Finding] = []
    for statement in statements:
        if statement.kind.split(" ")[0] in ("CREATE", "ALTER", "INSERT", "REPLACE", "UPDATE", "DELETE"):
            rules = dict(_broken(statement))
            found += [Finding(statement.file, statement.line, rule, said) for rule, said in rules.items()]
    return found


def _broken(statement: Statement) -> Iterator[tuple[str, str]]:
    if len(statement.sql) > 200_000:
        return  # A dump's rows.
    words = list(tokens(statement.sql))
    upper = [word.upper for word in words]
    if _lacks_primary_key(statement.kind, upper):
        yield "primary-key", "no PRIMARY KEY: refused where sql_require_primary_key is on, also for a moment"
    for number, word in enumerate(words):
        yield from _of_word(words, number, word)


def _lacks_primary_key(kind: str, upper: list[str]) -> bool:
    made_like = "LIKE" in upper and "(" not in upper[: upper.index("LIKE")]
    temporary_or_keyed = {"PRIMARY", "TEMPORARY"} & set(upper)
    return kind == "CREATE TABLE" and not temporary_or_keyed and not made_like and "LIKE" not in upper[:8]


def _of_word(words: list[Token], number: int, word: Token) -> Iterator[tuple[str, str]]:
    after = [token.upper or token.text for token in words[number + 1 : number + 6]]
    if word.kind == "string" and word.text.startswith('"'):
        yield (
            "double-quotes",
            f"{word.text[:40]} is a name where sql_mode has ANSI_QUOTES; write single quotes",
        )
    if word.upper == "REAL":
        yield "real", "REAL is FLOAT where sql_mode has REAL_AS_FLOAT, else DOUBLE; write which one"
    if word.upper == "DEFINER" and after[:1] == ["="] and after[1:2] != ["CURRENT_USER"]:
        yield "definer", "DEFINER of another user is refused without SET_ANY_DEFINER or SUPER; leave it out"
    if re.fullmatch(r"utf8(mb3)?(_\w+)?", word.text, re.IGNORECASE) and _names_charset(words, number):
        yield (
            "utf8",
            f"{word.text} is utf8mb3, without characters of four bytes, and deprecated; write utf8mb4",
        )
    if word.upper == "ZEROFILL":
        yield "zerofill", "ZEROFILL is deprecated in MySQL; pad with LPAD where it is shown"
    if word.upper in ("FLOAT", "DOUBLE") and after[:1] == ["("] and after[2:3] == [","]:
        yield "float-digits", f"{word.upper}(m,d) is deprecated in MySQL; write DECIMAL, or no digits"
    if word.upper in _INTEGERS and after[:1] == ["("] and after[2:3] == [")"] and _is_width(word, after[1]):
        yield (
            "display-width",
            f"{word.upper}({after[1]}) is a display width, deprecated in MySQL; leave it out",
        )


def _is_width(word: Token, number: str) -> bool:
    return number.isdigit() and (word.upper, number) != ("TINYINT", "1")


def _names_charset(words: list[Token], number: int) -> bool:
    before = [token.upper for token in words[max(0, number - 2) : number]]
    return bool({"CHARSET", "SET", "COLLATE"} & set(before))
