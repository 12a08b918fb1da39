"""Cutting SQL text into statements the way the mysql client does.

DELIMITER is obeyed where a statement would begin. Delimiters inside strings, quoted names and
comments do not count. A trigger or routine whose body is BEGIN ... END stays one statement also
without DELIMITER, as drivers and migration tools run it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from afterpush.migrate.statements.tokens import COMMENT, CONDITIONAL_OPEN, QUOTED_NAME, STRING, tokens

_SPACE = re.compile(rf"(?:[\s\ufeff\x00]++|{COMMENT})*+", re.DOTALL)
_DELIMITER = re.compile(r"delimiter[ \t]++([^\s]++)[^\n]*+\n?+", re.IGNORECASE)
_NOUNS = frozenset(
    "TABLE INDEX VIEW TRIGGER PROCEDURE FUNCTION EVENT DATABASE SCHEMA SEQUENCE USER ROLE SERVER "
    "TABLESPACE LOGFILE PACKAGE".split()
)
_PROGRAMS = frozenset(f"CREATE {noun}" for noun in "TRIGGER PROCEDURE FUNCTION EVENT PACKAGE".split())
_UNENDING = {"'": "a string that never ends", '"': "a string that never ends"} | {
    "`": "a quoted name that never ends",
    "/": "a comment that never ends",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file.

    `sql` begins at its first code, without the delimiter; `line` (from 1) is where that is. `kind` is
    its verb, with the noun for CREATE, ALTER, DROP and RENAME: `CREATE TABLE`, `INSERT`; empty when it
    begins with no word. `problem` says why no server can read it. `marks` are the `${...}` parts of a
    template string that it came from: its text is then not known in full. `split_by_client` is true for
    a body with `;` that is not protected by DELIMITER: the mysql client would cut it there.
    """

    sql: str
    file: str
    line: int
    kind: str
    problem: str = ""
    marks: tuple[str, ...] = ()
    split_by_client: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text from `begin` to `end`, with the statement (if any) from `start` to `stop` in it."""

    begin: int
    start: int
    stop: int
    end: int
    problem: str = ""
    split_by_client: bool = False


def split(text: str, file: str) -> list[Statement]:
    """The statements of `text` in order. Reads anything; never raises."""
    found: list[Statement] = []
    line, counted = 1, 0
    for piece in _pieces(text):
        if piece.start == piece.stop:
            continue
        line += text.count("\n", counted, piece.start)
        counted = piece.start
        sql = text[piece.start : piece.stop].rstrip()
        found.append(
            Statement(sql, file, line, kind_of(sql), piece.problem, split_by_client=piece.split_by_client)
        )
    return found


def pieces(text: str) -> list[str]:
    """The text cut where the statements end; joined, they are the text again."""
    return [text[piece.begin : piece.end] for piece in _pieces(text)]


def kind_of(sql: str) -> str:
    """`CREATE TABLE`, `ALTER TABLE`, `INSERT`, ...: what `Statement.kind` says."""
    found = tokens(sql)
    first = next(found, None)
    if first is None or first.kind != "word":
        return "SELECT" if first is not None and first.text == "(" else ""
    verb = first.text.upper()
    if verb not in ("CREATE", "ALTER", "DROP", "RENAME"):
        return verb
    for number, token in enumerate(found):
        if token.upper in _NOUNS:
            return f"{verb} {token.upper}"
        if number > 30:
            break
    return verb


def _pieces(text: str) -> Iterator[_Piece]:
    delimiter, position, compounds = ";", 0, True
    while position < len(text):
        begin = position
        start = _skip(text, begin)
        command = _DELIMITER.match(text, start)
        if start == len(text):
            yield _Piece(begin, start, start, start)
            return
        if command:
            delimiter = _without_quotes(command[1])
            position = command.end()
            yield _Piece(begin, position, position, position)
            continue
        stop, problem = _end_of_code(text, start, delimiter)
        split_by_client = False
        if compounds and delimiter == ";" and stop < len(text) and _is_program(text, start, stop):
            whole = _end_of_body(text, start, stop)
            compounds = whole is not None
            split_by_client = whole is not None and whole != stop
            stop = stop if whole is None else whole
        position = min(len(text), stop + len(delimiter))
        yield _Piece(begin, start, stop, position, problem, split_by_client)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _without_quotes(word: str) -> str:
    return word[1:-1] if len(word) > 2 and word[0] == word[-1] and word[0] in "'\"`" else word


@lru_cache(maxsize=32)
def _run(delimiter: str) -> re.Pattern[str]:
    """What does not end a statement: it stops at the delimiter, or at what never ends."""
    stop = re.escape(delimiter)
    first = re.escape(delimiter[0])
    conditional = (
        rf"{CONDITIONAL_OPEN}(?:[^*'\"`/\#\-]++|{STRING}|{QUOTED_NAME}|{COMMENT}|\*(?!/)|[/\#\-])*+\*/"
    )
    return re.compile(
        rf"(?:[^'\"`\#/\-{first}]++|(?!{stop})(?:{STRING}|{QUOTED_NAME}|{COMMENT}|{conditional}"
        rf"|/(?!\*)|-|(?!['\"`/])[{first}]))*+",
        re.DOTALL,
    )


def _end_of_code(text: str, start: int, delimiter: str) -> tuple[int, str]:
    """Where the statement's text ends, and what is wrong when that is not at a delimiter."""
    match = _run(delimiter).match(text, start)
    end = match.end() if match else start
    if end == len(text) or text.startswith(delimiter, end):
        return end, ""
    return len(text), _UNENDING.get(text[end], "text that no server reads")


def _is_program(text: str, start: int, stop: int) -> bool:
    head = text[start : start + 6].upper()
    return (head == "CREATE" or head.startswith("/*")) and kind_of(text[start:stop]) in _PROGRAMS


def _end_of_body(text: str, start: int, stop: int) -> int | None:
    """Where the BEGIN ... END of this routine is over; None when it never is."""
    depth = _depth(text, start, stop)
    while depth > 0:
        if stop >= len(text):
            return None
        begin = stop + 1
        stop, _ = _end_of_code(text, begin, ";")
        depth += _depth(text, begin, stop)
    return stop


_STATEMENT_BEGINS = frozenset("; BEGIN THEN ELSE DO LOOP REPEAT ROW :".split())
_BLOCKS = frozenset("IF LOOP WHILE REPEAT FOR".split())


def _depth(text: str, start: int, stop: int) -> int:
    """By how much the blocks that begin outnumber those that end.

    BEGIN and CASE always open one; IF, LOOP, WHILE, REPEAT and FOR only as the first word of a statement
    (`SET x = IF(a, b, c)` opens none). A trigger's body may be one IF without BEGIN.
    """
    depth, before, ended = 0, ";" if start and text[start - 1] == ";" else "", False
    for token in tokens(text, start, stop):
        word = token.upper if before not in (".", "@") else ""
        if ended:
            depth -= 1
        elif word in ("BEGIN", "CASE") or (word in _BLOCKS and before in _STATEMENT_BEGINS):
            depth += 1
        ended = word == "END"
        before = token.upper or token.text
    return depth - ended
