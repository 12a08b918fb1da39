"""The stages from which a database can come: every source file is the end of one."""

from collections.abc import Iterator, Mapping

from afterpush.infra.database import Connection
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.seeds import Columns, columns_of
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scope import ROWS
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.plan import Situation, Verdict
from afterpush.migrate.steps.stage import Journal
from afterpush.migrate.steps.step import SCHEMA

# Executions that the stages may cost; with more, only some stages are executed (decisions are asked for
# at all).
_EXECUTIONS = 900
_UNSTEADY = ("uuid", "rand", "random_bytes", "connection_id", "current_user", "last_insert_id")


def chosen_stages(ways: Ways) -> list[str]:
    """The files after which the new way is really executed: all where that is quick, else some."""
    files = ways.files[:-1]
    if len(files) * max(1, len(ways.old)) <= _EXECUTIONS:
        return files
    return list(dict.fromkeys([files[0], files[len(files) // 2], files[-1]]))


def undecided(ways: Ways, flavour: str) -> Iterator[tuple[str, str]]:
    """Stages at which a step is decided otherwise than it should be, as (file, step): pure, for every file.

    After the old way has run up to a file, each step of a later file that changes the schema must be
    needed and each other one done; unless the state there is one of a later time too, which then
    counts.
    """
    states: dict[str, State] = {}
    for effect, state in zip(ways.history.effects, ways.history.states(), strict=True):
        states[effect.statement.file] = state
    done: set[str] = set()
    for file in ways.files:
        done.add(file)
        plan = decide(ways.steps, Situation(flavour, states[file], Journal(), may_lose=True))
        verdicts = [one for one in plan.decisions if one.step.kind == SCHEMA]
        ahead = [one for one in verdicts if one.step.file not in done and one.verdict is not Verdict.NEEDED]
        behind = [one for one in verdicts if one.step.file in done and one.verdict is not Verdict.DONE]
        is_later_too = all(one.verdict in (Verdict.DONE, Verdict.NEEDED) for one in verdicts) and not behind
        if behind or (ahead and not is_later_too):
            yield file, (behind or ahead)[0].step.name


def rows_of(connection: Connection, schema: str, ways: Ways) -> Mapping[str, Columns]:
    """The tables whose rows can be compared: not those that a statement fills with what differs each time."""
    unsteady = {
        word
        for one in ways.old
        if one.kind.split(" ")[0] in ROWS and any(f"{name}(" in one.sql.lower() for name in _UNSTEADY)
        for word in one.sql.lower().replace("`", " ").replace("(", " ").split()
    }
    return {
        table: columns
        for table, columns in columns_of(connection, schema).items()
        if table.lower() not in unsteady
    }
