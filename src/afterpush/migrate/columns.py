"""Columns, as they are written inside CREATE TABLE and ALTER TABLE."""

from dataclasses import dataclass, field, replace

from afterpush.migrate.cursor import Cursor, Unread, split_list
from afterpush.migrate.keys import constraint_name, read_check, read_expression, read_target
from afterpush.migrate.model import Check, Column, Index, Part, Place
from afterpush.migrate.types import KNOWN, MARIADB_ONLY, base_of, canonical_type

_TWO_WORDS = {"double": "precision", "character": "varying", "char": "varying", "long": "varchar varbinary"}


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
            values["generated"] = read_expression(cursor)
            values["stored"] = cursor.one_of("VIRTUAL", "STORED", "PERSISTENT") in ("STORED", "PERSISTENT")
        elif cursor.sees("CHECK") or cursor.sees("CONSTRAINT"):
            own = read_check(cursor, self.place, constraint_name(cursor))
            self.checks.append(replace(own, column=self.name))
        elif cursor.accept("REFERENCES"):
            read_target(cursor)
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
        read_expression(cursor)
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
