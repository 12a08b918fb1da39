"""Whether a column's new type holds every value of its old one."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from afterpush.migrate.statements.tokens import string_value

_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_TEXT_BYTES = {"tiny": 255, "": 65_535, "medium": 2**24 - 1, "long": 2**32 - 1}
# The longest text of a value, in characters.
_WIDTHS = {"tinyint": 4, "smallint": 6, "mediumint": 8, "int": 11, "bigint": 20, "float": 24} | {
    "double": 24, "year": 4, "date": 10, "time": 10, "datetime": 19, "timestamp": 19, "json": 65_535,
    "uuid": 36, "inet4": 15, "inet6": 45,
}  # fmt: skip
# A text that is no value of such a type is refused, never cut.
_CHECKED = ("json", "uuid", "inet4", "inet6")
_MANTISSA = {"float": 24, "double": 53}
_PARTS = re.compile(
    r"(?P<name>[a-z]+)(?:\((?P<arguments>(?:'(?:[^']|'')*'|[^()'])*)\))?(?P<rest>[^,]*)", re.IGNORECASE
)


@dataclass(frozen=True)
class _Type:
    name: str
    arguments: str
    rest: str

    @property
    def numbers(self) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", self.arguments)]


def _read(text: str) -> _Type:
    found = _PARTS.match(text.strip())
    if found is None:
        return _Type("", "", "")
    return _Type(found["name"].lower(), found["arguments"] or "", found["rest"].lower())


def lost_values(before: str, after: str) -> str:
    """Which values of the old type the new one cannot hold; empty where it holds all, or nobody can tell.

    >>> lost_values("varchar(60)", "varchar(20)")
    'values longer than 20 characters'
    """
    old, new = _read(before), _read(after)
    if old.name in ("enum", "set") and new.name == old.name:
        gone = [item for item in enum_items(before) if item not in enum_items(after)]
        return f"the values {', '.join(map(repr, gone))}" if gone else ""
    for judged in (_numbers, _texts, _moments, _as_text):
        found = judged(old, new)
        if found is not None:
            return found
    if old.name == new.name or new.name == "geometry":
        return _charset(old, new)
    return f"values that are no {new.name}"


def enum_items(column_type: str) -> list[str]:
    """The items of an ENUM or SET type, as texts."""
    return [string_value(item) for item in re.findall(r"'(?:[^']|'')*'", _read(column_type).arguments)]


def _numbers(old: _Type, new: _Type) -> str | None:
    """By range and fraction; into FLOAT and DOUBLE by the digits that they keep."""
    if old.name in _INTEGERS and new.name in _MANTISSA:
        return "the last digits of large values" if _INTEGERS[old.name] > _MANTISSA[new.name] else ""
    if (old.name, new.name) == ("float", "double"):
        return ""
    before, after = _range(old), _range(new)
    if before is None or after is None or new.name == "year":
        return None
    if after.scale < before.scale:
        return f"more than {after.scale} digits of the fraction"
    is_lower = after.high < before.high
    are_whole = {old.name, new.name} <= {*_INTEGERS, "bit"}
    if are_whole:
        lost = [f"below {after.low}"] if after.low > before.low else []
        lost += [f"above {after.high}"] if is_lower else []
        return f"values {' or '.join(lost)}" if lost else ""
    if after.low > before.low and not after.low:
        return "values below 0 and large values" if is_lower else "values below 0"
    return "large values" if is_lower or after.low > before.low else ""


class _Range(NamedTuple):
    low: int
    high: int
    scale: int = 0


def _range(kind: _Type) -> _Range | None:
    """The whole numbers that a type holds, and the digits of its fraction."""
    if kind.name in _INTEGERS or kind.name == "bit":
        bits = _INTEGERS.get(kind.name) or (kind.numbers or [1])[0]
        is_unsigned = kind.name == "bit" or "unsigned" in kind.rest
        return _Range(0, 2**bits - 1) if is_unsigned else _Range(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if kind.name == "decimal":
        precision, scale = [*(kind.numbers or [10]), 0][:2]
        most = 10 ** (precision - scale) - 1
        return _Range(0 if "unsigned" in kind.rest else -most, most, scale)
    return _Range(0, 2155) if kind.name == "year" else None


def _length(kind: _Type) -> int | None:
    if kind.name in ("char", "varchar", "binary", "varbinary"):
        return (kind.numbers or [1])[0]
    found = re.fullmatch(r"(tiny|medium|long|)(?:text|blob)", kind.name)
    return _TEXT_BYTES[found[1]] if found else None


def _texts(old: _Type, new: _Type) -> str | None:
    lengths = _length(old), _length(new)
    if lengths[0] is None or lengths[1] is None:
        return None
    if lengths[1] < lengths[0]:
        return f"values longer than {lengths[1]} characters"
    return _charset(old, new)


def _charset(old: _Type, new: _Type) -> str:
    """utf8mb4 holds all, ascii is in all; the name is in front of a collation's."""
    before, after = (
        found[1] if (found := re.search(r"collate ([a-z0-9]+)", kind.rest)) else "" for kind in (old, new)
    )
    if before == after or "" in (before, after) or after == "utf8mb4" or before == "ascii":
        return ""
    return f"characters that {after} does not have"


def _as_text(old: _Type, new: _Type) -> str | None:
    """Whatever has a text form, as text that is long enough for it; and back into a type that checks it."""
    if new.name in _CHECKED and _length(old) is not None:
        return ""
    room = _length(new)
    needed = _WIDTHS.get(old.name)
    if old.name == "decimal":
        needed = (old.numbers or [10])[0] + 2
    elif old.name in ("enum", "set"):
        items = [len(string_value(item)) for item in re.findall(r"'(?:[^']|'')*'", old.arguments)]
        needed = max(items, default=0) if old.name == "enum" else sum(items) + len(items)
    elif old.name in ("time", "datetime", "timestamp") and needed and old.numbers[:1] > [0]:
        needed += old.numbers[0] + 1
    if room is None or needed is None:
        return None
    return f"values longer than {room} characters" if room < needed else ""


def _moments(old: _Type, new: _Type) -> str | None:
    kinds = ("date", "datetime", "timestamp", "time", "year")
    if old.name not in kinds or new.name not in kinds or old.name == "year" != new.name:
        return None
    if new.name == "year" != old.name:
        return "the day"
    if new.name in ("date", "time") and old.name != new.name:
        return "the time of day" if new.name == "date" else "the date"
    if (new.numbers or [0])[0] < (old.numbers or [0])[0]:
        return "fractions of a second"
    is_wider = old.name in ("date", "datetime") and new.name == "timestamp"
    return "moments before 1970 and after 2038" if is_wider else ""
