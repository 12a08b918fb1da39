# ruff: noqa: E501 (queries and JavaScript, in lines of their own kind)
"""Looking at a schema: one query over information_schema, whose rows are the parts of all its objects.

A row is (kind, object, part, seq, text). Several rows of one part belong together, in the order of `seq`: an
index has one for each of its columns. The texts hold no schema name, no DEFINER and no time of making; bodies
of programs come without comments and with single spaces, since clients differ in what they send of those.

information_schema is utf8mb3: a character of four bytes is a `?` on both sides of every comparison.
"""

import re
from collections.abc import Iterable, Sequence

from afterpush.infra.database import Connection
from afterpush.migrate.replay.schema import State
from afterpush.migrate.statements.tokens import literal

_OWN = "REPLACE(REPLACE({0}, CONCAT('`', {{here}}, '`.'), ''), CONCAT('\"', {{here}}, '\".'), '')"
# Lossy inside strings, but alike on both sides of a comparison.
_BODY = (
    "TRIM(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(" + _OWN + r", '(--[[:blank:]][^\\n]*|#[^\\n]*)', ' ')"
    r", '/[*][^!*M][^*]*[*]/', ' '), '[[:space:]]+', ' '))"
)
_HERE = "= {here}"


def _body(column: str) -> str:
    return _BODY.replace("{0}", column).replace("{{", "{").replace("}}", "}")


def _if(column: str, text: str) -> str:
    """The text where the column is not empty, else nothing."""
    return f"IF(IFNULL({column}, '') = '', NULL, {text})"


def _select(kind: str, name: str, part: str, seq: str, words: Sequence[str], source: str) -> str:
    text = f"CONCAT_WS(' ', {', '.join(words)})"
    return (
        f"SELECT {kind} AS kind, {name} AS object, {part} AS part, {seq} AS seq, {text} AS text FROM {source}"
    )


def _queries(flavour: str) -> dict[str, str]:
    """What is asked of the server, by the kind of part. `{tables}` and the like take a filter."""
    mysql = flavour == "mysql"
    base = f"information_schema.TABLES AS t WHERE t.TABLE_SCHEMA {_HERE} AND t.TABLE_TYPE = 'BASE TABLE'"
    if mysql:
        default = (
            "IF(c.COLUMN_DEFAULT IS NULL, NULL, CONCAT('DEFAULT ', IF(c.EXTRA LIKE '%DEFAULT_GENERATED%', "
            "c.COLUMN_DEFAULT, QUOTE(c.COLUMN_DEFAULT))))"
        )
    else:
        default = "CONCAT('DEFAULT ', c.COLUMN_DEFAULT)"
    column = [
        "c.COLUMN_TYPE",
        "CONCAT('COLLATE ', c.COLLATION_NAME)",
        "IF(c.IS_NULLABLE = 'NO', 'NOT NULL', NULL)",
        default,
        _if("c.EXTRA", "c.EXTRA"),
        _if("c.GENERATION_EXPRESSION", "CONCAT('AS (', c.GENERATION_EXPRESSION, ')')"),
        *(["CONCAT('SRID ', c.SRS_ID)"] if mysql else []),
        _if("c.COLUMN_COMMENT", "CONCAT('COMMENT ', QUOTE(c.COLUMN_COMMENT))"),
    ]
    columns = f"information_schema.COLUMNS AS c WHERE c.TABLE_SCHEMA {_HERE} AND {{c}}"
    name = "CONCAT('`', s.COLUMN_NAME, '`')"
    index = [
        "IF(s.SEQ_IN_INDEX = 1, CONCAT(IF(s.NON_UNIQUE, '', 'UNIQUE '), s.INDEX_TYPE), NULL)",
        f"CONCAT(IFNULL({name}, CONCAT('(', s.EXPRESSION, ')')), IFNULL(CONCAT('(', s.SUB_PART, ')'), ''), "
        f"IF(s.COLLATION = 'D', ' DESC', ''))"
        if mysql
        else f"CONCAT({name}, IFNULL(CONCAT('(', s.SUB_PART, ')'), ''), IF(s.COLLATION = 'D', ' DESC', ''))",
        "IF(s.SEQ_IN_INDEX = 1 AND s.IS_VISIBLE = 'NO', 'INVISIBLE', NULL)"
        if mysql
        else "IF(s.SEQ_IN_INDEX = 1 AND s.IGNORED = 'YES', 'IGNORED', NULL)",
        "IF(s.SEQ_IN_INDEX = 1 AND s.INDEX_COMMENT <> '', CONCAT('COMMENT ', QUOTE(s.INDEX_COMMENT)), NULL)",
    ]
    rule = "IF(r.{0}_RULE IN ('RESTRICT', 'NO ACTION'), NULL, CONCAT('ON {0} ', r.{0}_RULE))"
    foreign = [
        "CONCAT('`', k.COLUMN_NAME, '` -> `', k.REFERENCED_TABLE_NAME, '`.`', k.REFERENCED_COLUMN_NAME, '`')",
        f"IF(k.ORDINAL_POSITION = 1, {rule.format('DELETE')}, NULL)",
        f"IF(k.ORDINAL_POSITION = 1, {rule.format('UPDATE')}, NULL)",
    ]
    keys = (
        "information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r "
        "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME "
        f"AND r.TABLE_NAME = k.TABLE_NAME WHERE k.TABLE_SCHEMA {_HERE} AND r.CONSTRAINT_SCHEMA {_HERE} "
        "AND k.REFERENCED_TABLE_NAME IS NOT NULL AND {k} AND {q}"
    )
    if mysql:
        check = _select(
            "'table'", "n.TABLE_NAME", "CONCAT('check ', x.CONSTRAINT_NAME)", "1",
            [_OWN.format("x.CHECK_CLAUSE"), "IF(n.ENFORCED = 'NO', 'NOT ENFORCED', NULL)"],
            "information_schema.CHECK_CONSTRAINTS AS x JOIN information_schema.TABLE_CONSTRAINTS AS n "
            "ON n.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA AND n.CONSTRAINT_NAME = x.CONSTRAINT_NAME "
            f"AND n.CONSTRAINT_TYPE = 'CHECK' WHERE x.CONSTRAINT_SCHEMA {_HERE} AND {{n}}",
        )  # fmt: skip
    else:
        check = _select(
            "'table'", "x.TABLE_NAME", "CONCAT('check ', x.CONSTRAINT_NAME)", "1", ["x.CHECK_CLAUSE"],
            f"information_schema.CHECK_CONSTRAINTS AS x WHERE x.CONSTRAINT_SCHEMA {_HERE} AND {{x}}",
        )  # fmt: skip
    program = [
        "IF(p.DTD_IDENTIFIER IS NULL, NULL, CONCAT('RETURNS ', p.DTD_IDENTIFIER, IFNULL(CONCAT(' COLLATE ', p.COLLATION_NAME), '')))",
        "IF(p.IS_DETERMINISTIC = 'YES', 'DETERMINISTIC', NULL)",
        "p.SQL_DATA_ACCESS",
        "CONCAT('SQL SECURITY ', p.SECURITY_TYPE)",
        _if("p.ROUTINE_COMMENT", "CONCAT('COMMENT ', QUOTE(p.ROUTINE_COMMENT))"),
        f"IFNULL({_body('p.ROUTINE_DEFINITION')}, '{UNREADABLE}')",
    ]
    event = [
        "IFNULL(CONCAT('EVERY ', e.INTERVAL_VALUE, ' ', e.INTERVAL_FIELD), 'ONCE')",
        "CONCAT('ENDS ', e.ENDS)",
        "CONCAT('ON COMPLETION ', e.ON_COMPLETION)",
        "e.STATUS",
        _if("e.EVENT_COMMENT", "CONCAT('COMMENT ', QUOTE(e.EVENT_COMMENT))"),
        f"CONCAT('DO ', {_body('e.EVENT_DEFINITION')})",
    ]
    return {
        "table": _select(
            "'table'", "t.TABLE_NAME", "'table'", "1",
            ["CONCAT('ENGINE=', t.ENGINE)", "CONCAT('COLLATE=', t.TABLE_COLLATION)", _if("t.CREATE_OPTIONS", "t.CREATE_OPTIONS"),
             _if("t.TABLE_COMMENT", "CONCAT('COMMENT ', QUOTE(t.TABLE_COMMENT))")], base + " AND {t}",
        ),
        "counter": _select("'table'", "t.TABLE_NAME", "'counter'", "1", ["t.AUTO_INCREMENT"], base + " AND t.AUTO_INCREMENT > 1 AND {t}"),
        "column": _select("'table'", "c.TABLE_NAME", "CONCAT('column ', c.COLUMN_NAME)", "1", column, columns),
        "order": _select("'table'", "c.TABLE_NAME", "'order'", "c.ORDINAL_POSITION", ["c.COLUMN_NAME"], columns),
        "index": _select(
            "'table'", "s.TABLE_NAME", "CONCAT('index ', s.INDEX_NAME)", "s.SEQ_IN_INDEX", index,
            f"information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA {_HERE} AND {{s}}",
        ),
        "foreign key": _select("'table'", "k.TABLE_NAME", "CONCAT('foreign key ', k.CONSTRAINT_NAME)", "k.ORDINAL_POSITION", foreign, keys),
        "check": check,
        "partitions": _select(
            "'table'", "p.TABLE_NAME", "'partitions'", "p.PARTITION_ORDINAL_POSITION * 1000 + IFNULL(p.SUBPARTITION_ORDINAL_POSITION, 0)",
            ["p.PARTITION_NAME", "p.SUBPARTITION_NAME", "p.PARTITION_METHOD", "p.PARTITION_EXPRESSION", "p.SUBPARTITION_METHOD",
             "p.SUBPARTITION_EXPRESSION", "p.PARTITION_DESCRIPTION"],
            f"information_schema.PARTITIONS AS p WHERE p.TABLE_SCHEMA {_HERE} AND p.PARTITION_NAME IS NOT NULL AND {{p}}",
        ),
        "view": _select(
            "'view'", "v.TABLE_NAME", "'view'", "1",
            [_OWN.format("v.VIEW_DEFINITION"), "CONCAT('SQL SECURITY ', v.SECURITY_TYPE)", "IF(v.CHECK_OPTION = 'NONE', NULL, CONCAT('CHECK ', v.CHECK_OPTION))"],
            f"information_schema.VIEWS AS v WHERE v.TABLE_SCHEMA {_HERE} AND {{v}}",
        ),
        "trigger": _select(
            "'trigger'", "g.TRIGGER_NAME", "'trigger'", "1",
            ["g.ACTION_TIMING", "g.EVENT_MANIPULATION", "CONCAT('ON `', g.EVENT_OBJECT_TABLE, '`')", "g.ACTION_ORDER", _body("g.ACTION_STATEMENT")],
            f"information_schema.TRIGGERS AS g WHERE g.TRIGGER_SCHEMA {_HERE} AND {{g}}",
        ),
        "routine": _select(
            "LOWER(p.ROUTINE_TYPE)", "p.ROUTINE_NAME", "LOWER(p.ROUTINE_TYPE)", "99999", program,
            f"information_schema.ROUTINES AS p WHERE p.ROUTINE_SCHEMA {_HERE} AND p.ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') AND {{r}}",
        ),
        "parameter": _select(
            "LOWER(a.ROUTINE_TYPE)", "a.SPECIFIC_NAME", "LOWER(a.ROUTINE_TYPE)", "a.ORDINAL_POSITION",
            ["a.PARAMETER_MODE", "a.PARAMETER_NAME", "a.DTD_IDENTIFIER", "a.COLLATION_NAME"],
            f"information_schema.PARAMETERS AS a WHERE a.SPECIFIC_SCHEMA {_HERE} AND a.ORDINAL_POSITION > 0 AND {{a}}",
        ),
        "event": _select("'event'", "e.EVENT_NAME", "'event'", "1", event, f"information_schema.EVENTS AS e WHERE e.EVENT_SCHEMA {_HERE} AND {{e}}"),
        "schema": _select(
            "'schema'", "''", "'charset'", "1", ["h.DEFAULT_CHARACTER_SET_NAME", "h.DEFAULT_COLLATION_NAME"],
            f"information_schema.SCHEMATA AS h WHERE h.SCHEMA_NAME {_HERE} AND {{h}}",
        ),
    }  # fmt: skip


UNREADABLE = "(its text is hidden from this user)"
# Which query tells of which kind of object, and the column that its filter names.
_NAMES = {"c": "c.TABLE_NAME", "t": "t.TABLE_NAME", "s": "s.TABLE_NAME", "k": "k.TABLE_NAME", "q": "r.TABLE_NAME", "n": "n.TABLE_NAME"} | {
    "x": "x.TABLE_NAME", "p": "p.TABLE_NAME", "v": "v.TABLE_NAME", "g": "g.TRIGGER_NAME", "r": "p.ROUTINE_NAME",
    "a": "a.SPECIFIC_NAME", "e": "e.EVENT_NAME", "h": "''",
}  # fmt: skip
KINDS: dict[str, tuple[str, ...]] = {
    "table": ("table", "counter", "column", "order", "index", "foreign key", "check", "partitions"),
    "view": ("view",),
    "trigger": ("trigger",),
    "routine": ("routine", "parameter"),
    "event": ("event",),
    "schema": ("schema",),
}
_QUERIES = {flavour: _queries(flavour) for flavour in ("mysql", "mariadb")}
_PARSER = re.compile(
    r"FULLTEXT (?:INDEX|KEY) `((?:[^`]|``)+)`.*?/\*!\d+ WITH PARSER `(\w+)`|FULLTEXT KEY `((?:[^`]|``)+)`.*?WITH PARSER `?(\w+)"
)


EVERYTHING = tuple(query for queries in KINDS.values() for query in queries)


def look_sql(
    flavour: str, queries: Iterable[str] = EVERYTHING, *, name: str | None = None, schema: str | None = None
) -> str:
    """The query for everything in the current schema, or for the objects of this name.

    With the schema written out as a literal, MariaDB reads only that schema's files.
    """
    fill = {
        alias: "1 = 1" if name is None or alias == "h" else f"{column} = {literal(name)}"
        for alias, column in _NAMES.items()
    }
    fill["here"] = "DATABASE()" if schema is None else literal(schema)
    asked = [_QUERIES[flavour][query].format(**fill) for query in queries]
    return " UNION ALL ".join(asked) + " ORDER BY kind, object, part, seq"


def look(
    connection: Connection,
    flavour: str,
    schema: str,
    queries: Iterable[str] = EVERYTHING,
    *,
    name: str | None = None,
) -> State:
    """The state of a schema, which must be the connection's current one. Reads only. Raises DatabaseFailure."""
    state: State = {}
    for row in connection.query(look_sql(flavour, queries, name=name, schema=schema)):
        key = (_text(row["kind"]), _text(row["object"]), _text(row["part"]))
        text = _text(row["text"])
        state[key] = f"{state[key]}, {text}" if key in state else text
    views = {name for kind, name, _ in state if kind == "table"} - {
        name for kind, name, part in state if (kind, part) == ("table", "table")
    }
    state = {key: text for key, text in state.items() if key[0] != "table" or key[1] not in views}
    return _with_parsers(connection, state)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _with_parsers(connection: Connection, state: State) -> State:
    """No view shows the parser of a FULLTEXT index; the table's own text does."""
    tables = {
        key[1] for key, text in state.items() if text.startswith("FULLTEXT ") and key[2].startswith("index ")
    }
    for table in tables:
        row = connection.query(f"SHOW CREATE TABLE `{table.replace('`', '``')}`")[0]
        for found in _PARSER.finditer(str(list(row.values())[1])):
            name, parser = found[1] or found[3], found[2] or found[4]
            key = ("table", table, f"index {name.replace('``', '`')}")
            state[key] = f"{state[key]} WITH PARSER {parser}"
    return state
