"""CREATE VIEW, TRIGGER and routines, read from their tokens; their bodies are kept as text."""

import re

from afterpush.migrate.changes import create_program
from afterpush.migrate.create import Done, Rule
from afterpush.migrate.cursor import Cursor, Unread
from afterpush.migrate.model import Place, Program
from afterpush.migrate.tokens import Token, unquoted


def _body(found: list[Token]) -> str:
    """Tokens as one text without case, space and quotes of names: what makes two bodies the same."""
    return " ".join(t.text if t.kind == "string" else unquoted(t).lower() for t in found)


def _definer(cursor: Cursor) -> None:
    """Skips ALGORITHM, DEFINER and SQL SECURITY."""
    while word := cursor.one_of("ALGORITHM", "DEFINER", "SQL"):
        if word == "SQL":
            cursor.expect("SECURITY")
            cursor.take()
            continue
        cursor.expect("=")
        account = cursor.take()
        if word == "DEFINER" and cursor.accept("("):
            cursor.expect(")")
        elif word == "DEFINER" and account.upper != "CURRENT_USER" and cursor.next.kind == "variable":
            cursor.take()


def view(cursor: Cursor, place: Place) -> Done:
    """CREATE [OR REPLACE] VIEW and ALTER VIEW; the SELECT is kept as text and its tables are noted."""
    replaces = cursor.accept("OR", "REPLACE") or cursor.sql[:5].upper() == "ALTER"
    _definer(cursor)
    cursor.expect("VIEW")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.qualified()
    columns = cursor.names() if cursor.sees("(") else ()
    cursor.expect("AS")
    rest = _rest(cursor)
    if not rest or rest[0].upper not in ("SELECT", "WITH", "(", "VALUES", "TABLE"):
        raise Unread("a view without a SELECT", certain=True)
    query = cursor.sql[rest[0].start : rest[-1].end]
    made = Program(
        "view",
        name,
        place,
        cursor.sql,
        _body(rest) if not columns else f"({', '.join(columns).lower()}) {_body(rest)}",
        reads=_mentioned(rest),
        columns=columns,
        text=query,
    )
    done = create_program(made, if_not_exists=if_not_exists, replaces=replaces)
    return Done([done], query=_without_check_option(query))


def _rest(cursor: Cursor) -> list[Token]:
    found = cursor.rest
    while not cursor.is_over:
        cursor.take()
    return found


def _without_check_option(query: str) -> str:
    return re.sub(r"\s+WITH\s+(?:CASCADED\s+|LOCAL\s+)?CHECK\s+OPTION\s*$", "", query, flags=re.IGNORECASE)


def _mentioned(found: list[Token]) -> frozenset[str]:
    """Every word and name: a superset of the tables that are read, enough to order by."""
    return frozenset(unquoted(t).lower() for t in found if t.kind in ("word", "name"))


def trigger(cursor: Cursor, place: Place) -> Done:
    """CREATE TRIGGER name time event ON table FOR EACH ROW body."""
    replaces = cursor.accept("OR", "REPLACE")
    _definer(cursor)
    cursor.expect("TRIGGER")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.qualified()
    timing = cursor.one_of("BEFORE", "AFTER")
    event = cursor.one_of("INSERT", "UPDATE", "DELETE")
    if not timing or not event:
        raise Unread("a trigger is BEFORE or AFTER INSERT, UPDATE or DELETE", certain=True)
    cursor.expect("ON")
    on = cursor.qualified()
    cursor.expect("FOR", "EACH", "ROW")
    if cursor.one_of("FOLLOWS", "PRECEDES"):
        cursor.name()
    rest = _rest(cursor)
    if not rest:
        raise Unread("a trigger without a body", certain=True)
    _balanced(rest)
    made = Program(
        "trigger",
        name,
        place,
        cursor.sql,
        f"{timing} {event} {on.lower()} {_body(rest)}",
        table=on,
        reads=_mentioned(rest),
        timing=timing,
        event=event,
        text=cursor.sql[rest[0].start : rest[-1].end],
    )
    return Done([create_program(made, if_not_exists=if_not_exists, replaces=replaces)])


def _balanced(rest: list[Token]) -> None:
    depth = 0
    for token in rest:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "op" else 0
        if depth < 0:
            break
    if depth:
        raise Unread("parentheses that do not match", certain=True)


def routine(kind: str) -> Rule:
    """CREATE PROCEDURE, FUNCTION or EVENT: name and text; the body is the server's to check."""

    def rule(cursor: Cursor, place: Place) -> Done:
        replaces = cursor.accept("OR", "REPLACE")
        _definer(cursor)
        cursor.accept("AGGREGATE")
        cursor.expect(kind.upper())
        if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
        name = cursor.qualified()
        if kind != "event" and not cursor.sees("("):
            raise Unread(f"a {kind} without parameters in parentheses", certain=True)
        rest = _rest(cursor)
        _balanced(rest)
        if not rest or (kind == "event" and rest[0].upper != "ON"):
            raise Unread(f"a {kind} without a body", certain=True)
        start = rest[0].start
        text = cursor.sql[start : rest[-1].end]
        made = Program(kind, name, place, cursor.sql, _body(rest), reads=_mentioned(rest), text=text)
        return Done([create_program(made, if_not_exists=if_not_exists, replaces=replaces)])

    return rule
