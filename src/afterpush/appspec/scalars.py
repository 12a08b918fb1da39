"""Plain YAML scalars as the platform's own tools read them, and what becomes of one in a text field.

doctl and the deploy action parse with sigs.k8s.io/yaml, which is goyaml.v2: YAML 1.1 with Go's numbers. So
`y` and `off` are truth values, `0600` and `0o600` are 384, but `12:30:00` and `2024-01-02` stay text.
"""

import re
from decimal import Decimal
from typing import Final

Scalar = None | bool | int | float | str

_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{form: True for word in ("y", "yes", "true", "on") for form in (word, word.title(), word.upper())},
    **{form: False for word in ("n", "no", "false", "off") for form in (word, word.title(), word.upper())},
    **{f"{sign}{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **{word: float("nan") for word in (".nan", ".NaN", ".NAN")},
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0[bB][01]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"x": 16, "b": 2, "o": 8}
_TYPED_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_LARGEST = 1 << 64


def read_scalar(raw: str, style: str | None, tag: str | None) -> Scalar:
    """The value of a scalar: null, a truth value, a number, or its text. `style` is its quote, if any."""
    if tag:
        return _plain(raw) if tag in _TYPED_TAGS else raw
    return raw if style else _plain(raw)


def _plain(raw: str) -> Scalar:
    if raw in _CONSTANTS:
        return _CONSTANTS[raw]
    if raw[0] not in "+-.0123456789":
        return raw
    digits = raw.replace("_", "") if raw[0] != "." else raw
    if _INTEGER.fullmatch(digits) and abs(number := _integer(digits)) < _LARGEST:
        return number
    return float(digits) if _FLOAT.fullmatch(digits) else raw


def _integer(digits: str) -> int:
    """`0600` and `0o600` count in eights, `0x1F` in sixteens."""
    body = digits.lstrip("+-").lower()
    base = _BASES.get(body[1:2], 8 if body.startswith("0") else 10)
    number = int(body.lstrip("0xbo") or "0", base) if base != 16 else int(body, 16)
    return -number if digits.startswith("-") else number


def deployed_text(value: Scalar) -> str:
    """What the deploy action makes of a value in a text field: 1.10 becomes `1.1`, 1e6 becomes `1e+06`.

    Go's strconv.FormatFloat(f, 'g', -1, 64): the shortest digits, an exponent below 1e-4 and from 1e6 on.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float) or value != value or value in (float("inf"), float("-inf")):
        return str(value)
    sign, numbers, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).adjusted() if value else 0
    if -4 <= exponent < 6:
        return format(Decimal(repr(value)).normalize(), "f")
    digits = "".join(map(str, numbers))
    mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
    return f"{'-' * sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
