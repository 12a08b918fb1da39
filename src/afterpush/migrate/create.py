"""CREATE TABLE, INDEX, VIEW, TRIGGER and routines, read from their tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from afterpush.migrate.changes import Change, create_table, like_table
from afterpush.migrate.columns import charset_name, read_column
from afterpush.migrate.cursor import Cursor, Unread, split_list
from afterpush.migrate.keys import begins_index, read_constraint, read_index
from afterpush.migrate.model import Check, ForeignKey, Index, Place, Table
from afterpush.migrate.part_changes import add_index, add_to
from afterpush.migrate.tokens import unquoted


@dataclass
class Done:
    """What a rule read: the changes, what they take away, remarks, and the SELECT of a view."""

    changes: list[Change] = field(default_factory=list)
    destructive: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    temporary: bool = False
    query: str = ""


Rule = Callable[[Cursor, Place], Done]


def table(cursor: Cursor, place: Place) -> Done:
    """CREATE TABLE, with its columns or LIKE another; CREATE TABLE ... SELECT is not read."""
    replaces = cursor.accept("OR", "REPLACE")
    temporary = cursor.accept("TEMPORARY")
    cursor.expect("TABLE")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    made = Table(cursor.qualified(), place)
    destructive = [f"replaces table {made.name}"] if replaces else []
    if cursor.sees("LIKE") or cursor.sees("(", "LIKE"):
        return Done([_like(cursor, made.name, place, if_not_exists)], destructive, temporary=temporary)
    if cursor.next.upper in ("AS", "SELECT", "IGNORE", "REPLACE", "WITH"):
        raise Unread("takes its columns from a SELECT: what they are is known only on the server")
    notes: list[str] = []
    for element in split_list(cursor.group()):
        _read_element(Cursor(cursor.sql, element), place, made, notes)
    if not made.columns:
        raise Unread("a table without columns", certain=True)
    _check_keys(made)
    read_options(cursor, made.options)
    made.partition = _partition(cursor)
    done = create_table(made, if_not_exists=if_not_exists, replaces=replaces)
    return Done([done], destructive, notes, temporary=temporary)


def _like(cursor: Cursor, name: str, place: Place, if_not_exists: bool) -> Change:
    enclosed = cursor.accept("(")
    cursor.expect("LIKE")
    source = cursor.qualified()
    if enclosed:
        cursor.expect(")")
    return like_table(name, source, place, if_not_exists=if_not_exists)


def _read_element(cursor: Cursor, place: Place, made: Table, notes: list[str]) -> None:
    line = cursor.sql.count("\n", 0, cursor.next.start)
    here = Place(place.file, place.line + line)
    if begins_index(cursor):
        add_part(made, read_constraint(cursor, here))
    else:
        written = read_column(cursor, here)
        if written.column.name.lower() in made.columns:
            raise Unread(f"column {written.column.name} is there twice", certain=True)
        made.columns[written.column.name.lower()] = written.column
        for own in written.indexes:
            add_to(made, own)
        made.checks += written.checks
        if written.ignored_reference:
            notes.append(reference_note(written.column.name))
    cursor.end()


def reference_note(column: str) -> str:
    return f"REFERENCES at the column {column} makes a foreign key on MariaDB and nothing on MySQL"


def add_part(made: Table, part: Index | ForeignKey | Check) -> None:
    """Adds a key or check to the table it was read for."""
    if isinstance(part, Index):
        if part.name and part.name.lower() in made.indexes:
            raise Unread(f"two indexes are called {part.name}", certain=True)
        add_to(made, part)
    elif isinstance(part, ForeignKey):
        made.foreign_keys.append(part)
    else:
        made.checks.append(part)


def _check_keys(made: Table) -> None:
    for own in made.indexes.values():
        for part in own.parts:
            if not part.expression and part.column.lower() not in made.columns:
                raise Unread(
                    f"the key {own.name} names the column {part.column}, which is not there", certain=True
                )


_SIMPLE_OPTIONS = (
    "ENGINE COMMENT ROW_FORMAT AUTO_INCREMENT KEY_BLOCK_SIZE AVG_ROW_LENGTH MAX_ROWS MIN_ROWS CHECKSUM "
    "DELAY_KEY_WRITE PACK_KEYS STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES COMPRESSION ENCRYPTION "
    "TABLESPACE INSERT_METHOD CONNECTION"
).split()


def read_options(cursor: Cursor, options: dict[str, str]) -> None:
    """Table options up to what is none."""
    while not cursor.is_over:
        cursor.accept(",")
        cursor.accept("DEFAULT")
        if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            name = "charset"
        elif word := cursor.one_of(*_SIMPLE_OPTIONS, "COLLATE", "TYPE"):
            name = {"TYPE": "engine"}.get(word, word.lower())
        else:
            return
        cursor.accept("=")
        token = cursor.take()
        options[name] = _option_value(name, unquoted(token))


def _option_value(name: str, value: str) -> str:
    if name == "charset":
        return charset_name(value)
    if name == "collate":
        lowered = value.lower()
        return lowered.replace("utf8_", "utf8mb3_", 1) if lowered.startswith("utf8_") else lowered
    return value


def _partition(cursor: Cursor) -> str:
    if not cursor.sees("PARTITION", "BY"):
        return ""
    start = cursor.next.start
    while not cursor.is_over:
        if cursor.sees("("):
            cursor.group()
        else:
            cursor.take()
    return cursor.sql[start : cursor.peek(-1).end]


def index(cursor: Cursor, place: Place) -> Done:
    """CREATE [UNIQUE | FULLTEXT | SPATIAL] INDEX name ON table (parts)."""
    replaces = cursor.accept("OR", "REPLACE")
    unique = cursor.accept("UNIQUE")
    family = cursor.one_of("FULLTEXT", "SPATIAL").lower() or "btree"
    cursor.expect("INDEX")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name()
    if cursor.accept("USING"):
        cursor.name()
    cursor.expect("ON")
    on = cursor.qualified()
    made = replace(read_index(cursor, place, "", unique=unique, family=family), name=name)
    while cursor.one_of("ALGORITHM", "LOCK"):
        cursor.accept("=")
        cursor.name()
    return Done([add_index(on, made, place, if_not_exists=if_not_exists or replaces)])
