"""The steps as a module of JavaScript beside the boot script, which calls it in one line.

The module holds the steps as JSON and decides as `decide.py` does: it looks at information_schema with the
same query, finds the state of the history that the database is in, and runs what comes after it; where the
database is in no state as a whole, step by step. What is in no state of the history is an error before
anything is executed.
"""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.look import look_sql
from afterpush.migrate.steps.journal import JOURNAL_SQL, JOURNAL_TABLE
from afterpush.migrate.steps.runtime import RUNTIME
from afterpush.migrate.steps.sql_head import MARK
from afterpush.migrate.steps.step import Step, facts_of, flavours_of, step_from

_STEPS = re.compile(r"^const steps = \[\n(.*?)^\];$", re.MULTILINE | re.DOTALL)


def module_of(boot_script: str) -> str | None:
    """`server/autoMigrate.steps.ts` for `server/autoMigrate.ts`; None for a boot script of SQL."""
    path = PurePosixPath(boot_script)
    if path.suffix not in (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"):
        return None
    return str(path.with_name(f"{path.stem}.steps{path.suffix.replace('x', '')}"))


def steps_module(steps: Sequence[Step], *, is_typed: bool, is_esm: bool, may_lose: bool) -> str:
    """The text of the module."""
    looks = {flavour: look_sql(flavour) for flavour in flavours_of(steps)}
    lines = [json.dumps({**facts_of(step), "sql": step.sql}, ensure_ascii=False) + ",\n" for step in steps]
    return (
        f"// {MARK}; change the migrations and run it again instead.\n"
        f"{'// @ts-nocheck' + chr(10) if is_typed else ''}/* eslint-disable */\n"
        f"const steps = [\n{''.join(lines)}];\n"
        f"const looks = {json.dumps(looks, indent=1)};\n"
        f"const mayLose = {json.dumps(may_lose)};\n"
        f"const journal = {json.dumps(JOURNAL_TABLE)};\n"
        f"const makeJournal = {json.dumps(JOURNAL_SQL)};\n"
        f"{RUNTIME}"
        f"{'export { migrate };' if is_esm else 'module.exports = { migrate };'}\n"
    )


def read_module(text: str, file: str) -> list[Step]:
    """The steps of a module. Raises AfterpushError where it is not what `steps_module` writes."""
    found = _STEPS.search(text.replace("\r\n", "\n"))
    try:
        if found is None:
            raise ValueError("no steps")
        rows = json.loads(f"[{found[1].rstrip().removesuffix(',')}]")
        steps = [step_from(row, row["sql"]) for row in rows]
        known = [row["sha256"] for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise AfterpushError(
            f"{file}: not a module as `inv migrate.consolidate` writes it; run it again"
        ) from error
    for step, sha256 in zip(steps, known, strict=True):
        if facts_of(step)["sha256"] != sha256:
            raise AfterpushError(
                f"{file}: {step.name} was edited by hand; change the migrations and consolidate again"
            )
    return steps


def holds_steps(text: str) -> bool:
    """Whether a script has the steps in a block of its own."""
    return _STEPS.search(text.replace("\r\n", "\n")) is not None


def lines_of_module(text: str) -> list[int]:
    """The lines (from 1) on which the steps of a module are."""
    found = _STEPS.search(text)
    first = text.count("\n", 0, found.start(1)) + 1 if found else 1
    return [first + number for number in range(found[1].count("\n"))] if found else []
