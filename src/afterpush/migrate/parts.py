"""Columns, indexes, keys and checks, as they are written inside CREATE TABLE and ALTER TABLE."""

from dataclasses import dataclass, field, replace

from afterpush.migrate.cursor import Cursor, Unread, split_list
from afterpush.migrate.grammar import require_expression
from afterpush.migrate.model import Check, Column, ForeignKey, Index, Part, Place
from afterpush.migrate.types import KNOWN, MARIADB_ONLY, base_of, canonical_type

_TWO_WORDS = {"double": "precision", "character": "varying", "char": "varying", "long": "varchar varbinary"}
_RULES = ("RESTRICT", "CASCADE", "NO", "SET")


@dataclass(frozen=True)
class Written:
    """A column as written, with the keys and checks that stand at it."""

    column: Column
    indexes: list[Index] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    ignored_reference: bool = False


def read_column(cursor: Cursor, place: Place) -> Written:
    """A column definition: name, type, attributes in any order. Raises Unread."""
    name = cursor.name()
    return _Attributes(cursor, place, name).read()


class _Attributes:
    def __init__(self, cursor: Cursor, place: Place, name: str) -> None:
        self.cursor, self.place, self.name = cursor, place, name
        self.values: dict[str, object] = {}
        self.indexes: list[Index] = []
        self.checks: list[Check] = []
        self.reference = False

    def read(self) -> Written:
        spelling, written, serial = _read_type(self.cursor, self.values)
        if serial:
            self.values |= {"nullable": False, "auto_increment": True}
            self._key(unique=True)
        while not self.cursor.is_over and self._attribute():
            pass
        values = self.values
        column = Column(self.name, self.place, spelling, written, **values)  # type: ignore[arg-type]
        return Written(column, self.indexes, self.checks, self.reference)

    def _attribute(self) -> bool:
        """Reads one attribute; False where none begins."""
        cursor, values = self.cursor, self.values
        if cursor.accept("NOT", "NULL"):
            values["nullable"] = False
        elif cursor.accept("NULL"):
            values["nullable"] = True
        elif cursor.accept("DEFAULT"):
            values["default"] = read_default(cursor)
        elif cursor.accept("ON", "UPDATE"):
            values["on_update"] = read_default(cursor)
        elif cursor.accept("AUTO_INCREMENT"):
            values["auto_increment"] = True
        elif cursor.accept("COMMENT"):
            values["comment"] = cursor.string()
        elif cursor.accept("COLLATE"):
            cursor.accept("=")
            values["collation"] = _word_or_string(cursor)
        elif cursor.accept("UNIQUE"):
            cursor.accept("KEY")
            self._key(unique=True)
        elif cursor.accept("PRIMARY", "KEY") or cursor.accept("KEY"):
            self.indexes.append(Index("PRIMARY", self.place, (Part(self.name),), unique=True))
        else:
            return self._rarer_attribute()
        return True

    def _rarer_attribute(self) -> bool:
        cursor, values = self.cursor, self.values
        if cursor.accept("GENERATED", "ALWAYS", "AS") or cursor.accept("AS"):
            values["generated"] = _expression(cursor)
            values["stored"] = cursor.one_of("VIRTUAL", "STORED", "PERSISTENT") in ("STORED", "PERSISTENT")
        elif cursor.sees("CHECK") or cursor.sees("CONSTRAINT"):
            own = read_check(cursor, self.place, _constraint_name(cursor))
            self.checks.append(replace(own, column=self.name))
        elif cursor.accept("REFERENCES"):
            _read_target(cursor)
            self.reference = True
        elif cursor.one_of("VISIBLE"):
            pass
        elif cursor.accept("INVISIBLE"):
            values["invisible"] = True
        elif word := cursor.one_of("SRID", "COLUMN_FORMAT", "STORAGE"):
            values["extra"] = f"{values.get('extra', '')} {word} {cursor.take().text}".strip()
        else:
            return False
        return True

    def _key(self, *, unique: bool) -> None:
        self.indexes.append(Index("", self.place, (Part(self.name),), unique=unique))


def _read_type(cursor: Cursor, values: dict[str, object]) -> tuple[str, str, bool]:
    """The canonical type, the written one, and whether it was SERIAL."""
    start = cursor.next.start
    name = cursor.name().lower()
    if name == "national":
        name = f"national {cursor.name().lower()}"
    if cursor.next.upper and cursor.next.text.lower() in _TWO_WORDS.get(name, "").split():
        name = f"{name} {cursor.take().text.lower()}"
    if name == "serial":
        return "bigint unsigned", "BIGINT UNSIGNED", True
    arguments = ",".join(_plain(group) for group in split_list(cursor.group())) if cursor.sees("(") else ""
    modifiers = set()
    while word := cursor.one_of("UNSIGNED", "SIGNED", "ZEROFILL"):
        modifiers.add(word.lower())
    end = cursor.peek(-1).end
    spelling = canonical_type(name, arguments, frozenset(modifiers))
    if base_of(spelling) not in KNOWN | MARIADB_ONLY:
        raise Unread(f"no rule reads the type {name}")
    _read_charset(cursor, values, national=name.startswith(("national", "nchar", "nvarchar")))
    return spelling, cursor.sql[start:end], False


def _plain(group: list) -> str:  # type: ignore[type-arg]
    return "".join(token.text for token in group)


def _read_charset(cursor: Cursor, values: dict[str, object], *, national: bool) -> None:
    if national:
        values["charset"] = "utf8mb3"
    while True:
        if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            values["charset"] = charset_name(_word_or_string(cursor))
        elif cursor.accept("ASCII"):
            values["charset"] = "latin1"
        elif cursor.accept("UNICODE"):
            values["charset"] = "ucs2"
        elif cursor.accept("BINARY"):
            raise Unread("no rule reads BINARY after a type: it asks for the _bin collation")
        else:
            return


def charset_name(word: str) -> str:
    """`utf8` is utf8mb3 on MySQL 8 and, by default, on MariaDB 10.11."""
    return "utf8mb3" if word.lower() == "utf8" else word.lower()


def _word_or_string(cursor: Cursor) -> str:
    text = cursor.string() if cursor.next.kind == "string" else cursor.name()
    lowered = text.lower()
    return lowered.replace("utf8_", "utf8mb3_", 1) if lowered.startswith("utf8_") else lowered


def read_default(cursor: Cursor) -> str:
    """A literal, a function call, or an expression in parentheses, as written."""
    first = cursor.next
    if cursor.sees("("):
        _expression(cursor)
    elif first.text in ("-", "+"):
        cursor.take()
        cursor.take()
    else:
        cursor.take()
        if first.kind == "word" and first.text.startswith("_") and cursor.next.kind == "string":
            cursor.take()
        elif first.kind == "word" and cursor.sees("("):
            cursor.group()
    return cursor.sql[first.start : cursor.peek(-1).end]


def _constraint_name(cursor: Cursor) -> str:
    if not cursor.accept("CONSTRAINT"):
        return ""
    return "" if cursor.next.upper in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK") else cursor.name()


def _expression(cursor: Cursor) -> str:
    """The expression in these parentheses. Raises Unread when it is none."""
    text = cursor.parenthesised()
    if not text:
        raise Unread("an expression is missing between parentheses", certain=True)
    require_expression(text)
    return text


def read_check(cursor: Cursor, place: Place, name: str) -> Check:
    cursor.expect("CHECK")
    expression = _expression(cursor)
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
        text, length, expression = _expression(cursor), None, True
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
    name = _constraint_name(cursor)
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
    target, target_columns, rules = _read_target(cursor)
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


def _read_target(cursor: Cursor) -> tuple[str, tuple[str, ...], dict[str, str]]:
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
            rule = "RESTRICT"
        if rule == "SET":
            rule = f"SET {cursor.one_of('NULL', 'DEFAULT')}"
        if not event or not rule or rule == "SET ":
            raise Unread(f"no rule reads the foreign key's {event or 'ON'}", certain=True)
        rules[event] = rule
    return target, columns, rules
