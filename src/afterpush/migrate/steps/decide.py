"""What has to run on a database: decided from its parts alone, before anything is executed.

The parts that the history knows are compared with its states, the latest first:

    after step 3   users.email varchar(50)   <- the database has this: steps 1 to 3 are done,
    after step 4   users.email varchar(90)      4 and 5 are needed, in their order
    after step 5   users.email varchar(90) NOT NULL

A database that is in no state as a whole (someone made an index by hand, or half of it came another way) is
looked at step by step: a step is needed where all parts that it changes are as before it, done where they are
as after it or after a later one, and drifted otherwise. Nothing runs when anything is drifted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from afterpush.migrate.replay.schema import Key, State, same, shown, with_change
from afterpush.migrate.steps.stage import (
    NO_JOURNAL,
    Journal,
    find_stage,
    initial,
    orders_of,
    restricted,
    with_known_names,
)
from afterpush.migrate.steps.step import DATA, SCHEMA, SETTING, Step, known_keys


class Verdict(StrEnum):
    """What is to be done about a step."""

    NEEDED = "needed"
    DONE = "done"
    DRIFTED = "drifted"
    WAITS = "waits"


@dataclass(frozen=True)
class Decision:
    """One step and its verdict; `why` is said where it is drifted or waits."""

    step: Step
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """The decisions for all steps. `names` are live names of parts that the history knows by other ones."""

    decisions: tuple[Decision, ...]
    names: Mapping[Key, str] = field(default_factory=dict)

    def of(self, verdict: Verdict) -> list[Decision]:
        return [one for one in self.decisions if one.verdict is verdict]

    @property
    def to_run(self) -> list[Step]:
        """What is executed, settings of the same file included."""
        return [one.step for one in self.of(Verdict.NEEDED)]


@dataclass(frozen=True)
class Situation:
    """The database as it is. `filled` are tables with rows; `may_lose` is the user's permission."""

    flavour: str
    live: State
    journal: Journal = NO_JOURNAL
    filled: frozenset[str] = frozenset()
    may_lose: bool = False


def decide(steps: Sequence[Step], now: Situation) -> Plan:
    """The verdict for every step."""
    known = known_keys(steps, now.flavour)
    live, names = with_known_names(
        restricted(now.live, known, orders_of(steps, now.flavour)), now.live, known, steps, now.flavour
    )
    stage = find_stage(steps, now.flavour, live, now.journal)
    if stage is not None:
        verdicts = [
            Decision(step, Verdict.DONE if number <= stage else Verdict.NEEDED)
            for number, step in enumerate(steps)
        ]
    else:
        verdicts = _by_parts(steps, now.flavour, live)
    verdicts = _with_rows(verdicts, now, stage)
    verdicts = _with_waiting(verdicts, now)
    return Plan(tuple(_with_settings(verdicts)), names)


# Step by step


def _by_parts(steps: Sequence[Step], flavour: str, live: State) -> list[Decision]:
    forced: set[int] = set()
    while True:
        decisions, more = _pass(steps, flavour, live, forced)
        if more <= forced:
            return decisions
        forced |= more


def _pass(
    steps: Sequence[Step], flavour: str, live: State, forced: set[int]
) -> tuple[list[Decision], set[int]]:
    """One pass over the steps, on a copy of the state that goes along; and which ones must run for others.

    CREATE PROCEDURE p; CALL p; DROP PROCEDURE p: without p the first and the last are done, but where
    the CALL is needed the first one must run for it.
    """
    now, recorded = dict(live), initial(steps, flavour)
    makers: dict[str, int] = {}
    decisions, more = [], set()
    for number, step in enumerate(steps):
        change = step.change(flavour)
        decision = Decision(step, Verdict.DONE)
        if step.kind == SCHEMA:
            decision = _by_its_parts(steps, number, flavour, now, number in forced)
        if decision.verdict is Verdict.NEEDED:
            there = {name.lower() for _, name, _ in now}
            wanted = {name.lower() for _, name, _ in recorded} - there
            more |= {makers[word] for word in step.words & wanted if word in makers}
            now = with_change(now, change.before, change.after)
        decisions.append(decision)
        recorded = with_change(recorded, change.before, change.after)
        makers.update(
            dict.fromkeys((name.lower() for _, name, part in change.after if part in (_, "table")), number)
        )
    return decisions, more


def _by_its_parts(steps: Sequence[Step], number: int, flavour: str, now: State, is_forced: bool) -> Decision:
    step = steps[number]
    change = step.change(flavour)
    keys = {key for key in change.keys if key[2] not in ("order", "counter")} or change.keys
    is_before = _is(keys, change.before, now)
    if is_forced and is_before:
        return Decision(step, Verdict.NEEDED)
    if any(_is(keys, state, now) for state in _from(steps, number, flavour, keys)):
        return Decision(step, Verdict.DONE)
    if is_before:
        return Decision(step, Verdict.NEEDED)
    return Decision(step, Verdict.DRIFTED, _difference(steps, number, flavour, keys, now))


def _is(keys: set[Key], state: Mapping[Key, str], now: State) -> bool:
    return all(same(key, state.get(key), now.get(key)) for key in keys)


def _from(steps: Sequence[Step], number: int, flavour: str, keys: set[Key]) -> Iterator[State]:
    """The state of these parts after this step, and after each later one that changes any of them."""
    state: State = {}
    for step in steps[number:]:
        change = step.change(flavour)
        if change.keys & keys:
            state = with_change(state, change.before, change.after)
            yield state


def _difference(steps: Sequence[Step], number: int, flavour: str, keys: set[Key], now: State) -> str:
    """Part by part: what is there, and what the history makes of it."""
    states = [steps[number].change(flavour).before, *_from(steps, number, flavour, keys)]
    nearest = min(states, key=lambda state: sum(not same(key, state.get(key), now.get(key)) for key in keys))
    said = []
    for key in sorted(keys):
        if same(key, nearest.get(key), now.get(key)):
            continue
        texts = list(dict.fromkeys(state.get(key, "nothing") for state in reversed(states)))
        said.append(f"{shown(key)}: here {now.get(key, 'nothing')}; expected {' or '.join(texts)}")
    return "; ".join(said)


# Rows, losses, settings


def _with_rows(decisions: list[Decision], now: Situation, stage: int | None) -> list[Decision]:
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
        return Decision(step, Verdict.DONE if _came_with(decisions, number, stage) else Verdict.NEEDED)
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


def _came_with(decisions: list[Decision], number: int, stage: int | None) -> bool:
    """Whether a database without a journal has these rows: the old way brought it to a later place.

    Between the last done statement and the next needed one, rows of the same file came with the former.
    """
    schema = [at for at, one in enumerate(decisions) if one.step.kind == SCHEMA]
    done = [at for at in schema if decisions[at].verdict is Verdict.DONE]
    needed = [at for at in schema if decisions[at].verdict is not Verdict.DONE]
    if stage == -1 or not done:
        return False
    if not needed or number < done[-1]:
        return True
    return number < needed[0] and decisions[number].step.file == decisions[done[-1]].step.file


def _with_waiting(decisions: list[Decision], now: Situation) -> list[Decision]:
    """Without permission, a step that loses what is there waits, and so does what follows on its objects."""
    blocked: set[str] = set()
    there = {name for _, name, _ in now.live}
    found = []
    for one in decisions:
        step, names = one.step, {name for _, name in one.step.objects(now.flavour)}
        if one.verdict is Verdict.NEEDED and step.kind != SETTING:
            lost = {name for name in names or step.words if name in now.filled}
            if step.loses and lost and not now.may_lose and (names or step.words) & there:
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


def _with_settings(decisions: list[Decision]) -> list[Decision]:
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
