"""Which statements lose rows or values that were there: they need the user's word for it."""

import re
from collections.abc import Iterator

from afterpush.migrate.replay.schema import State, part_kind, part_name
from afterpush.migrate.statements.split import Statement
from afterpush.migrate.statements.tokens import tokens, unquoted

_INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_TEXTS = {"tinytext": 255, "text": 65535, "mediumtext": 16777215, "longtext": 4294967295} | {
    "tinyblob": 255, "blob": 65535, "mediumblob": 16777215, "longblob": 4294967295,
}  # fmt: skip
_TYPE = re.compile(r"(?P<name>\w+)(?:\((?P<size>[^)']*)\))?(?P<rest>[^,]*)", re.DOTALL)
_VALUES = re.compile(r"'((?:[^'\\]|''|\\.)*)'")


def losses(statement: Statement, before: State, after: State, *, with_data: bool) -> str:
    """What goes with this statement, in words; empty when nothing does.

    >>> losses(..., {("table", "t", "column a"): "varchar(50)"}, {("table", "t", "column a"):
    "varchar(9)"}, ...) 'column t.a gets narrower: varchar(50) to varchar(9)'
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
            if new is None and (not explained or name.lower() in dropped):
                yield f"column {key[1]}.{name} goes"
            elif new is not None and is_narrower(text, new):
                yield f"column {key[1]}.{name} gets narrower: {_first(text)} to {_first(new)}"
        elif kind == "partitions" and words & {"DROP", "TRUNCATE"} and new is not None:
            yield f"partitions of {key[1]} go"
    if statement.kind == "ALTER TABLE" and {"TRUNCATE", "PARTITION"} <= words:
        yield "a partition is emptied"


def _first(text: str) -> str:
    found = _TYPE.match(text)
    return found[0].split(" COLLATE")[0].split(" NOT NULL")[0].split(" DEFAULT")[0].strip() if found else text


def is_narrower(before: str, after: str) -> bool:
    """Whether a column of the second type cannot hold every value of the first."""
    old, new = _TYPE.match(before), _TYPE.match(after)
    if old is None or new is None or "GENERATED" in before or "GENERATED" in after:
        return False
    first, second = old["name"].lower(), new["name"].lower()
    if first in ("enum", "set") and second in ("enum", "set"):
        return not set(_VALUES.findall(before.split(")")[0] + ")")) <= set(
            _VALUES.findall(after.split(")")[0] + ")")
        )
    if first in _INTEGERS and second in _INTEGERS:
        return _INTEGERS[second] < _INTEGERS[first] or (
            ("unsigned" in old["rest"]) != ("unsigned" in new["rest"])
            and ("unsigned" in new["rest"] or _INTEGERS[second] == _INTEGERS[first])
        )
    if first in _TEXTS and second in _TEXTS:
        return _TEXTS[second] < _TEXTS[first]
    if first == second and old["size"] and new["size"]:
        sizes, others = (list(map(int, re.findall(r"\d+", one["size"]))) for one in (old, new))
        if first == "decimal" and len(sizes) == len(others) == 2:
            return others[0] - others[1] < sizes[0] - sizes[1] or others[1] < sizes[1]
        return bool(sizes and others and others[0] < sizes[0])
    if first in _TEXTS and second in ("varchar", "char", "varbinary", "binary"):
        return True
    families = ("datetime", "timestamp", "date", "time", "year")
    return (first in families) != (second in families) or (
        first == "datetime" and second in ("date", "time", "year")
    )
