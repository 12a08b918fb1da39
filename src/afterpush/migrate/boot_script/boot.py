"""The boot script: the SQL in it, in order, and how it reaches the database."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from afterpush.migrate.boot_script.expansion import Expansion
from afterpush.migrate.boot_script.running_order import RunningOrder
from afterpush.migrate.boot_script.typescript import Source, Text, ancestors, walk
from afterpush.migrate.statements.split import Statement, split
from afterpush.text.marked_blocks import marked_blocks

if TYPE_CHECKING:
    from tree_sitter import Node

OPENING, CLOSING = "<afterpush>", "</afterpush>"
_SQL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*(?!\!).*?\*/|\()*+(?:/\*!\d*\s*)?(?:"
    r"CREATE\s+(?:OR\s|TEMPORARY\s|UNIQUE\s|FULLTEXT\s|SPATIAL\s|DEFINER\b|ALGORITHM\b|SQL\s|TABLE\s|INDEX\s|VIEW\s"
    r"|TRIGGER\s|PROCEDURE\s|FUNCTION\s|EVENT\s|SEQUENCE\s)"
    r"|ALTER\s+(?:TABLE|VIEW|DATABASE|SCHEMA|ONLINE|IGNORE)\s"
    r"|DROP\s+(?:TABLE|VIEW|INDEX|TRIGGER|PROCEDURE|FUNCTION|EVENT|TEMPORARY)\s"
    r"|RENAME\s+TABLE\s|INSERT\s+(?:INTO|IGNORE)\s|REPLACE\s+INTO\s|DELETE\s+FROM\s|TRUNCATE\s"
    r"|UPDATE\s+\S+\s+SET\s|SELECT\s|SHOW\s|SET\s+[@\w]+|PREPARE\s+\w+\s+FROM|EXECUTE\s+\w+\s*$|CALL\s+\w+\s*\()",
    re.IGNORECASE | re.DOTALL,
)
_SPEAKERS = re.compile(
    r"^(?:this\.)?_?(?:console|logger|log|winston|pino|debug|warn|info|error)\b", re.IGNORECASE
)
_QUESTIONS = frozenset("includes startsWith endsWith indexOf match test search replace describe it".split())


@dataclass(frozen=True)
class BootScript:
    """What a boot script does to the schema.

    `program` is its SQL in the order in which it runs. `unreadable` is the line from which on the text is no
    TypeScript, None for none.
    """

    file: str
    kind: str
    program: tuple[Statement, ...]
    unreadable: int | None = None


def kind_of_script(file: str) -> str:
    """`typescript` (also for JavaScript) or `sql`, by the file's name."""
    return "sql" if PurePosixPath(file).suffix.lower() == ".sql" else "typescript"


def read_boot(data: bytes, file: str) -> BootScript:
    """The SQL of a boot script of either kind."""
    if kind_of_script(file) == "sql":
        return BootScript(file, "sql", tuple(split(data.decode("utf-8", "replace"), file)))
    source = Source(_blanked(data, block_ranges(data)), file)
    entries = sorted(_entries(source), key=lambda entry: entry[0])
    return BootScript(file, "typescript", tuple(statement for _, statement in entries), source.first_error())


def _entries(source: Source) -> Iterator[tuple[tuple[int, ...], Statement]]:
    """What the script executes, and when: the first part is for sorting."""
    order, expansion = RunningOrder(source), Expansion(source)
    for node, text in sql_in(source):
        if order.runs_later(node):
            continue
        for at, known in _filled(expansion, node, text):
            moment = order.moment(at)
            for statement in _statements(source, at, known):
                yield moment, statement


def _blanked(data: bytes, ranges: list[tuple[int, int]]) -> bytes:
    """The script with white space for our blocks: their names must not be taken for the script's own."""
    for begin, end in ranges:
        data = data[:begin] + re.sub(rb"[^\n]", b" ", data[begin:end]) + data[end:]
    return data


def _filled(expansion: Expansion, node: "Node", text: Text) -> list[tuple["Node", Text]]:
    """The texts that a template comes to, with the place that fills it in; itself when they are unknown."""
    found = expansion.filled(node) if text.marks else []
    return [(one.at, Text(one.text)) for one in found] or [(node, text)]


def block_ranges(data: bytes) -> list[tuple[int, int]]:
    """Where our blocks begin and end, in bytes."""
    begins, ends = (re.compile(rf"//[ \t]*{mark}".encode()) for mark in (OPENING, CLOSING))
    return [(begin.start(), end.end()) for begin, end in marked_blocks(data, begins, ends)]


def sql_in(source: Source) -> list[tuple["Node", Text]]:
    """Every expression that is SQL, with its text; the outermost ones only."""
    read_until, found = 0, []
    for node in walk(source.root):
        if node.start_byte >= read_until and (text := _sql_text(source, node)):
            found.append((node, text))
            read_until = node.end_byte
    return found


def _sql_text(source: Source, node: "Node") -> Text | None:
    """The text of an expression that is SQL and not something said about SQL."""
    if node.type not in ("string", "template_string", "binary_expression", "call_expression"):
        return None
    text = source.value(node)
    if text is None or not _SQL.match(text.value) or _is_said(source, node):
        return None
    return text


def _is_said(source: Source, node: "Node") -> bool:
    """Whether the string goes to a log, an error or a comparison, or is a type."""
    for above in ancestors(node):
        if above.type in ("call_expression", "new_expression"):
            called = above.child_by_field_name("function") or above.child_by_field_name("constructor")
            name = source.text(called) if called is not None else ""
            is_tag = called is not None and node.start_byte == above.start_byte
            said = _SPEAKERS.match(name) or name.endswith("Error") or name.split(".")[-1] in _QUESTIONS
            return bool(said) and not is_tag
        if above.type in ("literal_type", "import_statement", "switch_case", "throw_statement"):
            return True
        if above.type == "binary_expression" and source.value(above) is None:
            return True
        if above.type in ("statement_block", "program"):
            return False
    return False


def _statements(source: Source, node: "Node", text: Text) -> list[Statement]:
    found: list[Statement] = []
    for statement in split(text.value, source.file):
        marks = tuple(mark for mark in text.marks if mark in statement.sql)
        line = source.line(node) + statement.line - 1
        # An escaped line end moves the text against the file: the line of the string is then the answer.
        line = min(line, node.end_point[0] + 1)
        found.append(Statement(statement.sql, source.file, line, statement.kind, statement.problem, marks))
    return found
