"""Column types and defaults in one spelling each, and in the spellings of both servers.

MySQL from 8.0.19 shows integers without a display width, MariaDB with it (`int` and `int(11)`); MariaDB
keeps JSON as longtext with utf8mb4_bin. Sources: both manuals, "Data Types"; MariaDB measured on 10.11.
"""

import re

_SYNONYMS = {
    "integer": "int",
    "int1": "tinyint",
    "int2": "smallint",
    "int3": "mediumint",
    "middleint": "mediumint",
    "int4": "int",
    "int8": "bigint",
    "bool": "tinyint(1)",
    "boolean": "tinyint(1)",
    "dec": "decimal",
    "numeric": "decimal",
    "fixed": "decimal",
    "double precision": "double",
    "real": "double",
    "float8": "double",
    "float4": "float",
    "character": "char",
    "nchar": "char",
    "national char": "char",
    "character varying": "varchar",
    "char varying": "varchar",
    "nvarchar": "varchar",
    "varcharacter": "varchar",
    "national varchar": "varchar",
    "long": "mediumtext",
    "long varchar": "mediumtext",
    "long varbinary": "mediumblob",
    "geometrycollection": "geomcollection",
}
_WIDTHS = {
    "tinyint": (4, 3),
    "smallint": (6, 5),
    "mediumint": (9, 8),
    "int": (11, 10),
    "bigint": (20, 20),
}
_LENGTHS = {"char": "(1)", "binary": "(1)", "bit": "(1)", "decimal": "(10,0)"}
NUMBERS = frozenset([*_WIDTHS, "decimal", "float", "double", "bit", "year"])
TEXTS = frozenset("char varchar tinytext text mediumtext longtext enum set".split())
KNOWN = (
    NUMBERS
    | TEXTS
    | frozenset(
        "date time datetime timestamp json binary varbinary tinyblob blob mediumblob longblob geometry point "
        "linestring polygon multipoint multilinestring multipolygon geomcollection".split()
    )
)
# Types that MariaDB has and MySQL 8 refuses.
MARIADB_ONLY = frozenset(["uuid", "inet4", "inet6", "xmltype", "row", "varchar2", "number", "clob", "raw"])


def base_of(spelling: str) -> str:
    """`varchar` of `varchar(20)`."""
    return re.split(r"[\s(]", spelling, maxsplit=1)[0]


def canonical_type(name: str, arguments: str, modifiers: frozenset[str]) -> str:
    """One spelling for all that mean the same: as MySQL 8 shows it.

    `name` is lower case; `arguments` is what stands in the parentheses, without space; `modifiers` hold
    unsigned and zerofill.
    """
    name = _SYNONYMS.get(name, name)
    if name == "tinyint(1)":
        return name
    if name in ("text", "blob") and arguments.isdigit():
        return _sized(name, int(arguments))
    if name == "float" and arguments.isdigit():
        name, arguments = ("double" if int(arguments) > 24 else "float"), ""
    text = f"({arguments})" if arguments else _LENGTHS.get(name, "")
    if name == "decimal" and "," not in text:
        text = text.replace(")", ",0)")
    if name in ("datetime", "timestamp", "time") and arguments == "0":
        text = ""
    if name == "year" or (name in _WIDTHS and _is_default_width(name, arguments, modifiers)):
        text = ""
    unsigned = " unsigned" if modifiers & {"unsigned", "zerofill"} else ""
    return f"{name}{text}{unsigned}{' zerofill' if 'zerofill' in modifiers else ''}"


def _is_default_width(name: str, width: str, modifiers: frozenset[str]) -> bool:
    """Display widths mean nothing, except tinyint(1), which drivers read as a boolean, and zerofill."""
    return "zerofill" not in modifiers and not (name == "tinyint" and width == "1")


def _sized(name: str, length: int) -> str:
    for prefix, limit in (("tiny", 255), ("", 65_535), ("medium", 16_777_215)):
        if length <= limit:
            return prefix + name
    return "long" + name


def shown_as(spelling: str) -> tuple[str, str | None]:
    """How `COLUMN_TYPE` shows a canonical type: an exact text, and else a pattern of LIKE."""
    base = base_of(spelling)
    if base in _WIDTHS and "(" not in spelling:
        return spelling, spelling.replace(base, f"{base}(%)", 1)
    if base == "year":
        return "year", "year(4)"
    if base == "json":
        return "json", "longtext"
    if base == "geomcollection":
        return "geomcollection", "geometrycollection"
    return spelling, None


def canonical_default(text: str | None, type_spelling: str) -> str | None:
    """One spelling of a default: None for none or NULL; literals without quotes; functions in lower case.

    `text` is a literal, a function or an expression in parentheses, as written.
    """
    if text is None or text.upper() == "NULL":
        return None
    lowered = text.lower()
    if lowered in ("true", "false"):
        return "1" if lowered == "true" else "0"
    now = re.fullmatch(r"(?:current_timestamp|now|localtime|localtimestamp)\s*(?:\(\s*(\d*)\s*\))?", lowered)
    if now:
        return f"current_timestamp({now[1]})" if now[1] else "current_timestamp"
    quoted = re.fullmatch(r"'((?:[^'\\]|'')*)'|\"((?:[^\"\\]|\"\")*)\"", text)
    if quoted:
        value = (quoted[1] or "").replace("''", "'") if quoted[2] is None else quoted[2].replace('""', '"')
        return _number(value) if base_of(type_spelling) in NUMBERS else value
    return _number(text) if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", text) else lowered


def _number(value: str) -> str:
    """`0.00`, `+0` and `0` are one number."""
    match = re.fullmatch(r"\+?(-?)0*(\d+)(?:\.(\d*?)0*)?|\+?(-?)\.(\d+?)0*", value.strip())
    if not match:
        return value
    whole, fraction = match[2] or "0", match[3] or match[5] or ""
    sign = match[1] or match[4] or ""
    return f"{sign}{whole}{'.' + fraction if fraction else ''}"
