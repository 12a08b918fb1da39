"""SQL that a script puts together and PREPAREs: MySQL's usual way to be idempotent, read where it can be.

    SET @q = IF((SELECT COUNT(*) FROM information_schema...) = 0, 'ALTER TABLE ...', 'SELECT 1');
    PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s;

The one string among a variable's that changes the schema is the statement; PREPARE and EXECUTE of a
variable that was read so are then understood. Everything else stays what it is, and is unaudited.
"""

from collections.abc import Sequence
from dataclasses import replace

from afterpush.migrate.cursor import Cursor
from afterpush.migrate.statements import Statement, kind_of
from afterpush.migrate.tokens import string_value, tokens

_CHANGES = ("CREATE", "ALTER", "DROP", "RENAME")


def resolved(statements: Sequence[Statement]) -> list[Statement]:
    """The statements with what is prepared in place of the SET that holds it."""
    known: set[str] = set()
    prepared: set[str] = set()
    found: list[Statement] = []
    for statement in statements:
        if statement.kind == "SET" and (entry := _assignment(statement)):
            variable, inner = entry
            known.add(variable)
            found += inner
        elif statement.kind in ("PREPARE", "EXECUTE") and _is_known(statement, known, prepared):
            found.append(replace(statement, sql="DO 0", kind="DO"))
        else:
            found.append(statement)
    return found


def _assignment(statement: Statement) -> tuple[str, list[Statement]] | None:
    """The variable that is set, and the schema statement (if any) that its value may be."""
    cursor = Cursor(statement.sql)
    cursor.expect("SET")
    variable = cursor.take().text.lower() if not cursor.is_over else ""
    if not variable.startswith("@") or variable.startswith("@@"):
        return None
    if any(token.upper in ("CONCAT", "CONCAT_WS", "REPLACE", "FORMAT") for token in tokens(statement.sql)):
        return None
    strings = [token for token in tokens(statement.sql) if token.kind == "string"]
    inner = []
    for token in strings:
        sql = string_value(token.text).strip().rstrip(";")
        kind = kind_of(sql)
        if kind.startswith(_CHANGES) and " " in kind:
            line = statement.line + statement.sql.count("\n", 0, token.start)
            inner.append(Statement(sql, statement.file, line, kind, statement.problem, statement.marks))
    return (variable, inner or [statement]) if len(inner) <= 1 else None


def _is_known(statement: Statement, known: set[str], prepared: set[str]) -> bool:
    words = [token.text.lower() for token in tokens(statement.sql)]
    if statement.kind == "PREPARE" and len(words) == 4 and words[3] in known:
        prepared.add(words[1])
        return True
    return statement.kind == "EXECUTE" and len(words) == 2 and words[1] in prepared
