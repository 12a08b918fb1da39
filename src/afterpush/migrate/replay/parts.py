# ruff: noqa: E501 (queries, in lines of their own kind)
"""The parts of a schema as information_schema tells them: one SELECT for each kind of part.

A pair in `words` or `source` is what MySQL and what MariaDB is asked; None is left out. `{here}` is the schema,
`{name}` the filter for one object. The texts hold no schema name, no DEFINER and no time of making; bodies of
programs come without comments and with single spaces, since clients differ in what they send of those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.migrate.statements.tokens import literal

_Word = str | tuple[str | None, str | None]
UNREADABLE = "(its text is hidden from this user)"
# A replay lives in that year (see `scratch.py`): what begins there was said relative to the present.
PRESENT = "2037-01-01"


@dataclass(frozen=True)
class Part:
    """`named` is the column that holds the object's name."""

    kind: str
    named: str
    part: str
    seq: str
    words: Sequence[_Word]
    source: _Word

    def select(self, flavour: str) -> str:
        """The SELECT for this flavour, with `{here}` and `{name}` to be filled in."""
        words = [word for one in self.words if (word := _of(one, flavour))]
        return (
            f"SELECT {self.kind} AS kind, {self.named} AS object, {self.part} AS part, {self.seq} AS seq, "
            f"CONCAT_WS(' ', {', '.join(words)}) AS text FROM {_of(self.source, flavour)} AND {{name}}"
        )


def _of(word: _Word, flavour: str) -> str | None:
    return word if word is None or isinstance(word, str) else word[flavour == "mariadb"]


def _if(column: str, text: str) -> str:
    """The text where the column is not empty, else nothing."""
    return f"IF(IFNULL({column}, '') = '', NULL, {text})"


def _own(column: str) -> str:
    """The text without this schema's name."""
    return f"REPLACE(REPLACE({column}, CONCAT('`', {{here}}, '`.'), ''), CONCAT('\"', {{here}}, '\".'), '')"


def _body(column: str, around: str = "%s") -> tuple[str, str]:
    """A program's text with one space for white space and comments, but for those inside strings.

    Every run of code goes to `$1`, and what separates it from the next one to a space. `~` stands for a
    backslash, which sql_mode may read otherwise. A long text stays as it is: MySQL's regexp_time_limit.
    """
    pattern = f"REPLACE({literal(_CODE + _BETWEEN)}, '~', CHAR(92))"
    text = _own(column)
    found = f"IF(LENGTH({text}) > 100000, {text}, TRIM(REGEXP_REPLACE({text}, {pattern}, CONCAT(%s, '1 '))))"
    return around % (found % "'$'"), around % (found % "CHAR(92)")


_STRING = "'(?:[^'~~]++|~~.|'')*+'|\"(?:[^\"~~]++|~~.|\"\")*+\"|`[^`]*+`|['\"`]"
_WORD = "(?:[^[:space:]'\"`#/-]++| (?=[^[:space:]#/-]))*+"
_CODE = f"({_WORD}(?:(?:{_STRING}|/(?![*](?!M?!))|-(?!-(?:[[:space:]]|$))){_WORD})*+)"
_COMMENT = "(?:--(?=[[:space:]]|$)[^\n]*+|#[^\n]*+|/[*](?!M?!)(?:[^*]++|[*](?!/))*+[*]/)"
_BETWEEN = f"[[:space:]]*+(?:{_COMMENT}[[:space:]]*+)*+"


def _rule(verb: str) -> str:
    rule = f"r.{verb}_RULE"
    return f"IF(k.ORDINAL_POSITION > 1 OR {rule} IN ('RESTRICT', 'NO ACTION'), NULL, CONCAT('ON {verb} ', {rule}))"


_TABLES = "information_schema.TABLES AS t WHERE t.TABLE_SCHEMA = {here} AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')"
_COLUMNS = "information_schema.COLUMNS AS c WHERE c.TABLE_SCHEMA = {here}"
_EVENTS = "information_schema.EVENTS AS e WHERE e.EVENT_SCHEMA = {here}"
_INDEXED = "CONCAT('`', s.COLUMN_NAME, '`')"
_SORTED = "IFNULL(CONCAT('(', s.SUB_PART, ')'), ''), IF(s.COLLATION = 'D', ' DESC', '')"

PARTS = {
    "table": Part(
        "'table'", "t.TABLE_NAME", "'table'", "1",
        ["CONCAT('ENGINE=', t.ENGINE)", "CONCAT('COLLATE=', t.TABLE_COLLATION)", _if("t.CREATE_OPTIONS", "t.CREATE_OPTIONS"),
         "IF(t.TABLE_TYPE = 'BASE TABLE', NULL, t.TABLE_TYPE)", _if("t.TABLE_COMMENT", "CONCAT('COMMENT ', QUOTE(t.TABLE_COMMENT))")],
        _TABLES,
    ),
    "counter": Part("'table'", "t.TABLE_NAME", "'counter'", "1", ["t.AUTO_INCREMENT"], _TABLES + " AND t.AUTO_INCREMENT > 1"),
    "column": Part(
        "'table'", "c.TABLE_NAME", "CONCAT('column ', c.COLUMN_NAME)", "c.ORDINAL_POSITION",
        ["c.COLUMN_TYPE",
         "CONCAT('COLLATE ', c.COLLATION_NAME)",
         "IF(c.IS_NULLABLE = 'NO', 'NOT NULL', NULL)",
         ("IF(c.COLUMN_DEFAULT IS NULL, NULL, CONCAT('DEFAULT ', IF(c.EXTRA LIKE '%DEFAULT_GENERATED%', c.COLUMN_DEFAULT, QUOTE(c.COLUMN_DEFAULT))))",
          "CONCAT('DEFAULT ', " + _own("c.COLUMN_DEFAULT") + ")"),
         _if("c.EXTRA", "c.EXTRA"),
         _if("c.GENERATION_EXPRESSION", "CONCAT('AS (', c.GENERATION_EXPRESSION, ')')"),
         ("CONCAT('SRID ', c.SRS_ID)", None),
         _if("c.COLUMN_COMMENT", "CONCAT('COMMENT ', QUOTE(c.COLUMN_COMMENT))")],
        _COLUMNS,
    ),
    "order": Part("'table'", "c.TABLE_NAME", "'order'", "c.ORDINAL_POSITION", ["c.COLUMN_NAME"], _COLUMNS),
    "index": Part(
        "'table'", "s.TABLE_NAME", "CONCAT('index ', s.INDEX_NAME)", "s.SEQ_IN_INDEX",
        ["IF(s.SEQ_IN_INDEX = 1, CONCAT(IF(s.NON_UNIQUE, '', 'UNIQUE '), s.INDEX_TYPE), NULL)",
         (f"CONCAT(IFNULL({_INDEXED}, CONCAT('(', s.EXPRESSION, ')')), {_SORTED})", f"CONCAT({_INDEXED}, {_SORTED})"),
         ("IF(s.SEQ_IN_INDEX = 1 AND s.IS_VISIBLE = 'NO', 'INVISIBLE', NULL)", "IF(s.SEQ_IN_INDEX = 1 AND s.IGNORED = 'YES', 'IGNORED', NULL)"),
         "IF(s.SEQ_IN_INDEX = 1 AND s.INDEX_COMMENT <> '', CONCAT('COMMENT ', QUOTE(s.INDEX_COMMENT)), NULL)"],
        "information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = {here}",
    ),
    "foreign key": Part(
        "'table'", "k.TABLE_NAME", "CONCAT('foreign key ', k.CONSTRAINT_NAME)", "k.ORDINAL_POSITION",
        ["CONCAT('`', k.COLUMN_NAME, '` -> `', k.REFERENCED_TABLE_NAME, '`.`', k.REFERENCED_COLUMN_NAME, '`')", _rule("DELETE"), _rule("UPDATE")],
        "information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r "
        "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME "
        "WHERE k.TABLE_SCHEMA = {here} AND r.CONSTRAINT_SCHEMA = {here} AND k.REFERENCED_TABLE_NAME IS NOT NULL",
    ),
    "check": Part(
        "'table'", "n.TABLE_NAME", "CONCAT('check ', n.CONSTRAINT_NAME)", "1",
        [(_own("x.CHECK_CLAUSE"), "n.CHECK_CLAUSE"), ("IF(n.ENFORCED = 'NO', 'NOT ENFORCED', NULL)", None)],
        ("information_schema.CHECK_CONSTRAINTS AS x JOIN information_schema.TABLE_CONSTRAINTS AS n "
         "ON n.CONSTRAINT_SCHEMA = x.CONSTRAINT_SCHEMA AND n.CONSTRAINT_NAME = x.CONSTRAINT_NAME "
         "AND n.CONSTRAINT_TYPE = 'CHECK' WHERE x.CONSTRAINT_SCHEMA = {here}",
         "information_schema.CHECK_CONSTRAINTS AS n WHERE n.CONSTRAINT_SCHEMA = {here}"),
    ),
    "partitions": Part(
        "'table'", "p.TABLE_NAME", "'partitions'", "p.PARTITION_ORDINAL_POSITION * 1000 + IFNULL(p.SUBPARTITION_ORDINAL_POSITION, 0)",
        ["p.PARTITION_NAME", "p.SUBPARTITION_NAME", "p.PARTITION_METHOD", "p.PARTITION_EXPRESSION", "p.SUBPARTITION_METHOD",
         "p.SUBPARTITION_EXPRESSION", "p.PARTITION_DESCRIPTION"],
        "information_schema.PARTITIONS AS p WHERE p.TABLE_SCHEMA = {here} AND p.PARTITION_NAME IS NOT NULL",
    ),
    # Only what it is called; its numbers are in SHOW CREATE SEQUENCE.
    "sequence": Part("'sequence'", "t.TABLE_NAME", "'sequence'", "1", ["t.TABLE_TYPE"],
                     "information_schema.TABLES AS t WHERE t.TABLE_SCHEMA = {here} AND t.TABLE_TYPE = 'SEQUENCE'"),
    "view": Part(
        "'view'", "v.TABLE_NAME", "'view'", "1",
        [_own("v.VIEW_DEFINITION"), "CONCAT('SQL SECURITY ', v.SECURITY_TYPE)", "IF(v.CHECK_OPTION = 'NONE', NULL, CONCAT('CHECK ', v.CHECK_OPTION))"],
        "information_schema.VIEWS AS v WHERE v.TABLE_SCHEMA = {here}",
    ),
    "trigger": Part(
        "'trigger'", "g.TRIGGER_NAME", "'trigger'", "1",
        ["g.ACTION_TIMING", "g.EVENT_MANIPULATION", "CONCAT('ON `', g.EVENT_OBJECT_TABLE, '`')", "g.ACTION_ORDER", _body("g.ACTION_STATEMENT")],
        "information_schema.TRIGGERS AS g WHERE g.TRIGGER_SCHEMA = {here}",
    ),
    "routine": Part(
        "LOWER(p.ROUTINE_TYPE)", "p.ROUTINE_NAME", "LOWER(p.ROUTINE_TYPE)", "99999",
        ["CONCAT('RETURNS ', p.DTD_IDENTIFIER, IFNULL(CONCAT(' COLLATE ', p.COLLATION_NAME), ''))",
         "IF(p.IS_DETERMINISTIC = 'YES', 'DETERMINISTIC', NULL)",
         "p.SQL_DATA_ACCESS",
         "CONCAT('SQL SECURITY ', p.SECURITY_TYPE)",
         _if("p.ROUTINE_COMMENT", "CONCAT('COMMENT ', QUOTE(p.ROUTINE_COMMENT))"),
         _body("p.ROUTINE_DEFINITION", f"IFNULL(%s, '{UNREADABLE}')")],
        "information_schema.ROUTINES AS p WHERE p.ROUTINE_SCHEMA = {here} AND p.ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')",
    ),
    "parameter": Part(
        "LOWER(a.ROUTINE_TYPE)", "a.SPECIFIC_NAME", "LOWER(a.ROUTINE_TYPE)", "a.ORDINAL_POSITION",
        ["a.PARAMETER_MODE", "a.PARAMETER_NAME", "a.DTD_IDENTIFIER", "a.COLLATION_NAME"],
        "information_schema.PARAMETERS AS a WHERE a.SPECIFIC_SCHEMA = {here} AND a.ORDINAL_POSITION > 0",
    ),
    "event": Part(
        "'event'", "e.EVENT_NAME", "'event'", "1",
        ["IFNULL(CONCAT('EVERY ', e.INTERVAL_VALUE, ' ', e.INTERVAL_FIELD), 'ONCE')",
         "CONCAT('ON COMPLETION ', e.ON_COMPLETION)",
         "e.STATUS",
         _if("e.EVENT_COMMENT", "CONCAT('COMMENT ', QUOTE(e.EVENT_COMMENT))"),
         _body("e.EVENT_DEFINITION", "CONCAT('DO ', %s)")],
        _EVENTS,
    ),
    **{
        # In a key of its own: where no file says when, any time is right.
        part: Part("'event'", "e.EVENT_NAME", f"'{part}'", "1", [f"e.{column}"], f"{_EVENTS} AND e.{column} < '{PRESENT}'")
        for part, column in (("at", "EXECUTE_AT"), ("starts", "STARTS"), ("ends", "ENDS"))
    },
    "schema": Part(
        "'schema'", "''", "'charset'", "1", ["h.DEFAULT_CHARACTER_SET_NAME", "h.DEFAULT_COLLATION_NAME"],
        "information_schema.SCHEMATA AS h WHERE h.SCHEMA_NAME = {here}",
    ),
}  # fmt: skip
# Which parts tell of which kind of object.
KINDS: dict[str, tuple[str, ...]] = {
    "table": ("table", "counter", "column", "order", "index", "foreign key", "check", "partitions"),
    "view": ("view",),
    "trigger": ("trigger",),
    "routine": ("routine", "parameter"),
    "event": ("event", "at", "starts", "ends"),
    "sequence": ("sequence",),
    "schema": ("schema",),
}
