"""One idempotent step of the consolidated way, and the SQL file that holds them.

A step is one DDL statement (or, of kind `data`, one DML statement) with a probe. The probe is a query of
one row and one column `state`, which reads information_schema of the current schema:

* `needed`:  the thing is not there: execute `sql`;
* `done`:    it is there with this definition, under whatever name: execute nothing;
* `drifted`: it is there, defined otherwise: execute nothing and fail, naming the step.

Whoever executes a step asks the probe first; after a failed `sql` it asks again, for another process may
have been faster: `done` is then good. A step of kind `data` has no probe: it runs once, in one transaction
with its row in the journal table. Steps run in their order; each may rely on those before it.

The file (`migrations/consolidated.sql`) can also be run as it is with a mysql client, again and again, on
MySQL 8 and MariaDB: `read_sql(render_sql(steps))` gives the same steps. Its form, for each step:

    -- step: {"name": "column a.b", "kind": "column", "table": "a", "checksum": "0123456789abcdef"}
    SET @afterpush_state = (<probe>);
    SET @afterpush_sql = CASE @afterpush_state WHEN 'needed' THEN '<sql>' WHEN 'done' THEN 'DO 0'
      ELSE 'SELECT * FROM `drifted: column a.b`' END;
    PREPARE ...; EXECUTE ...; DEALLOCATE PREPARE ...;

(the last branch is an error on purpose: it is how plain SQL stops). Triggers, routines and events cannot
be prepared on MySQL: they stand there as they are, with the probe in the header, each after a step that
drops them. A client without probes makes them anew on every run; the result is the same. A step of kind
`data` is inserted together with its journal row, in one transaction.

Rows that the old way wrote must not be written again. So where there is data, the first step is the
`baseline`: once in a database's life, before any table is made, it notes all steps for rows as done if a
table of the migrations is there already.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.statements import Statement, split
from afterpush.migrate.tokens import literal, string_value, tokens

JOURNAL_TABLE = "afterpush_migrations"
JOURNAL_SQL = f"""\
CREATE TABLE IF NOT EXISTS {JOURNAL_TABLE} (
  step VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  checksum CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME(6) NOT NULL,
  finished_at DATETIME(6) NULL,
  PRIMARY KEY (step, checksum)
) ENGINE=InnoDB"""
# What a prepared statement of MySQL 8 may not be ("SQL Syntax Permitted in Prepared Statements").
UNPREPARED = frozenset(["trigger", "procedure", "function", "event"])
MARK = "Written by `inv migrate.consolidate`"
_HEADER = re.compile(r"^-- step: (\{.*\})\r?$", re.MULTILINE)
_STATE, _SQL = "@afterpush_state", "@afterpush_sql"
_HEAD = f"""\
-- {MARK}; do not edit by hand.
-- Each step looks at information_schema first: what is there with the same definition is left alone, what
-- is there with another definition stops the run. Running this file again changes nothing.
-- `inv migrate.apply` runs the same steps under one lock and keeps a journal of them.

{JOURNAL_SQL};
"""


@dataclass(frozen=True)
class Step:
    """One idempotent step.

    `name` is unique and stable: the kind and the thing (`index client_needs.idx_client`). `kind` is one of
    table, column, primary_key, index, foreign_key, check, view, trigger, procedure, function, event,
    drop (of a program that is defined anew), baseline and data. `table` is empty for what belongs to none.
    """

    name: str
    kind: str
    table: str
    probe: str
    sql: str

    @cached_property
    def checksum(self) -> str:
        """16 hex digits that change when what the step does changes; kept in the journal."""
        return hashlib.sha256(f"{self.name}\n{self.sql}".encode("utf-8", "replace")).hexdigest()[:16]


def render_sql(steps: Iterable[Step]) -> str:
    """The text of the consolidated file."""
    return "\n".join([_HEAD, *map(_rendered, steps)])


BASELINE = "baseline"
_BASELINE_CHECKSUM = "0" * 16


def baseline(data: Sequence[Step], tables: Iterable[str]) -> Step:
    """The step that notes `data` as done where one of `tables` is there before the first run."""
    found = f"step = '{BASELINE}' AND checksum = '{_BASELINE_CHECKSUM}'"
    names = ", ".join(map(literal, tables)) or "''"
    rows = "\n  UNION ALL ".join(f"SELECT {literal(step.name)}, '{step.checksum}'" for step in data)
    sql = (
        f"INSERT IGNORE INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at)\n"
        "SELECT step, checksum, 'done', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM (\n"
        f"  SELECT '{BASELINE}' AS step, '{_BASELINE_CHECKSUM}' AS checksum\n  UNION ALL {rows}\n"
        f") AS entries WHERE step = '{BASELINE}' OR EXISTS (SELECT 1 FROM information_schema.TABLES\n"
        f"  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({names}))"
    )
    probe = f"SELECT IF(COUNT(*) = 0, 'needed', 'done') AS state FROM {JOURNAL_TABLE} WHERE {found}"
    return Step(BASELINE, BASELINE, "", probe, sql)


def read_sql(text: str, file: str = "consolidated.sql") -> list[Step]:
    """The steps of a consolidated file.

    Raises AfterpushError naming the line when a header, its body or its checksum is not what
    `render_sql` writes: a file edited by hand must not run half understood.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    steps: list[Step] = []
    for header, end in zip(headers, ends, strict=bool(headers)):
        where = f"{file}:{text.count(chr(10), 0, header.start()) + 1}"
        steps.append(_read(header[1], text[header.end() : end], where))
    return steps


def step_lines(text: str) -> list[int]:
    """The lines (from 1) on which the steps of a consolidated file begin."""
    return [text.count("\n", 0, header.start()) + 1 for header in _HEADER.finditer(text)]


def _rendered(step: Step) -> str:
    facts = {"name": step.name, "kind": step.kind, "table": step.table, "checksum": step.checksum}
    if is_unprepared(step):
        facts["probe"] = step.probe
    header = f"-- step: {json.dumps(facts, ensure_ascii=False)}\n"
    if is_unprepared(step):
        return header + _plain(step.sql)
    return header + (_journaled(step) if step.kind == "data" else _prepared(step))


def is_unprepared(step: Step) -> bool:
    """Whether the step's statement cannot be prepared on MySQL 8 and stands in the file as it is."""
    return step.kind in UNPREPARED or step.kind == "drop"


def _prepared(step: Step) -> str:
    stop = f"SELECT * FROM `drifted: {step.name.replace('`', '')[:54]}`"
    return (
        f"SET {_STATE} = (\n{step.probe}\n);\n"
        f"SET {_SQL} = CASE {_STATE} WHEN 'needed' THEN {literal(step.sql)}\n"
        f"  WHEN 'done' THEN 'DO 0' ELSE {literal(stop)} END;\n{_EXECUTE}"
    )


_EXECUTE = (
    f"PREPARE afterpush_step FROM {_SQL};\nEXECUTE afterpush_step;\nDEALLOCATE PREPARE afterpush_step;\n"
)


def _plain(sql: str) -> str:
    if len(split(sql + ";", "")) == 1 and ";" not in sql:
        return f"{sql};\n"
    delimiter = next(mark for mark in ("//", "$$", "@@@@", ";;;;") if mark not in sql)
    return f"DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;\n"


def _journaled(step: Step) -> str:
    row = f"step = {literal(step.name)} AND checksum = '{step.checksum}'"
    return (
        "START TRANSACTION;\n"
        f"SET {_SQL} = IF((SELECT COUNT(*) FROM {JOURNAL_TABLE} WHERE {row}) = 0,\n"
        f"  {literal(step.sql)}, 'DO 0');\n"
        f"{_EXECUTE}"
        f"INSERT IGNORE INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at)\n"
        f"  VALUES ({literal(step.name)}, '{step.checksum}', 'done', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));\n"
        "COMMIT;\n"
    )


def _read(header: str, body: str, where: str) -> Step:
    try:
        facts = json.loads(header)
        name, kind, table = facts["name"], facts["kind"], facts["table"]
        checksum, probe = facts["checksum"], facts.get("probe")
        statements = split(body, where)
        sql = statements[0].sql if probe is not None else _quoted_sql(statements)
        step = Step(name, kind, table, _probe(statements) if probe is None else probe, sql)
    except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
        raise AfterpushError(
            f"{where}: not a step as `inv migrate.consolidate` writes it; {_ANEW}"
        ) from error
    if step.checksum != checksum:
        raise AfterpushError(f"{where}: {name} was edited by hand (its checksum differs); {_ANEW}")
    return step


_ANEW = "change the sources and run `inv migrate.consolidate` again"


def _assigned(statements: Sequence[Statement], variable: str) -> str:
    return next(s.sql for s in statements if s.sql.startswith(f"SET {variable} = "))


def _quoted_sql(statements: Sequence[Statement]) -> str:
    """The statement that the file prepares: the string after THEN, or IF's second argument."""
    return string_value(next(_strings_of_choice(_assigned(statements, _SQL))))


def _strings_of_choice(sql: str) -> Iterator[str]:
    chosen = False
    depth = 0
    for token in tokens(sql):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        chosen = chosen or token.upper == "THEN" or (token.text == "," and depth == 1)
        if chosen and token.kind == "string":
            yield token.text


def _probe(statements: Sequence[Statement]) -> str:
    if statements[0].kind == "START":
        return ""
    sql = _assigned(statements, _STATE)
    return sql[sql.index("(") + 1 : sql.rindex(")")].strip()
