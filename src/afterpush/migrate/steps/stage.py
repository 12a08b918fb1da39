"""At which step of the history a database is: its parts are compared with the states, the latest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.schema import BY_DEFINITION, Key, State, part_kind, same, with_change
from afterpush.migrate.steps.step import SETTING, Step, known_keys


@dataclass(frozen=True)
class Journal:
    """What the journal knows: the checksums of what is done, and of what began and did not end."""

    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    is_there: bool = False


NO_JOURNAL = Journal()
NO_FILE = "none"


def initial(steps: Sequence[Step], flavour: str) -> State:
    """What the history rests on: the known parts as they were before the first step that changes them."""
    found: State = {}
    seen: set[Key] = set()
    for step in steps:
        change = step.change(flavour)
        found.update({key: text for key, text in change.before.items() if key not in seen})
        seen |= change.keys
    return found


def find_stage(
    steps: Sequence[Step], flavour: str, live: State, journal: Journal, ran_until: str = ""
) -> int | None:
    """The number of the last step whose state this is: -1 before the first one, None where it is none's.

    A state may come back (DROP, then CREATE as before): with a journal, the first one not before what
    it knows counts; without, the latest, but an empty database takes the whole history, whatever of it
    comes and goes. `ran_until` names the stage of a database without a journal. Raises AfterpushError where
    it is not in the state of this stage.
    """
    if ran_until and not journal.is_there:
        return _named_stage(steps, flavour, live, ran_until)
    if not (journal.is_there or live or initial(steps, flavour)) and final(steps, flavour):
        return -1
    for with_order in (True, False):
        found = _matching(steps, flavour, live, with_order=with_order)
        if found:
            known = _last_noted(steps, journal)
            return min((number for number in found if number >= known), default=found[0])
    return None


def _named_stage(steps: Sequence[Step], flavour: str, live: State, file: str) -> int:
    """The last step of the file, if the database is in the state behind it."""
    numbers = [-1] if file == NO_FILE else [at for at, step in enumerate(steps) if step.file == file]
    if not numbers:
        raise AfterpushError(f"--ran-until={file}: no step is of this file (`{NO_FILE}` if no file ran)")
    if not any(numbers[-1] in _matching(steps, flavour, live, with_order=one) for one in (True, False)):
        raise AfterpushError(
            f"--ran-until={file}: the database is not as it is after this file; name the last one that ran"
        )
    return numbers[-1]


def _last_noted(steps: Sequence[Step], journal: Journal) -> int:
    """The last step up to which the journal knows all; behind all of them where there is no journal."""
    if not journal.is_there:
        return len(steps)
    last = -1
    for number, step in enumerate(steps):
        if step.kind != SETTING and step.checksum not in journal.done:
            break
        last = number
    return last


def _matching(steps: Sequence[Step], flavour: str, live: State, *, with_order: bool) -> list[int]:
    """The numbers of all steps whose state this is, the latest first.

    Without the order of columns where that fits none: it differs where a column was added another way.
    """
    state, numbers = final(steps, flavour), []
    known = {key for key in known_keys(steps, flavour) if with_order or key[2] != "order"}
    wrong = {key for key in known if not same(key, state.get(key), live.get(key))}
    for number in range(len(steps) - 1, -2, -1):
        if not wrong:
            numbers.append(number)
        if number < 0:
            break
        change = steps[number].change(flavour)
        for key in change.keys & known:
            if same(key, change.before.get(key), live.get(key)):
                wrong.discard(key)
            else:
                wrong.add(key)
    return numbers


def final(steps: Sequence[Step], flavour: str) -> State:
    """The known parts after the last step."""
    state = initial(steps, flavour)
    for step in steps:
        change = step.change(flavour)
        state = with_change(state, change.before, change.after)
    return state


def orders_of(steps: Sequence[Step], flavour: str) -> dict[str, set[str]]:
    """The columns of each table that the history knows."""
    found: dict[str, set[str]] = {}
    for step in steps:
        change = step.change(flavour)
        for key, text in (*change.before.items(), *change.after.items()):
            if key[2] == "order":
                found.setdefault(key[1], set()).update(text.split(", "))
    return found


def restricted(live: State, known: set[Key], orders: Mapping[str, set[str]]) -> State:
    """The parts that the history knows; a column that it does not know changes no order."""
    found = {key: text for key, text in live.items() if key in known}
    for key, text in found.items():
        if key[2] == "order":
            found[key] = ", ".join(name for name in text.split(", ") if name in orders.get(key[1], ()))
    return found


def with_known_names(
    live: State, everything: State, known: set[Key], steps: Sequence[Step], flavour: str
) -> tuple[State, dict[Key, str]]:
    """Indexes, keys and checks that are there under another name, under the name that the history knows."""
    names: dict[Key, str] = {}
    texts: dict[Key, set[str]] = {}
    for step in steps:
        change = step.change(flavour)
        for key, text in (*change.before.items(), *change.after.items()):
            if key[2].startswith(BY_DEFINITION):
                texts.setdefault(key, set()).add(text)
    for key, text in everything.items():
        if key in known or not key[2].startswith(BY_DEFINITION):
            continue
        kind = part_kind(key)
        for other in sorted(texts):
            if other[1] == key[1] and part_kind(other) == kind and other not in live and text in texts[other]:
                live[other], names[other] = text, key[2][len(kind) + 1 :]
                break
    return live, names
