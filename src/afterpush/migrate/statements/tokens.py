"""MySQL's lexical rules: words, names, strings, comments.

Sources: the MySQL 8 manual, "Comments" and "String Literals"; the MariaDB manual, "Comment Syntax".
`--` begins a comment only before white space; `/*! */` and `/*M! */` hold code; `/* */` does not nest.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

STRING = r"""(?:'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+")"""
QUOTED_NAME = r"`(?:[^`]++|``)*+`"
# drizzle-kit's mark between two statements is no comment to MySQL; drizzle takes it out before.
_BREAKPOINT = r"-->[ \t]*statement-breakpoint"
_LINE_COMMENT = rf"{_BREAKPOINT}|--(?=[\s\x00-\x1f]|\Z)[^\n]*+|\#[^\n]*+"
_COMMENT_OPEN = r"/\*(?!M?!)"
_BLOCK_COMMENT = rf"{_COMMENT_OPEN}(?:[^*]++|\*(?!/))*+\*/"
COMMENT = rf"(?:{_LINE_COMMENT}|{_BLOCK_COMMENT})"
CONDITIONAL_OPEN = r"/\*M?!\d*+"
WORD = r"[\w$\x80-\U0010ffff]++"

_TOKEN = rf"""
    (?P<space>[\s\ufeff]++|{_LINE_COMMENT}|{CONDITIONAL_OPEN}|\*/)
    | (?P<string>[nNxXbB]?{STRING})
    | (?P<name>{QUOTED_NAME})
    | (?P<variable>@@?(?:{WORD}(?:\.{WORD})*+|{STRING}|{QUOTED_NAME}))
    | (?P<number>(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+(?![\w$]))
    | (?P<word>{WORD})
    """
_WITH_COMMENTS = re.compile(
    rf"{_TOKEN} | (?P<comment>{_BLOCK_COMMENT}) | (?P<open>{_COMMENT_OPEN}) | (?P<op>.)",
    re.VERBOSE | re.DOTALL,
)
_BEHIND_COMMENTS = re.compile(rf"{_TOKEN} | (?P<op>.)", re.VERBOSE | re.DOTALL)
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


class Token(NamedTuple):
    """A piece of a statement; `kind` is one of string, name, variable, number, word, op.

    `upper` is the keyword or sign that it may be; empty for strings, quoted names, numbers and variables.
    """

    kind: str
    text: str
    start: int
    end: int
    upper: str = ""


def tokens(sql: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The tokens, without white space, comments and the frames of conditional comments.

    Any text is read: a quote that never ends comes out as an operator.
    """
    stop = len(sql) if end is None else end
    yield from _tokens(_WITH_COMMENTS, sql, start, stop)


def _tokens(pattern: re.Pattern[str], sql: str, start: int, stop: int) -> Iterator[Token]:
    for match in pattern.finditer(sql, start, stop):
        kind = match.lastgroup or "op"
        if kind == "open":  # Nothing ends this comment, nor any that begins later: they are not looked for.
            yield from _tokens(_BEHIND_COMMENTS, sql, match.start(), stop)
            return
        if kind not in ("space", "comment"):
            text = match.group()
            upper = text if kind == "op" else text.upper() if kind == "word" else ""
            yield Token(kind, text, match.start(), match.end(), upper)


def unquoted(token: Token) -> str:
    """The name that a word or a back-quoted token stands for, as written (case kept)."""
    if token.kind == "name":
        return token.text[1:-1].replace("``", "`")
    return string_value(token.text) if token.kind == "string" else token.text


def string_value(literal: str) -> str:
    """What a string literal means: quotes removed, doubled quotes and backslash escapes resolved."""
    quote = literal[-1]
    body = literal[literal.index(quote) + 1 : -1].replace(quote * 2, quote)
    return re.sub(
        r"\\(.)",
        lambda found: found[0] if found[1] in "%_" else _ESCAPES.get(found[1], found[1]),
        body,
        flags=re.DOTALL,
    )


def literal(value: str) -> str:
    """The value as a string literal that every sql_mode reads alike, unless it holds a backslash."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def quoted(name: str) -> str:
    """The name in back quotes."""
    return "`" + name.replace("`", "``") + "`"


def words_of(sql: str) -> frozenset[str]:
    """Every word of a statement, lower case: a table that it changes is one of them."""
    return frozenset(unquoted(token).lower() for token in tokens(sql) if token.kind in ("word", "name"))
