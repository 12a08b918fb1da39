"""Which statements lose rows or values that were there: they need the user's word for it."""

from collections.abc import Iterator

from afterpush.migrate.replay.schema import State, part_kind, part_name
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import tokens, unquoted
from afterpush.migrate.steps.narrowing import lost_values


def losses(statement: Statement, before: State, after: State, *, with_data: bool) -> str:
    """What goes with this statement, in words; empty when nothing does.

    >>> losses(..., {("table", "t", "column a"): "varchar(50)"}, {("table", "t", "column a"):
    "varchar(9)"}, ...) 'column t.a gets narrower: values longer than 9 characters go'
    """
    verb = statement.kind.split(" ")[0]
    if verb in ("TRUNCATE", "DELETE"):
        return f"{verb} takes rows away" if with_data else ""
    if verb == "RENAME":
        return ""
    return "; ".join(_lost(statement, before, after))


def _lost(statement: Statement, before: State, after: State) -> Iterator[str]:
    found = list(tokens(statement.sql)) if len(statement.sql) < 100_000 else []
    words = {token.upper for token in found}
    is_renamed = statement.kind == "ALTER TABLE" and "RENAME" in words
    gone = {key[1] for key in before if key[2] == "table" and key not in after}
    if gone and not (is_renamed and any(key[2] == "table" for key in after)):
        yield f"table {', '.join(sorted(gone))} goes"
    dropped = {
        unquoted(found[at + 1 + skip]).lower()
        for at, token in enumerate(found[:-1])
        if token.upper == "DROP"
        for skip in (0, 1, 2, 3)
        if at + 1 + skip < len(found)
        and all(t.upper in ("COLUMN", "IF", "EXISTS") for t in found[at + 1 : at + 1 + skip])
    }
    explained = words & {"RENAME", "CHANGE"}
    for key, text in before.items():
        kind, new = part_kind(key), after.get(key)
        if kind == "column" and key[1] not in gone:
            name = part_name(key)
            if "GENERATED" in text:
                continue  # Its values can be computed again.
            if new is None and (not explained or name.lower() in dropped):
                yield f"column {key[1]}.{name} goes"
            elif new is not None and (lost := _lost_values(text, new)):
                yield f"column {key[1]}.{name} gets narrower: {lost} go"
        elif kind == "partitions" and words & {"DROP", "TRUNCATE"} and new is not None:
            yield f"partitions of {key[1]} go"
    if statement.kind == "ALTER TABLE" and {"TRUNCATE", "PARTITION"} <= words:
        yield "a partition is emptied"


def _lost_values(before: str, after: str) -> str:
    """What the user must allow. A character that a charset lacks is refused by the server, never replaced."""
    lost = "" if "GENERATED" in after else lost_values(before, after)
    is_counted = "auto_increment" in after and lost.startswith("values below") and "above" not in lost
    return "" if is_counted or lost.startswith("characters ") else lost
