"""The head of the consolidated file: a plain client finds out with it at which step the database is.

The hash over the parts that the steps know is compared with that of each state of the history. A database
that is at no step stops here, and so does one of which nobody can tell whether the next rows are in it.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from afterpush.migrate.replay.look import look_sql
from afterpush.migrate.replay.schema import ELUSIVE, State, with_change
from afterpush.migrate.statements.tokens import literal, quoted
from afterpush.migrate.steps.journal import JOURNAL_SQL, JOURNAL_TABLE
from afterpush.migrate.steps.step import DATA, SCHEMA, Step, flavours_of, known_keys
from afterpush.migrate.steps.timeline import Timeline

MARK = "Written by `inv migrate.consolidate`"
STAGE, SQL, _NEW, _FILLED = "@afterpush_stage", "@afterpush_sql", "@afterpush_new", "@afterpush_filled"
_AT_ONCE = 100
KEPT = ("sql_mode", "foreign_key_checks", "unique_checks", "time_zone")
EXECUTE = f"PREPARE afterpush_step FROM {SQL};\nEXECUTE afterpush_step;\nDEALLOCATE PREPARE afterpush_step;\n"


def head(steps: Sequence[Step]) -> str:
    """The statements before the first step."""
    flavours = flavours_of(steps)
    looks = {flavour: _stage_query(steps, flavour) for flavour in flavours}
    other = "SELECT * FROM `afterpush: consolidate again for this server`"
    mine, theirs = (literal(looks.get(flavour, other)) for flavour in ("mariadb", "mysql"))
    which = f"IF(VERSION() LIKE '%MariaDB%', {mine}, {theirs})"
    stop = "SELECT * FROM `drifted: inv migrate.apply --dry-run says what differs`"
    return (
        f"-- {MARK}; do not edit by hand.\n"
        "-- It holds the whole history. What a database has already is not run again; what is in no state\n"
        "-- of the history stops the run. `inv migrate.apply` runs the same steps under one lock, with a\n"
        "-- journal.\n\n"
        f"{JOURNAL_SQL};\n"
        f"SET {', '.join(f'@afterpush_{name} = @@SESSION.{name}' for name in KEPT)};\n"
        "SET SESSION group_concat_max_len = 4294967295;\n"
        f"SET {_NEW} = (SELECT COUNT(*) = 0 FROM {JOURNAL_TABLE});\n"
        f"SET {STAGE} = -1, {SQL} = {which if flavours else literal('DO 0')};\n{EXECUTE}"
        f"SET {SQL} = IF({STAGE} IS NULL, {literal(stop)}, 'DO 0');\n{EXECUTE}"
        f"{''.join(_unclear_rows(steps) if flavours else _rows_of_others(steps))}{_journal_begins(steps)}"
    )


def _unclear_rows(steps: Sequence[Step]) -> Iterator[str]:
    """Stops a database without a journal where only rows could tell which file ran (`decide_rows.py`)."""
    for state, stage in _stages(steps, next(iter(flavours_of(steps)), "")):
        ahead = takewhile(lambda step: step.kind != SCHEMA, steps[stage + 1 :])
        waiting = [step for step in ahead if step.kind == DATA and not step.is_left_out]
        tables = {name for _, name, part in state if part == "table"}
        asked = {name for step in waiting for name in tables if name.lower() in step.words} or tables
        if not (waiting and asked):
            continue
        filled = " OR ".join(f"EXISTS (SELECT 1 FROM {quoted(name)})" for name in sorted(asked))
        yield (
            f"SET {_FILLED} = 0, {SQL} = IF({_NEW} AND {STAGE} = {stage}, "
            f"{literal(f'SELECT {filled} INTO {_FILLED}')}, 'DO 0');\n{EXECUTE}{_stop_if_filled(waiting[0])}"
        )


def _rows_of_others(steps: Sequence[Step]) -> Iterator[str]:
    """The same for a history without definitions: it writes into tables that only the database knows."""
    waiting = [step for step in steps if step.kind == DATA and not step.is_left_out]
    words = ", ".join(map(literal, sorted({word for step in waiting for word in step.words})))
    if waiting:
        yield (
            f"SET {_FILLED} = 0, {SQL} = IF({_NEW}, (SELECT CONCAT('SELECT ', "
            "GROUP_CONCAT('EXISTS (SELECT 1 FROM `', REPLACE(TABLE_NAME, '`', '``'), '`)' SEPARATOR ' OR '), "
            f"' INTO {_FILLED}') FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
            f"AND TABLE_TYPE = 'BASE TABLE' AND LOWER(TABLE_NAME) IN ({words})), NULL);\n"
            f"SET {SQL} = IFNULL({SQL}, 'DO 0');\n{EXECUTE}{_stop_if_filled(waiting[0])}"
        )


def _stop_if_filled(step: Step) -> str:
    stop = quoted(f"{step.place[-24:]} ran? inv migrate.apply --ran-until=FILE")
    return f"SET {SQL} = IF({_FILLED}, {literal(f'SELECT * FROM {stop}')}, 'DO 0');\n{EXECUTE}"


def _journal_begins(steps: Sequence[Step]) -> str:
    """Notes in one go which rows came the old way or are not wanted, and that this database is no new one."""
    first = next((number for number, step in enumerate(steps) if step.kind == SCHEMA), None)
    rows = [
        f"SELECT {-1 if step.is_left_out or number == first else number} AS number, "
        f"{literal(step.name[:190])} AS step, '{step.checksum}' AS checksum, "
        f"'{'started' if number == first else 'done'}' AS state"
        for number, step in enumerate(steps)
        if step.kind == DATA or number == first
    ]
    parts = ["\n  UNION ALL ".join(rows[begin : begin + _AT_ONCE]) for begin in range(0, len(rows), _AT_ONCE)]
    statements = [
        f"INSERT IGNORE INTO {JOURNAL_TABLE} (step, checksum, state, started_at, finished_at)\n"
        f"SELECT step, checksum, state, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM (\n  {part}\n) AS found "
        f"WHERE number < 0 OR ({_NEW} AND number <= {STAGE});\n"
        for part in parts
    ]
    return "".join(["START TRANSACTION;\n", *statements, "COMMIT;\n"])


def _stage_query(steps: Sequence[Step], flavour: str) -> str:
    """Sets @afterpush_stage: -1 before the first step, NULL where the database is in no state of the
    history.
    """
    known = sorted(key for key in known_keys(steps, flavour) if key[2] not in ELUSIVE)
    listed = ", ".join(literal("\t".join(key)) for key in known) or "''"
    stages = {_digest(state): stage for state, stage in _stages(steps, flavour)}
    cases = " ".join(f"WHEN '{digest}' THEN {stage}" for digest, stage in stages.items())
    text = "REGEXP_REPLACE(text, ' WITH PARSER [^ ]*$', '')"
    return (
        "SELECT CASE SHA2(IFNULL(GROUP_CONCAT(line ORDER BY CAST(line AS BINARY) SEPARATOR '\n'), ''), 256) "
        f"{cases} END INTO {STAGE} FROM (SELECT CONCAT_WS('\t', kind, object, part, "
        f"GROUP_CONCAT({text} ORDER BY seq SEPARATOR ', ')) AS line "
        f"FROM ({look_sql(flavour)}) AS parts WHERE CONCAT_WS('\t', kind, object, part) IN ({listed}) "
        "GROUP BY kind, object, part) AS parts_of_it"
    )


def _stages(steps: Sequence[Step], flavour: str) -> Iterator[tuple[State, int]]:
    """Each state, and the number of the last step that is done there."""
    state = Timeline(steps, flavour).initial
    yield state, -1
    last = max((number for number, step in enumerate(steps) if step.kind == SCHEMA), default=-1)
    for number, step in enumerate(steps):
        if step.kind != SCHEMA:
            continue
        change = step.change(flavour)
        state = with_change(state, change.before, change.after)
        yield state, _with_its_rows(steps, number, last)


def _with_its_rows(steps: Sequence[Step], number: int, last: int) -> int:
    """The last of the steps for rows that came with a schema step: those of its file, at the end all."""
    stage = number
    while stage + 1 < len(steps) and steps[stage + 1].kind != SCHEMA:
        if number != last and steps[stage + 1].file != steps[number].file:
            break
        stage += 1
    return stage


def _digest(state: State) -> str:
    lines = [
        "\t".join((*key, re.sub(r" WITH PARSER [^ ]*$", "", text))).encode()
        for key, text in state.items()
        if key[2] not in ELUSIVE
    ]
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()
