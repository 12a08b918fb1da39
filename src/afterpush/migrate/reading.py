"""One statement read: what it does to the schema, or what else it is.

The structure of schema statements is read by rules of our own on the tokens: sqlglot 30.30 keeps several
MySQL statements as an opaque Command (even `CREATE TABL x`) and rejects valid ones (CHECK ... NOT ENFORCED,
PARTITION ... MAXVALUE). What stands inside them, SELECTs and expressions, and DML, is parsed by sqlglot in
its MySQL dialect. Only what is read to its last token counts as read; the rest is unaudited.
"""

from dataclasses import dataclass, field
from enum import Enum

from afterpush.migrate import alter, create, programs
from afterpush.migrate.changes import Change, drop_program, drop_table, rename_table
from afterpush.migrate.cursor import Cursor, Unread
from afterpush.migrate.grammar import syntax_error
from afterpush.migrate.model import Place
from afterpush.migrate.part_changes import drop_index
from afterpush.migrate.statements import Statement
from afterpush.migrate.tokens import tokens


class Sort(Enum):
    """What a statement is for."""

    SCHEMA = "schema"
    DATA = "data"
    QUERY = "query"
    SESSION = "session"
    UNAUDITED = "unaudited"


_DATA = frozenset("INSERT REPLACE UPDATE DELETE TRUNCATE LOAD".split())
_QUERIES = frozenset("SELECT SHOW DESCRIBE DESC EXPLAIN WITH TABLE VALUES CHECKSUM".split())
_SESSION = frozenset(
    "SET START BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE LOCK UNLOCK ANALYZE OPTIMIZE CHECK REPAIR FLUSH DO "
    "DEALLOCATE".split()
)
# What changes more than the tables of one schema, or cannot be known from the text.
_OPAQUE = {
    "USE": "switches to another schema",
    "CALL": "runs a routine: what it does is known only on the server",
    "PREPARE": "runs SQL that is put together at run time",
    "EXECUTE": "runs SQL that is put together at run time",
    "GRANT": "is about accounts, not the schema",
    "REVOKE": "is about accounts, not the schema",
    "SOURCE": "is a command of the mysql client: another file",
    "IMPORT": "imports a tablespace",
    "HANDLER": "opens a table's handler",
    "INSTALL": "installs a plugin",
    "UNINSTALL": "removes a plugin",
}
_OPAQUE_NOUNS = {
    "DATABASE": "is about a whole schema",
    "SCHEMA": "is about a whole schema",
    "USER": "is about accounts, not the schema",
    "ROLE": "is about accounts, not the schema",
    "SERVER": "is about the server",
    "TABLESPACE": "is about the server",
    "LOGFILE": "is about the server",
    "SEQUENCE": "is a sequence, which only MariaDB has",
    "PACKAGE": "is a package, which only MariaDB has",
}
_VERBS = _DATA | _QUERIES | _SESSION | _OPAQUE.keys() | {"CREATE", "ALTER", "DROP", "RENAME"}


@dataclass(frozen=True)
class Reading:
    """One statement, understood or not.

    `changes` is what it does; `why` says why it is unaudited, `impossible` why no server runs it (empty
    when one may). `destructive` names what it takes away; `notes` are remarks for the portability report.
    """

    statement: Statement
    sort: Sort
    changes: tuple[Change, ...] = ()
    why: str = ""
    impossible: str = ""
    destructive: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def place(self) -> Place:
        return Place(self.statement.file, self.statement.line)


def read(statement: Statement) -> Reading:
    """Reads one statement; never raises."""
    verb, _, noun = statement.kind.partition(" ")
    if statement.problem:
        return _unaudited(statement, statement.problem, impossible=statement.problem)
    if statement.marks:
        return _unaudited(statement, f"holds {statement.marks[0]}, which is known only when it runs")
    if verb not in _VERBS:
        said = f"no statement begins with {verb or statement.sql[:10]!r}"
        return _unaudited(statement, said, impossible=said)
    if why := _OPAQUE.get(verb) or _OPAQUE_NOUNS.get(noun, ""):
        return _unaudited(statement, why)
    if verb in _DATA | _QUERIES | _SESSION:
        return _read_other(statement, verb)
    return _read_schema(statement, noun)


def _unaudited(statement: Statement, why: str, *, impossible: str = "") -> Reading:
    return Reading(statement, Sort.UNAUDITED, why=why, impossible=impossible)


# Above this, INSERTs are taken by their first word: parsing megabytes of rows tells nothing of the schema.
_PARSED_BYTES = 20_000


def _read_other(statement: Statement, verb: str) -> Reading:
    sort = Sort.DATA if verb in _DATA else Sort.QUERY if verb in _QUERIES else Sort.SESSION
    is_parsed = sort is Sort.DATA and verb != "LOAD" and len(statement.sql) <= _PARSED_BYTES
    if is_parsed and (said := syntax_error(statement.sql)):
        return _unaudited(statement, said, impossible=unbalanced(statement.sql))
    destructive = (verb.lower(),) if verb in ("DELETE", "TRUNCATE") else ()
    if verb == "REPLACE":
        destructive = ("replace: deletes the rows in its way",)
    return Reading(statement, sort, destructive=destructive)


def unbalanced(sql: str) -> str:
    """What is wrong with the parentheses; empty when they match."""
    depth = 0
    for token in tokens(sql):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "op" else 0
        if depth < 0:
            break
    return "parentheses that do not match" if depth else ""


def _read_schema(statement: Statement, noun: str) -> Reading:
    place = Place(statement.file, statement.line)
    cursor = Cursor(statement.sql)
    try:
        rule = _RULES.get((cursor.take().upper, noun))
        if rule is None:
            raise Unread(f"no rule reads {statement.kind}")
        done = rule(cursor, place)
        cursor.end()
    except Unread as unread:
        return _unaudited(statement, str(unread), impossible=str(unread) if unread.certain else "")
    if done.temporary:
        return Reading(statement, Sort.SESSION)
    if done.query and (said := syntax_error(done.query)):
        return _unaudited(statement, f"its SELECT: {said}")
    return Reading(
        statement, Sort.SCHEMA, tuple(done.changes), "", "", tuple(done.destructive), tuple(done.notes)
    )


def _drop_table(cursor: Cursor, place: Place) -> create.Done:
    temporary = cursor.accept("TEMPORARY")
    names = _dropped_names(cursor, "TABLE")
    destructive = [f"drops table {name}" for name in names]
    return create.Done([drop_table(names)], [] if temporary else destructive, temporary=temporary)


def _dropped_names(cursor: Cursor, noun: str) -> tuple[str, ...]:
    cursor.expect(noun)
    cursor.accept("IF", "EXISTS")
    names = [cursor.qualified()]
    while cursor.accept(","):
        names.append(cursor.qualified())
    cursor.one_of("RESTRICT", "CASCADE")
    return tuple(names)


def _drop_program(kind: str) -> "create.Rule":
    def rule(cursor: Cursor, place: Place) -> create.Done:
        names = _dropped_names(cursor, kind.upper())
        return create.Done([drop_program(kind, names)], [f"drops {kind} {name}" for name in names])

    return rule


def _drop_index(cursor: Cursor, place: Place) -> create.Done:
    cursor.expect("INDEX")
    cursor.accept("IF", "EXISTS")
    name = cursor.name()
    cursor.expect("ON")
    table = cursor.qualified()
    alter.skip_algorithm(cursor)
    return create.Done([drop_index(table, name, place)], [f"drops index {table}.{name}"])


def _rename_table(cursor: Cursor, place: Place) -> create.Done:
    cursor.one_of("TABLE", "TABLES")
    cursor.accept("IF", "EXISTS")
    changes: list[Change] = []
    while True:
        old = cursor.qualified()
        cursor.expect("TO")
        changes.append(rename_table(old, cursor.qualified(), place))
        if not cursor.accept(","):
            return create.Done(changes)


_RULES: dict[tuple[str, str], "create.Rule"] = {
    ("CREATE", "TABLE"): create.table,
    ("CREATE", "INDEX"): create.index,
    ("CREATE", "VIEW"): programs.view,
    ("ALTER", "VIEW"): programs.view,
    ("CREATE", "TRIGGER"): programs.trigger,
    ("CREATE", "PROCEDURE"): programs.routine("procedure"),
    ("CREATE", "FUNCTION"): programs.routine("function"),
    ("CREATE", "EVENT"): programs.routine("event"),
    ("ALTER", "TABLE"): alter.table,
    ("DROP", "TABLE"): _drop_table,
    ("DROP", "INDEX"): _drop_index,
    ("DROP", "VIEW"): _drop_program("view"),
    ("DROP", "TRIGGER"): _drop_program("trigger"),
    ("DROP", "PROCEDURE"): _drop_program("procedure"),
    ("DROP", "FUNCTION"): _drop_program("function"),
    ("DROP", "EVENT"): _drop_program("event"),
    ("RENAME", "TABLE"): _rename_table,
}
