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

from afterpush.migrate.replay.schema import Key, State, same, shown, with_change
from afterpush.migrate.steps.decide_rows import with_rows, with_settings, with_waiting
from afterpush.migrate.steps.plan import Decision, Plan, Situation, Verdict
from afterpush.migrate.steps.stage import find_stage
from afterpush.migrate.steps.step import SCHEMA, Step
from afterpush.migrate.steps.timeline import Timeline


def decide(steps: Sequence[Step], now: Situation) -> Plan:
    """The verdict for every step."""
    line = Timeline(steps, now.flavour)
    live, names = line.known_of(now.live)
    stage = find_stage(line, live, now.journal, now.ran_until)
    if stage is not None:
        verdicts = [
            Decision(step, Verdict.DONE if number <= stage else Verdict.NEEDED)
            for number, step in enumerate(steps)
        ]
    else:
        verdicts = _by_parts(line, live)
    verdicts = with_rows(verdicts, now, stage)
    verdicts = with_waiting(verdicts, now)
    return Plan(tuple(with_settings(verdicts)), names)


# Step by step


def _by_parts(line: Timeline, live: State) -> list[Decision]:
    forced: set[int] = set()
    while True:
        decisions, more = _pass(line, live, forced)
        if more <= forced:
            return decisions
        forced |= more


def _pass(line: Timeline, live: State, forced: set[int]) -> tuple[list[Decision], set[int]]:
    """One pass over the steps, on a copy of the state that goes along; and which ones must run for others.

    CREATE PROCEDURE p; CALL p; DROP PROCEDURE p: without p the first and the last are done, but where
    the CALL is needed the first one must run for it.
    """
    now, recorded = dict(live), line.initial
    makers: dict[str, int] = {}
    decisions, more = [], set()
    for number, (step, change) in enumerate(zip(line.steps, line.changes, strict=True)):
        decision = Decision(step, Verdict.DONE)
        if step.kind == SCHEMA:
            decision = _by_its_parts(line, number, now, number in forced)
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


def _by_its_parts(line: Timeline, number: int, now: State, is_forced: bool) -> Decision:
    step, change = line.steps[number], line.changes[number]
    keys = {key for key in change.keys if key[2] not in ("order", "counter")} or change.keys
    is_before = _is(keys, change.before, now)
    if is_forced and is_before:
        return Decision(step, Verdict.NEEDED)
    if any(_is(keys, state, now) for state in _from(line, number, keys)):
        return Decision(step, Verdict.DONE)
    if is_before:
        return Decision(step, Verdict.NEEDED)
    return Decision(step, Verdict.DRIFTED, _difference(line, number, keys, now))


def _is(keys: set[Key], state: Mapping[Key, str], now: State) -> bool:
    return all(same(key, state.get(key), now.get(key)) for key in keys)


def _from(line: Timeline, number: int, keys: set[Key]) -> Iterator[State]:
    """The state of these parts after this step, and after each later one that changes any of them."""
    state: State = {}
    for change in line.changes[number:]:
        if change.keys & keys:
            state = with_change(state, change.before, change.after)
            yield state


def _difference(line: Timeline, number: int, keys: set[Key], now: State) -> str:
    """Part by part: what is there, and what the history makes of it."""
    states = [line.changes[number].before, *_from(line, number, keys)]
    nearest = min(states, key=lambda state: sum(not same(key, state.get(key), now.get(key)) for key in keys))
    said = []
    for key in sorted(keys):
        if same(key, nearest.get(key), now.get(key)):
            continue
        texts = list(dict.fromkeys(state.get(key, "nothing") for state in reversed(states)))
        said.append(f"{shown(key)}: here {now.get(key, 'nothing')}; expected {' or '.join(texts)}")
    return "; ".join(said)
