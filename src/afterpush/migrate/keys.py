"""Indexes, keys and checks, as they are written inside CREATE TABLE and ALTER TABLE."""

from afterpush.migrate.cursor import Cursor, Unread
from afterpush.migrate.grammar import require_expression
from afterpush.migrate.model import Check, ForeignKey, Index, Part, Place

_RULES = ("RESTRICT", "CASCADE", "NO", "SET")


def constraint_name(cursor: Cursor) -> str:
    if not cursor.accept("CONSTRAINT"):
        return ""
    return "" if cursor.next.upper in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK") else cursor.name()


def read_expression(cursor: Cursor) -> str:
    """The expression in these parentheses. Raises Unread when it is none."""
    text = cursor.parenthesised()
    if not text:
        raise Unread("an expression is missing between parentheses", certain=True)
    require_expression(text)
    return text


def read_check(cursor: Cursor, place: Place, name: str) -> Check:
    cursor.expect("CHECK")
    expression = read_expression(cursor)
    enforced = not cursor.accept("NOT", "ENFORCED")
    cursor.accept("ENFORCED")
    return Check(name, place, " ".join(expression.split()) if "'" not in expression else expression, enforced)


def read_parts(cursor: Cursor) -> tuple[Part, ...]:
    """The columns of an index, with prefix lengths, expressions and orders."""
    cursor.expect("(")
    parts = [_read_part(cursor)]
    while cursor.accept(","):
        parts.append(_read_part(cursor))
    cursor.expect(")")
    return tuple(parts)


def _read_part(cursor: Cursor) -> Part:
    if cursor.sees("("):
        text, length, expression = read_expression(cursor), None, True
    else:
        text, expression = cursor.name(), False
        length = int(cursor.parenthesised()) if cursor.sees("(") and cursor.peek().text.isdigit() else None
    descending = cursor.one_of("ASC", "DESC") == "DESC"
    return Part(text, length, descending, expression)


_KEY_WORDS = frozenset("INDEX KEY FULLTEXT SPATIAL CONSTRAINT PRIMARY FOREIGN UNIQUE CHECK".split())


def begins_index(cursor: Cursor) -> bool:
    """Whether an index, a key or a constraint begins here, and not a column."""
    return cursor.next.upper in _KEY_WORDS


def read_constraint(cursor: Cursor, place: Place) -> Index | ForeignKey | Check:
    """An index, a key or a check, with `CONSTRAINT name` before it or without."""
    name = constraint_name(cursor)
    if cursor.sees("CHECK"):
        return read_check(cursor, place, name)
    if cursor.accept("FOREIGN", "KEY"):
        return _read_foreign_key(cursor, place, name)
    if cursor.accept("PRIMARY", "KEY"):
        return read_index(cursor, place, "PRIMARY", unique=True)
    family = cursor.one_of("FULLTEXT", "SPATIAL").lower() or "btree"
    unique = cursor.accept("UNIQUE")
    if not cursor.one_of("INDEX", "KEY") and not unique and family == "btree":
        raise Unread(f"no rule reads {cursor.next.text!r} here", certain=cursor.is_over)
    return read_index(cursor, place, name, unique=unique, family=family)


def read_index(cursor: Cursor, place: Place, name: str, *, unique: bool, family: str = "btree") -> Index:
    """From the index's own name (if any) to its options."""
    cursor.accept("IF", "NOT", "EXISTS")
    if cursor.next.kind in ("word", "name") and not cursor.sees("USING"):
        own = cursor.name()
        name = name if name == "PRIMARY" else own
    if cursor.accept("USING"):
        cursor.name()
    parts = read_parts(cursor)
    options = _read_index_options(cursor)
    return Index(
        name,
        place,
        parts,
        unique,
        family,
        options.get("comment", ""),
        options.get("parser", ""),
        "invisible" in options,
    )


def _read_index_options(cursor: Cursor) -> dict[str, str]:
    options: dict[str, str] = {}
    while True:
        if cursor.accept("USING"):
            cursor.name()  # InnoDB makes a B-tree of whatever is asked for.
        elif cursor.accept("COMMENT"):
            options["comment"] = cursor.string()
        elif cursor.accept("WITH", "PARSER"):
            options["parser"] = cursor.name()
        elif cursor.accept("KEY_BLOCK_SIZE"):
            cursor.accept("=")
            cursor.take()
        elif cursor.accept("INVISIBLE") or cursor.accept("IGNORED"):
            options["invisible"] = "yes"
        elif not (cursor.accept("VISIBLE") or cursor.accept("NOT", "IGNORED")):
            return options


def _read_foreign_key(cursor: Cursor, place: Place, name: str) -> ForeignKey:
    cursor.accept("IF", "NOT", "EXISTS")
    if not cursor.sees("("):
        own = cursor.name()
        name = name or own
    columns = cursor.names()
    cursor.expect("REFERENCES")
    target, target_columns, rules = read_target(cursor)
    if len(columns) != len(target_columns):
        raise Unread("a foreign key with unequal numbers of columns", certain=True)
    return ForeignKey(
        name,
        place,
        columns,
        target,
        target_columns,
        rules.get("DELETE", "RESTRICT"),
        rules.get("UPDATE", "RESTRICT"),
    )


def read_target(cursor: Cursor) -> tuple[str, tuple[str, ...], dict[str, str]]:
    target = cursor.qualified()
    columns = cursor.names() if cursor.sees("(") else ()
    rules: dict[str, str] = {}
    if cursor.accept("MATCH"):
        cursor.name()
    while cursor.accept("ON"):
        event = cursor.one_of("DELETE", "UPDATE")
        rule = cursor.one_of(*_RULES)
        if rule == "NO":
            cursor.expect("ACTION")
            rule = "NO ACTION"
        if rule == "SET":
            rule = f"SET {cursor.one_of('NULL', 'DEFAULT')}"
        if not event or not rule or rule == "SET ":
            raise Unread(f"no rule reads the foreign key's {event or 'ON'}", certain=True)
        rules[event] = rule
    return target, columns, rules
