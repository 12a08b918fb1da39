"""What follows for rows, losses and settings once it is decided which definitions are needed."""

from dataclasses import replace

from afterpush.migrate.replay.schema import part_kind
from afterpush.migrate.steps.plan import Decision, Situation, Verdict
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Step


def with_rows(decisions: list[Decision], now: Situation, stage: int | None) -> list[Decision]:
    """A step for rows runs once, at its place: what the journal knows is done."""
    found = []
    for number, one in enumerate(decisions):
        found.append(_rows(decisions, number, now, stage) if one.step.kind == DATA else one)
    return found


def _rows(decisions: list[Decision], number: int, now: Situation, stage: int | None) -> Decision:
    step = decisions[number].step
    if step.checksum in now.journal.begun:
        why = "it began and did not end: look at its rows, then set its state in the journal to done"
        return Decision(step, Verdict.DRIFTED, why)
    if step.is_left_out or step.checksum in now.journal.done:
        return Decision(step, Verdict.DONE)
    if not now.journal.is_there:
        return _without_journal(decisions, number, now, stage)
    past = [
        one.step
        for one in decisions[number + 1 :]
        if one.step.kind == SCHEMA and one.verdict is Verdict.DONE
        and {name.lower() for _, name in one.step.objects(now.flavour)} & step.words
    ]  # fmt: skip
    if past:
        why = f"its place is before {past[0].place}, which is done: run it by hand, or write a later one"
        return Decision(step, Verdict.DRIFTED, why)
    return Decision(step, Verdict.NEEDED)


def _without_journal(decisions: list[Decision], number: int, now: Situation, stage: int | None) -> Decision:
    """Rows that the old way wrote, if it came that far: definitions tell, except where a file has rows only.

        001.sql  CREATE TABLE roles ...;    there, and 003.sql is not: 001.sql ran;
        002.sql  INSERT INTO roles ...;     this one too? Not if roles is empty; otherwise nobody can tell
        003.sql  ALTER TABLE roles ...;

    Behind the last definition, all counts as written; where no file has any, unless the table is empty.
    """
    step = decisions[number].step
    schema = [at for at, one in enumerate(decisions) if one.step.kind == SCHEMA]
    done = [at for at in schema if decisions[at].verdict is Verdict.DONE]
    needed = [at for at in schema if decisions[at].verdict is not Verdict.DONE]
    if now.ran_until and stage is not None:
        return Decision(step, Verdict.DONE if number <= stage else Verdict.NEEDED)
    if stage != -1 and done and (not needed or number < done[-1]):
        return Decision(step, Verdict.DONE)
    if stage == -1 or (needed and number > needed[0]):
        return Decision(step, Verdict.NEEDED)
    if done and step.file == decisions[done[-1]].step.file:
        return Decision(step, Verdict.DONE)
    tables = {name for _, name, part in now.live if part == "table"}
    is_filled = now.filled & ({name for name in tables if name.lower() in step.words} or tables)
    if is_filled and needed:
        why = (
            f"nothing shows whether {step.file} ran here: name the last file that did, with --ran-until=FILE"
        )
        return Decision(step, Verdict.DRIFTED, why)
    return Decision(step, Verdict.DONE if is_filled else Verdict.NEEDED)


def with_waiting(decisions: list[Decision], now: Situation) -> list[Decision]:
    """Without permission, a step that loses what is there waits, and so does what follows on its objects."""
    blocked: set[str] = set()
    found = []
    for one in decisions:
        step, names = one.step, {name for _, name in one.step.objects(now.flavour)}
        if one.verdict is Verdict.NEEDED and step.kind != SETTING:
            lost = {name for name in names or step.words if name in now.filled}
            if step.loses and lost and not now.may_lose and _is_there(step, now):
                one = replace(
                    one,
                    verdict=Verdict.WAITS,
                    why=f"{step.loses}; allow it with migrate.destructive or --destructive",
                )
                blocked |= {name.lower() for name in lost}
            elif blocked & (step.words | {name.lower() for name in names}):
                one = replace(one, verdict=Verdict.WAITS, why="it waits for one before it on the same object")
                blocked |= {name.lower() for name in names}
        found.append(one)
    return found


def _is_there(step: Step, now: Situation) -> bool:
    """Whether what goes was there before: a column that this very run added has nothing to lose."""
    before = [
        key for key in step.change(now.flavour).before if part_kind(key) in ("table", "column", "partitions")
    ]
    return any(key in now.live for key in before) or (
        not before and bool(step.words & {name.lower() for _, name, _ in now.live})
    )


def with_settings(decisions: list[Decision]) -> list[Decision]:
    """A setting runs where something after it in its file runs."""
    busy: set[str] = set()
    found = []
    for one in reversed(decisions):
        if one.step.kind == SETTING:
            one = replace(one, verdict=Verdict.NEEDED if one.step.file in busy else Verdict.DONE)
        elif one.verdict is Verdict.NEEDED:
            busy.add(one.step.file)
        found.append(one)
    return found[::-1]
