"""The consolidated file: the steps as SQL that `migrate.apply` reads, and that a plain client can run.

Each step has a line of facts (JSON: where it comes from, and the parts that it changes, before and after)
and its statement. For a plain client, the head of the file finds out at which step the database is, by a
hash over the parts that the steps know, and each statement runs only behind that place:

    SET @afterpush_stage = 3;
    -- step: {"name": "migrations/002.sql:1 ALTER TABLE users", ...}
    SET @afterpush_sql = IF(@afterpush_stage < 4, 'ALTER TABLE users ADD email ...', 'DO 0');
    PREPARE ...; EXECUTE ...; DEALLOCATE PREPARE ...;

A database that is at no step stops a plain client at the head: `inv migrate.apply` says part by part what
differs, and copes with more. Triggers, routines and events cannot be prepared (MySQL manual, "SQL Syntax
Permitted in Prepared Statements"): they stay as they are and are made again on each run.
"""

import json
import re
from collections.abc import Sequence

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.statements.split import split
from afterpush.migrate.statements.tokens import literal, quoted, string_value, tokens
from afterpush.migrate.steps.journal import JOURNAL_TABLE
from afterpush.migrate.steps.sql_head import EXECUTE, KEPT, SQL, STAGE, head
from afterpush.migrate.steps.step import DATA, SETTING, Change, Step, facts_of, step_from

UNPREPARED = frozenset(["trigger", "procedure", "function", "event"])
_HEADER = re.compile(r"^-- step: (\{.*\})\r?$", re.MULTILINE)
_RUN = "@afterpush_run"
_ANEW = "change the sources and run `inv migrate.consolidate` again"


def render_sql(steps: Sequence[Step], *, may_lose: bool) -> str:
    """The text of the consolidated file."""
    parts = [head(steps)]
    called = {word for step in steps if step.sql[:4].upper() == "CALL" for word in step.words}
    for number, step in enumerate(steps):
        facts = json.dumps(facts_of(step), ensure_ascii=False)
        parts.append(f"-- step: {facts}\n{_body(steps, number, may_lose, called)}")
        if _ends_file_with_settings(steps, number):
            parts.append(f"SET {', '.join(f'{name} = @afterpush_{name}' for name in KEPT)};\n")
    return "\n".join(parts)


def read_sql(text: str, file: str = "consolidated.sql") -> list[Step]:
    """The steps of a consolidated file.

    Raises AfterpushError naming the line where it is not what `render_sql` writes: a file edited by hand must
    not run half understood.
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


def _read(header: str, body: str, where: str) -> Step:
    try:
        facts = json.loads(header)
        statements = split(body, where)
        kept = [one.sql for one in statements if one.sql.startswith(f"SET {_RUN} = ")]
        plain = [one.sql for one in statements if not one.sql.startswith(f"SET {KEPT[0]} = @afterpush_")]
        sql = string_value(list(tokens(kept[0]))[-1].text) if kept else plain[-1]
        step = step_from(facts, sql)
        known = facts["sha256"]
    except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
        raise AfterpushError(
            f"{where}: not a step as `inv migrate.consolidate` writes it; {_ANEW}"
        ) from error
    if known != facts_of(step)["sha256"]:
        raise AfterpushError(f"{where}: {step.name} was edited by hand (its checksum differs); {_ANEW}")
    return step


def _body(steps: Sequence[Step], number: int, may_lose: bool, called: set[str]) -> str:
    step = steps[number]
    if step.kind == SETTING:
        return _plain(step.sql)
    if step.kind == DATA:
        return _journaled(step)
    program = _program(step)
    if program:
        return _made_anew(steps, number, *program, called)
    run = _RUN
    if step.loses and not may_lose:
        stop = f"SELECT * FROM `it loses rows or values: step {number}, see migrate.destructive`"
        run = f"IF({STAGE} = -1, {_RUN}, {literal(stop)})"
    return f"{_kept(step)}SET {SQL} = IF({STAGE} < {number}, {run}, 'DO 0');\n{EXECUTE}"


def _kept(step: Step) -> str:
    """The statement as a text: for PREPARE, and for those who read this file."""
    return f"SET {_RUN} = {literal(step.sql)};\n"


def _program(step: Step) -> tuple[str, str, bool] | None:
    """Kind and name of the program that the step is about, and whether it is there afterwards."""
    change = next(iter(step.changes.values()), Change())
    verb = step.sql[:6].upper()
    kinds = {kind for kind, _, _ in change.keys}
    if (
        verb not in ("CREATE", "/*!500", "ALTER ", "DROP T", "DROP P", "DROP F", "DROP E")
        or not kinds <= UNPREPARED
        or not kinds
    ):
        return None
    named = [key for key in sorted(change.keys) if key[1].lower() in step.words]
    if not named:
        return None
    return named[0][0], named[0][1], named[0] in change.after


def _made_anew(
    steps: Sequence[Step], number: int, kind: str, name: str, is_made: bool, called: set[str]
) -> str:
    """Only the last form of a program is made here, and those that a CALL needs on its way."""
    step, key = steps[number], (kind, name, kind)
    later = [
        other for other in steps[number + 1 :] if any(key in change.keys for change in other.changes.values())
    ]
    drop = f"DROP {kind.upper()} IF EXISTS {quoted(name)};\n"
    is_alter = step.sql[:5].upper() == "ALTER"
    if is_made and (
        is_alter or not later or name.lower() in called or any(o.sql[:5].upper() == "ALTER" for o in later)
    ):
        return ("" if is_alter else drop) + _plain(step.sql)
    return _kept(step) if is_made else drop + _kept(step)


def _plain(sql: str) -> str:
    if len(found := split(f"{sql};\n;", "")) == 1 and found[0].sql == sql and ";" not in sql:
        return f"{sql};\n"
    delimiter = next(mark for mark in ("//", "$$", "@@@@", ";;;;") if mark not in sql)
    # In a line of its own, since a comment may be the last thing in the statement.
    return f"DELIMITER {delimiter}\n{sql}\n{delimiter}\nDELIMITER ;\n"


def _journaled(step: Step) -> str:
    row = f"checksum = '{step.checksum}'"
    name = literal(step.name[:190])
    return (
        f"START TRANSACTION;\n{_kept(step)}"
        f"SET {SQL} = IF((SELECT COUNT(*) FROM {JOURNAL_TABLE} WHERE {row}) = 0, {_RUN}, 'DO 0');\n"
        f"{EXECUTE}"
        f"INSERT IGNORE INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at)\n"
        f"  VALUES ({name}, '{step.checksum}', 'done', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));\n"
        "COMMIT;\n"
    )


def _ends_file_with_settings(steps: Sequence[Step], number: int) -> bool:
    file = steps[number].file
    if number + 1 < len(steps) and steps[number + 1].file == file:
        return False
    return any(step.file == file and step.kind == SETTING for step in steps)
