"""Probes of views, triggers, routines and events (see `probes`)."""

import re

from afterpush.migrate.key_probes import HERE
from afterpush.migrate.model import Program
from afterpush.migrate.probes import joined
from afterpush.migrate.tokens import literal, string_value, tokens


def view_probe(view: Program) -> str:
    """Whether a view shows these columns and mentions all that this one does.

    A view has no data: one that looks otherwise is `needed`, and CREATE OR REPLACE brings it here.
    """
    name = literal(view.name)
    conditions = [
        f"(SELECT COUNT(*) FROM information_schema.VIEWS WHERE {HERE} AND TABLE_NAME = {name}"
        + "".join(f"\n    AND {mention}" for mention in _mentions(view))
        + ") = 1"
    ]
    if view.columns:
        shown = ",".join(column.lower() for column in view.columns)
        conditions.append(
            "(SELECT GROUP_CONCAT(LOWER(COLUMN_NAME) ORDER BY ORDINAL_POSITION SEPARATOR ',')"
            f" FROM information_schema.COLUMNS WHERE {HERE} AND TABLE_NAME = {name}) = {literal(shown)}"
        )
    return f"SELECT CASE\n  WHEN {joined(conditions)} THEN 'done'\n  ELSE 'needed' END AS state"


def _mentions(view: Program) -> list[str]:
    """Strings, numbers and tables, which the server keeps in the view's text."""
    found: dict[str, None] = {}
    for token in tokens(view.text):
        value = string_value(token.text) if token.kind == "string" else token.text
        if token.kind == "string" and re.fullmatch(r"[\w .:-]+", value):
            quoted_value = literal("'" + value + "'")
            found[f"INSTR(VIEW_DEFINITION, {quoted_value}) > 0"] = None
        elif token.kind == "number" and value.isdigit():
            edge = "[^0-9A-Za-z_`.]"
            found[f"VIEW_DEFINITION REGEXP '(^|{edge}){value}({edge}|$)'"] = None
    for name in sorted(_tables(view)):
        found[f"INSTR(LOWER(VIEW_DEFINITION), '`{name}`') > 0"] = None
    return list(found)


def _tables(view: Program) -> set[str]:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(view.text, read="mysql")
    except SqlglotError:
        return set()
    inner = {cte.alias_or_name.lower() for cte in parsed.find_all(exp.CTE)}
    return {table.name.lower() for table in parsed.find_all(exp.Table) if table.name} - inner


# White space is not compared: clients send it as they like. Both servers have REGEXP_REPLACE.
_SPACE = "'[[:space:]]+'"


def _stripped(text: str) -> str:
    return re.sub(r"\s+", "", text)


def program_probe(program: Program, *, drops: bool) -> str:
    """Whether the trigger, routine or event is there with this text; with `drops`, whether another is.

    The step that makes it follows the one that drops what is called so and is different.
    """
    found, same = _program_queries(program)
    if drops:
        return f"SELECT IF(({found}) > ({same}), 'needed', 'done') AS state"
    return (
        f"SELECT CASE\n  WHEN ({same}) > 0 THEN 'done'\n  WHEN ({found}) > 0 THEN 'drifted'\n"
        "  ELSE 'needed' END AS state"
    )


def _program_queries(program: Program) -> tuple[str, str]:
    """How many there are of this name, and how many of them with this text."""
    name = literal(program.name)
    if program.kind == "trigger":
        found = (
            "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
            f" AND TRIGGER_NAME = {name}"
        )
        same = (
            f"{found} AND EVENT_OBJECT_TABLE = {literal(program.table)}"
            f" AND ACTION_TIMING = '{program.timing}'"
            f" AND EVENT_MANIPULATION = '{program.event}' AND {_same_text('ACTION_STATEMENT', program.text)}"
        )
        return found, same
    if program.kind == "event":
        found = (
            "SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"
            f" AND EVENT_NAME = {name}"
        )
        body = re.split(r"(?i)\bDO\b", program.text, maxsplit=1)[-1]
        return found, f"{found} AND {_same_text('EVENT_DEFINITION', body)}"
    found = (
        "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"
        f" AND ROUTINE_TYPE = '{program.kind.upper()}' AND ROUTINE_NAME = {name}"
    )
    # The server keeps the body alone: what our text ends with.
    ends = f"REGEXP_REPLACE(ROUTINE_DEFINITION, {_SPACE}, '')"
    text = literal(_stripped(program.text))
    return found, f"{found} AND RIGHT({text}, CHAR_LENGTH({ends})) = {ends} AND {_long_enough(ends, program)}"


def _same_text(column: str, text: str) -> str:
    return f"CAST(REGEXP_REPLACE({column}, {_SPACE}, '') AS BINARY) = {literal(_stripped(text))}"


def _long_enough(ends: str, program: Program) -> str:
    """The body is all after the header: BEGIN, RETURN or the statement, not a shorter tail of it."""
    match = re.search(r"(?is)\b(?:BEGIN|RETURN|SELECT|INSERT|UPDATE|DELETE|SET|CALL|IF)\b.*", program.text)
    shortest = len(_stripped(match[0])) if match else 1
    return f"CHAR_LENGTH({ends}) >= {min(shortest, len(_stripped(program.text)))}"
