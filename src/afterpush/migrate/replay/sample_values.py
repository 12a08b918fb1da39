"""Values for rows that are made up: by type, counted up, so that keys are unique and match.

Row i of every table has the same values for the same type, so a child's rows find their parents.
"""

import re

_INTEGERS = {
    "tinyint": 100,
    "smallint": 30_000,
    "mediumint": 8_000_000,
    "int": 2**31 - 1,
    "bigint": 2**31 - 1,
}
_TEXTS = re.compile(r"(?:var)?char|(?:tiny|medium|long)?text|(?:var)?binary|(?:tiny|medium|long)?blob")
_ITEM = re.compile(r"'(?:[^']|'')*'")
GEOMETRIES = {
    "point": "POINT(1 {n})",
    "geometry": "POINT(1 {n})",
    "linestring": "LINESTRING(0 0,1 {n})",
    "polygon": "POLYGON((0 0,0 {n},1 1,0 0))",
    "multipoint": "MULTIPOINT(1 {n})",
    "multilinestring": "MULTILINESTRING((0 0,1 {n}))",
    "multipolygon": "MULTIPOLYGON(((0 0,0 {n},1 1,0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 {n}))",
    "geomcollection": "GEOMETRYCOLLECTION(POINT(1 {n}))",
}
_OTHERS = {
    "float": "{n}",
    "double": "{n}",
    "year": "20{c:02}",
    "date": "'2020-{m:02}-{d:02}'",
    "datetime": "'2020-{m:02}-{d:02} 10:{y:02}:00'",
    "timestamp": "'2020-{m:02}-{d:02} 10:{y:02}:00'",
    "time": "'10:{y:02}:{d:02}'",
    "json": "'{{\"n\": {n}}}'",
    "uuid": "'00000000-0000-4000-8000-{n:012x}'",
    "inet4": "'10.0.{y}.{d}'",
    "inet6": "'fe80::{n:x}'",
    **{name: f"ST_GeomFromText('{shape}')" for name, shape in GEOMETRIES.items()},
}


def value_of(type_text: str, number: int) -> str:
    """The literal for row `number` of a column of this type; DEFAULT for a type that is not known.

    >>> value_of("varchar(20)", 7), value_of("decimal(8,2)", 7), value_of("enum('a','b')", 7)
    ("'7'", '7.5', "'b'")
    """
    word = re.match(r"\w+", type_text)
    name = word[0].lower() if word else ""
    arguments = type_text[len(name) :]
    if name in _INTEGERS:
        return str(number % _INTEGERS[name])
    if _TEXTS.fullmatch(name):
        length = re.match(r"\((\d+)\)", arguments)
        return f"'{str(number)[-int(length[1]) :] if length and int(length[1]) else number}'"
    if name in ("enum", "set"):
        items = _ITEM.findall(arguments)
        return items[number % len(items)] if items else "''"
    if name == "decimal":
        return _decimal(number, arguments)
    if name == "bit":
        return str(number % 2)
    place = {
        "n": number,
        "c": number % 100,
        "y": number // 28 % 60,
        "m": 1 + number // 28 % 12,
        "d": 1 + number % 28,
    }
    return _OTHERS.get(name, "DEFAULT").format(**place)


def _decimal(number: int, arguments: str) -> str:
    precision, _, scale = arguments.partition(")")[0].strip("(").partition(",")
    digits = int(precision or 10) - int(scale or 0)
    whole = number % 10 ** min(digits, 9) if digits else 0
    return f"{whole}.5" if int(scale or 0) else str(whole)
