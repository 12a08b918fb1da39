"""The model written back as DDL that both servers accept."""

import re
from collections.abc import Iterable
from functools import lru_cache

from afterpush.migrate.model import Check, Column, ForeignKey, Index, Part, Program, Table
from afterpush.migrate.tokens import literal, quoted, tokens

# Reserved in MariaDB 10.11 and not in sqlglot's list for MySQL 8 (manual, "Reserved Words").
_MARIADB_RESERVED = frozenset(
    "current_role delete_domain_id do_domain_ids except general ignore_domain_ids ignore_server_ids "
    "intersect master_heartbeat_period master_ssl_verify_server_cert offset page_checksum parse_vcol_expr "
    "recursive ref_system_id returning rows slow stats_auto_recalc stats_persistent "
    "stats_sample_pages".split()
)


@lru_cache(maxsize=1)
def _reserved() -> frozenset[str]:
    from sqlglot.dialects.mysql import MySQL

    return frozenset(MySQL.generator_class.RESERVED_KEYWORDS) | _MARIADB_RESERVED


def name(text: str) -> str:
    """The name, in back quotes only where it needs them; a schema in front stays apart."""
    return ".".join(
        part
        if re.fullmatch(r"[A-Za-z_]\w*", part, re.ASCII) and part.lower() not in _reserved()
        else quoted(part)
        for part in text.split(".")
    )


def names(found: Iterable[str]) -> str:
    return ", ".join(map(name, found))


def column(own: Column, checks: Iterable[Check] = ()) -> str:
    """`name TYPE ...` with its attributes in one order, and those of `checks` that stand at it."""
    words = [name(own.name), _upper_type(own)]
    if own.charset and not _NATIONAL.match(own.written_type):
        words.append(f"CHARACTER SET {own.charset}")
    if own.collation:
        words.append(f"COLLATE {own.collation}")
    if own.generated:
        words.append(f"GENERATED ALWAYS AS ({own.generated}) {'STORED' if own.stored else 'VIRTUAL'}")
    if not own.nullable:
        words.append("NOT NULL")
    elif own.type.startswith("timestamp"):
        words.append("NULL")
    if own.default is not None:
        words.append(f"DEFAULT {_default(own)}")
    if own.on_update is not None:
        words.append(f"ON UPDATE {own.on_update}")
    if own.auto_increment:
        words.append("AUTO_INCREMENT")
    if own.invisible:
        words.append("INVISIBLE")
    if own.comment:
        words.append(f"COMMENT {literal(own.comment)}")
    words += [own.extra] if own.extra else []
    return " ".join([*words, *(check(at) for at in checks if at.column.lower() == own.name.lower())])


_NATIONAL = re.compile(r"(?i)national|nchar|nvarchar")
_BIG = re.compile(r"(?i)(?:tiny|medium|long)?(?:text|blob)\b|json|geometry")
_PLAIN_DEFAULT = re.compile(r"(?i)\(|null$|current_timestamp|now\b|localtime")


def _default(own: Column) -> str:
    """The default as both servers take it: expressions, and literals of big types, in parentheses."""
    text = own.default or ""
    is_call = text[:1] not in "'\"(" and "(" in text and not _PLAIN_DEFAULT.match(text)
    is_big_literal = bool(_BIG.match(own.type)) and not _PLAIN_DEFAULT.match(text)
    return f"({text})" if is_call or is_big_literal else text


def _upper_type(own: Column) -> str:
    """The written type with its words in capitals; the values of ENUM and SET as they are."""
    text = own.written_type
    position, parts = 0, []
    for token in tokens(text):
        parts.append(text[position : token.start])
        parts.append(token.text if token.kind == "string" else token.text.upper())
        position = token.end
    return "".join(parts)


def _part(part: Part) -> str:
    text = f"({part.column})" if part.expression else name(part.column)
    length = f"({part.length})" if part.length else ""
    return f"{text}{length}{' DESC' if part.descending else ''}"


def index(own: Index) -> str:
    """The index as a clause of CREATE TABLE or, after ADD, of ALTER TABLE."""
    parts = f"({', '.join(map(_part, own.parts))})"
    if own.name == "PRIMARY":
        return f"PRIMARY KEY {parts}"
    family = {"fulltext": "FULLTEXT ", "spatial": "SPATIAL "}.get(own.family, "")
    unique = "UNIQUE " if own.unique else ""
    parser = f" WITH PARSER {own.parser}" if own.parser else ""
    comment = f" COMMENT {literal(own.comment)}" if own.comment else ""
    hidden = " INVISIBLE" if own.invisible else ""
    return f"{family}{unique}INDEX {name(own.name)} {parts}{parser}{comment}{hidden}"


def foreign_key(key: ForeignKey) -> str:
    rules = "".join(
        f" ON {event} {rule}"
        for event, rule in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if rule != "RESTRICT"
    )
    named = f"CONSTRAINT {name(key.name)} " if key.name else ""
    return (
        f"{named}FOREIGN KEY ({names(key.columns)}) REFERENCES {name(key.target)} "
        f"({names(key.target_columns)}){rules}"
    )


def check(own: Check) -> str:
    named = f"CONSTRAINT {name(own.name)} " if own.name else ""
    return f"{named}CHECK ({own.expression}){'' if own.enforced else ' NOT ENFORCED'}"


def create_table(table: Table) -> str:
    """CREATE TABLE with all but the foreign keys, one part a line."""
    parts = [column(own, table.checks) for own in table.columns.values()]
    parts += [index(own) for own in sorted(table.indexes.values(), key=lambda own: own.name != "PRIMARY")]
    parts += [check(own) for own in table.checks if not own.column]
    body = ",\n".join(f"  {part}" for part in parts)
    options = _options(table)
    partition = f"\n{table.partition}" if table.partition else ""
    return f"CREATE TABLE {name(table.name)} (\n{body}\n){options}{partition}"


_SPELLED = {"charset": "DEFAULT CHARSET", "collate": "COLLATE"}


def _options(table: Table) -> str:
    words = [f"ENGINE={table.options.get('engine', 'InnoDB')}"]
    for key, value in table.options.items():
        if key in ("engine", "auto_increment"):
            continue
        text = literal(value) if key in ("comment", "compression", "encryption", "connection") else value
        words.append(f"{_SPELLED.get(key, key.upper())}={text}")
    return " " + " ".join(words)


def create_view(view: Program) -> str:
    """CREATE OR REPLACE VIEW, which both servers have."""
    return _with_words(view.sql, "VIEW", replaces=True)


def create_program(program: Program) -> str:
    """The trigger, routine or event as written, without OR REPLACE and IF NOT EXISTS."""
    return _with_words(program.sql, program.kind.upper(), replaces=False)


def _with_words(sql: str, noun: str, *, replaces: bool) -> str:
    """The statement from its first word on; what stands between CREATE and the name is put right."""
    found = list(tokens(sql))
    at = next(number for number, token in enumerate(found) if token.upper == noun)
    manner = [token for token in found[1:at] if token.upper not in ("OR", "REPLACE")]
    before = f"{_text(sql, manner[0].start, manner[-1].end)} " if manner else ""
    after = at + 1
    if [token.upper for token in found[after : after + 3]] == ["IF", "NOT", "EXISTS"]:
        after += 3
    rest = _text(sql, found[after].start, found[-1].end)
    return f"CREATE {'OR REPLACE ' if replaces else ''}{before}{noun} {rest}"


def _text(sql: str, start: int, end: int) -> str:
    """A part of a statement, without the frames of conditional comments that it may cut in two."""
    text = sql[start:end]
    if "/*!" in sql:
        text = re.sub(r"/\*M?!\d*|\*/", " ", text)
    return text.strip()
