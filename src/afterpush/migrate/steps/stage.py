"""At which step of the history a database is: its parts are compared with the states, the latest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.schema import State, same
from afterpush.migrate.steps.step import SETTING, Step
from afterpush.migrate.steps.timeline import Timeline


@dataclass(frozen=True)
class Journal:
    """What the journal knows: the checksums of what is done, and of what began and did not end."""

    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    is_there: bool = False


NO_JOURNAL = Journal()
NO_FILE = "none"


def find_stage(line: Timeline, live: State, journal: Journal, ran_until: str = "") -> int | None:
    """The number of the last step whose state this is: -1 before the first one, None where it is none's.

    A state may come back (DROP, then CREATE as before): with a journal, the first one not before what
    it knows counts; without, the latest, but an empty database takes the whole history, whatever of it
    comes and goes. `ran_until` names the stage of a database without a journal. Raises AfterpushError where
    it is not in the state of this stage.
    """
    if ran_until and not journal.is_there:
        return _named_stage(line, live, ran_until)
    if not (journal.is_there or live or line.initial) and line.final:
        return -1
    for with_order in (True, False):
        found = _matching(line, live, with_order=with_order)
        if found:
            known = _last_noted(line.steps, journal)
            return min((number for number in found if number >= known), default=found[0])
    return None


def _named_stage(line: Timeline, live: State, file: str) -> int:
    """The last step of the file, if the database is in the state behind it."""
    numbers = [-1] if file == NO_FILE else [at for at, step in enumerate(line.steps) if step.file == file]
    if not numbers:
        raise AfterpushError(f"--ran-until={file}: no step is of this file (`{NO_FILE}` if no file ran)")
    if not any(numbers[-1] in _matching(line, live, with_order=one) for one in (True, False)):
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


def _matching(line: Timeline, live: State, *, with_order: bool) -> list[int]:
    """The numbers of all steps whose state this is, the latest first.

    Without the order of columns where that fits none: it differs where a column was added another way.
    """
    numbers = []
    known = {key for key in line.known if with_order or key[2] != "order"}
    wrong = {key for key in known if not same(key, line.final.get(key), live.get(key))}
    for number in range(len(line.steps) - 1, -2, -1):
        if not wrong:
            numbers.append(number)
        if number < 0:
            break
        change = line.changes[number]
        for key in change.keys & known:
            if same(key, change.before.get(key), live.get(key)):
                wrong.discard(key)
            else:
                wrong.add(key)
    return numbers
