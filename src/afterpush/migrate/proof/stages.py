"""The stages from which a database can come: every source file is the end of one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterpush.infra.database import Connection
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.seeds import Columns, columns_of
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scope import ROWS
from afterpush.migrate.statements.split import kind_of
from afterpush.migrate.steps.decide import decide
from afterpush.migrate.steps.plan import Situation, Verdict
from afterpush.migrate.steps.stage import Journal
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Step, steps_of

# Executions that further stages may cost.
_EXECUTIONS = 900
_UNSTEADY = ("uuid", "rand", "random_bytes", "connection_id", "current_user", "last_insert_id")


@dataclass(frozen=True)
class Stage:
    """The end of a source file. `wrong` is a step that is decided otherwise there than it should be.

    `is_old_way`: what the new way executes from there is what is left of the old one, word for word.
    """

    file: str
    wrong: str = ""
    is_old_way: bool = False


def stages_of(ways: Ways, flavour: str) -> Iterator[Stage]:
    """Every source file as a stage: pure, from the states of the history.

    After the old way has run up to a file, each step of a later file that changes the schema must be
    needed and each other one done; unless the state there is one of a later time too, which then
    counts.
    """
    states: dict[str, State] = {}
    for effect, state in zip(ways.history.effects, ways.history.states(), strict=True):
        states[effect.statement.file] = state
    old = _settled([one for one in steps_of({flavour: ways.history}, with_data=True) if not _is_rows(one)])
    done: set[str] = set()
    for file in ways.files:
        done.add(file)
        plan = decide(ways.steps, Situation(flavour, states[file], Journal(), may_lose=True))
        verdicts = [one for one in plan.decisions if one.step.kind == SCHEMA]
        ahead = [one for one in verdicts if one.step.file not in done and one.verdict is not Verdict.NEEDED]
        behind = [one for one in verdicts if one.step.file in done and one.verdict is not Verdict.DONE]
        is_later_too = all(one.verdict in (Verdict.DONE, Verdict.NEEDED) for one in verdicts) and not behind
        wrong = (behind or ahead)[0].step.name if behind or (ahead and not is_later_too) else ""
        left = [one.sql for one in old if one.file not in done]
        yield Stage(file, wrong, not ways.with_data and [one.sql for one in plan.to_run] == left)


def _settled(steps: Sequence[Step]) -> list[Step]:
    """Without the settings behind the last other step of a file: they end with its session."""
    found: list[Step] = []
    for step in reversed(steps):
        if step.kind != SETTING or any(one.file == step.file for one in found[-1:]):
            found.append(step)
    return found[::-1]


def _is_rows(step: Step) -> bool:
    return step.kind == DATA and kind_of(step.sql).split(" ")[0] in ROWS


def executed_stages(stages: Sequence[Stage], statements: int) -> list[str]:
    """The stages from which both ways are really executed, with rows: the first, the middle and the last one,
    and those where the new way executes anything but the rest of the old one, as far as time allows."""
    between = [one.file for one in stages[:-1]]
    others = [one.file for one in stages[:-1] if not one.is_old_way]
    if len(others) * max(1, statements) > _EXECUTIONS:
        others = _some(others)
    return [file for file in between if file in {*_some(between), *others}]


def _some(files: Sequence[str]) -> list[str]:
    return [files[0], files[len(files) // 2], files[-1]] if files else []


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
