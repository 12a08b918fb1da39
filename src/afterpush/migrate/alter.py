"""ALTER TABLE, read clause by clause."""

from collections.abc import Callable

from afterpush.migrate.changes import Change, convert_charset, rename_table, set_options
from afterpush.migrate.columns import Written, charset_name, read_column, read_default
from afterpush.migrate.create import Done, read_options, reference_note
from afterpush.migrate.cursor import Cursor, Unread, split_list
from afterpush.migrate.keys import begins_index, read_constraint
from afterpush.migrate.model import ForeignKey, Index, Place
from afterpush.migrate.part_changes import (
    add_check,
    add_column,
    add_foreign_key,
    add_index,
    change_column,
    drop_column,
    drop_constraint,
    drop_index,
    rename_column,
    rename_index,
    set_default,
)


def table(cursor: Cursor, place: Place) -> Done:
    """ALTER TABLE name clause, clause, ..."""
    cursor.one_of("ONLINE", "IGNORE")
    cursor.expect("TABLE")
    cursor.accept("IF", "EXISTS")
    name = cursor.qualified()
    rest = cursor.rest
    if not rest:
        raise Unread("ALTER TABLE without a change", certain=True)
    while not cursor.is_over:
        cursor.take()
    done = Done()
    reader = _Clause(name, place, done)
    for clause in split_list(rest):
        reader.read(Cursor(cursor.sql, clause))
    return done


def skip_algorithm(cursor: Cursor) -> None:
    """ALGORITHM= and LOCK= say how, not what; so do WAIT and NOWAIT (MariaDB)."""
    while word := cursor.one_of("ALGORITHM", "LOCK", "WAIT", "NOWAIT"):
        if word != "NOWAIT":
            cursor.accept("=")
            cursor.take()


_DROPPED = "COLUMN INDEX KEY PRIMARY FOREIGN CONSTRAINT CHECK PARTITION".split()


class _Clause:
    """Reads the clauses of one ALTER TABLE into `done`."""

    def __init__(self, table_name: str, place: Place, done: Done) -> None:
        self.table, self.start, self.done = table_name, place, done
        self.place = place
        self.verbs: dict[str, Callable[[Cursor], None]] = {
            "ADD": self._add,
            "MODIFY": self._modify,
            "CHANGE": self._change,
            "DROP": self._drop,
            "RENAME": self._rename,
            "ALTER": self._alter,
            "CONVERT": self._convert,
        }

    def read(self, cursor: Cursor) -> None:
        line = cursor.sql.count("\n", 0, cursor.next.start)
        self.place = Place(self.start.file, self.start.line + line)
        verb = self.verbs.get(cursor.next.upper)
        if verb is not None:
            cursor.take()
            verb(cursor)
        elif cursor.next.upper in ("ALGORITHM", "LOCK", "FORCE", "ENABLE", "DISABLE", "WAIT", "NOWAIT"):
            self._manner(cursor)
        else:
            options: dict[str, str] = {}
            read_options(cursor, options)
            if not options:
                raise Unread(f"no rule reads ALTER TABLE ... {cursor.next.text}")
            self._do(set_options(self.table, options, self.place))
        cursor.end()

    def _do(self, change: Change) -> None:
        self.done.changes.append(change)

    def _manner(self, cursor: Cursor) -> None:
        if cursor.one_of("ENABLE", "DISABLE"):
            cursor.expect("KEYS")
        elif not cursor.accept("FORCE"):
            skip_algorithm(cursor)

    def _add(self, cursor: Cursor) -> None:
        if cursor.one_of("PARTITION"):
            raise Unread("no rule reads changes of partitions")
        if not cursor.sees("COLUMN") and begins_index(cursor):
            if_not_exists = any(
                cursor.peek(at).upper == "IF" and cursor.peek(at + 1).upper == "NOT" for at in range(4)
            )
            part = read_constraint(cursor, self.place)
            if isinstance(part, Index):
                self._do(add_index(self.table, part, self.place, if_not_exists=if_not_exists))
            elif isinstance(part, ForeignKey):
                self._do(add_foreign_key(self.table, part, self.place))
            else:
                self._do(add_check(self.table, part, self.place))
            return
        cursor.accept("COLUMN")
        if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
        if cursor.sees("("):
            for group in split_list(cursor.group()):
                self._add_column(Cursor(cursor.sql, group), if_not_exists)
        else:
            self._add_column(cursor, if_not_exists)

    def _add_column(self, cursor: Cursor, if_not_exists: bool) -> None:
        written = self._column(cursor)
        after = _position(cursor)
        cursor.end()
        self._do(add_column(self.table, written, self.place, if_not_exists=if_not_exists, after=after))

    def _column(self, cursor: Cursor) -> Written:
        written = read_column(cursor, self.place)
        if written.ignored_reference:
            self.done.notes.append(reference_note(written.column.name))
        return written

    def _modify(self, cursor: Cursor) -> None:
        cursor.accept("COLUMN")
        cursor.accept("IF", "EXISTS")
        written = self._column(cursor)
        _position(cursor)
        self._do(change_column(self.table, written.column.name, written, self.place))

    def _change(self, cursor: Cursor) -> None:
        cursor.accept("COLUMN")
        cursor.accept("IF", "EXISTS")
        old = cursor.name()
        written = self._column(cursor)
        _position(cursor)
        self._do(change_column(self.table, old, written, self.place))

    def _drop(self, cursor: Cursor) -> None:
        word = cursor.one_of(*_DROPPED)
        if word == "PARTITION":
            raise Unread("no rule reads changes of partitions")
        if word in ("PRIMARY", "FOREIGN"):
            cursor.expect("KEY")
        cursor.accept("IF", "EXISTS")
        name = "PRIMARY" if word == "PRIMARY" else cursor.name()
        cursor.one_of("RESTRICT", "CASCADE")
        kinds = {"FOREIGN": "foreign", "CHECK": "check", "CONSTRAINT": "foreign check index"}
        if word in kinds:
            self._do(drop_constraint(self.table, name, self.place, kinds=kinds[word]))
        elif word in ("INDEX", "KEY", "PRIMARY"):
            self._do(drop_index(self.table, name, self.place))
        else:
            self._do(drop_column(self.table, name, self.place))
        noun = {"": "column", "PRIMARY": "primary key", "FOREIGN": "foreign key", "KEY": "index"}
        self.done.destructive.append(f"drops {noun.get(word, word.lower())} {self.table}.{name}")

    def _rename(self, cursor: Cursor) -> None:
        word = cursor.one_of("COLUMN", "INDEX", "KEY", "TO", "AS")
        if word in ("COLUMN", "INDEX", "KEY"):
            old = cursor.name()
            cursor.expect("TO")
            rename = rename_column if word == "COLUMN" else rename_index
            self._do(rename(self.table, old, cursor.name(), self.place))
        else:
            cursor.accept("=")
            new = cursor.qualified()
            self._do(rename_table(self.table, new, self.place))
            self.table = new

    def _alter(self, cursor: Cursor) -> None:
        if cursor.one_of("INDEX", "CHECK", "CONSTRAINT"):
            raise Unread("no rule reads ALTER TABLE ... ALTER of an index or check")
        cursor.accept("COLUMN")
        name = cursor.name()
        if cursor.accept("SET", "DEFAULT"):
            self._do(set_default(self.table, name, read_default(cursor), self.place))
        else:
            cursor.expect("DROP", "DEFAULT")
            self._do(set_default(self.table, name, None, self.place))

    def _convert(self, cursor: Cursor) -> None:
        cursor.expect("TO")
        if not cursor.accept("CHARSET"):
            cursor.expect("CHARACTER", "SET")
        charset = charset_name(cursor.name())
        collation = cursor.name().lower() if cursor.accept("COLLATE") else ""
        self._do(convert_charset(self.table, charset, collation, self.place))


def _position(cursor: Cursor) -> str | None:
    """The column after which this one stands; the empty string for FIRST; None when not said."""
    if cursor.accept("FIRST"):
        return ""
    return cursor.name() if cursor.accept("AFTER") else None
