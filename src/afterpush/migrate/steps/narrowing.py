"""Whether a column's new type holds every value of its old one."""

import re
from dataclasses import dataclass

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
    for judged in (_integers, _texts, _decimals, _moments, _numbers, _as_text):
        found = judged(old, new)
        if found is not None:
            return found
    if old.name == new.name or new.name == "geometry":
        return _charset(old, new)
    return f"values that are no {new.name}"


def enum_items(column_type: str) -> list[str]:
    """The items of an ENUM or SET type, as texts."""
    return [string_value(item) for item in re.findall(r"'(?:[^']|'')*'", _read(column_type).arguments)]


def _integers(old: _Type, new: _Type) -> str | None:
    if old.name not in _INTEGERS or new.name not in _INTEGERS:
        return None
    signs = ["unsigned" in kind.rest for kind in (old, new)]
    ranges = [
        (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        for bits, unsigned in zip((_INTEGERS[old.name], _INTEGERS[new.name]), signs, strict=True)
    ]
    (low, high), (new_low, new_high) = ranges
    if new_low > low:
        return f"values below {new_low}"
    return f"values above {new_high}" if new_high < high else ""


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


def _decimals(old: _Type, new: _Type) -> str | None:
    if old.name != "decimal" or new.name not in ("decimal", *_INTEGERS):
        return None
    precision, scale = [*(old.numbers or [10]), 0][:2]
    new_precision, new_scale = (
        [*(new.numbers or [10]), 0][:2] if new.name == "decimal" else [precision - scale, 0]
    )
    if new_scale < scale:
        return f"more than {new_scale} digits of the fraction"
    return "large values" if new_precision - new_scale < precision - scale else ""


def _numbers(old: _Type, new: _Type) -> str | None:
    """A whole number as one with a fraction, and BIT and YEAR as whole numbers."""
    if old.name in ("bit", "year") and new.name in _INTEGERS:
        bits = (old.numbers or [1])[0] if old.name == "bit" else 12
        return "large values" if _INTEGERS[new.name] - ("unsigned" not in new.rest) < bits else ""
    if old.name in _INTEGERS and new.name in _MANTISSA:
        return "the last digits of large values" if _INTEGERS[old.name] > _MANTISSA[new.name] else ""
    if old.name in _INTEGERS and new.name == "decimal":
        precision, scale = [*(new.numbers or [10]), 0][:2]
        needed = len(str(2 ** (_INTEGERS[old.name] - ("unsigned" not in old.rest))))
        return "large values" if precision - scale < needed else ""
    return "" if (old.name, new.name) == ("float", "double") else None


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
