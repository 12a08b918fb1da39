"""What `queue.add`, `queue.run` and `queue.remove` do with the queue of a clone."""

import threading
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import is_ancestor, require_identity
from afterpush.infra.invocation import program
from afterpush.infra.processes.signals import noticing
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.manager_files import registered
from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.branches import Branch, tips
from afterpush.swarm.merge_queue.candidates import Composer
from afterpush.swarm.merge_queue.checks import CheckEngine, discard_left_checks
from afterpush.swarm.merge_queue.landing import Terms
from afterpush.swarm.merge_queue.mainline import BRANCH_TRAILER, Mainline
from afterpush.swarm.merge_queue.model import Entry, Queue, State
from afterpush.swarm.merge_queue.notice import leave_notices
from afterpush.swarm.merge_queue.runner import Runner
from afterpush.swarm.merge_queue.store import FileStore


@dataclass(frozen=True)
class QueueRun:
    """How the queue is run: the check and where it runs (None: what merges lands), how many at once."""

    check: str | None
    engine: CheckEngine | None
    places: int
    races: int
    hold: Callable[[], str | None]


@dataclass(frozen=True)
class QueueRan:
    """How a run ended: the queue, why it stopped before everything was decided, and a signal's name."""

    queue: Queue
    halted: str = ""
    interrupted: str | None = None

    @property
    def exit_code(self) -> ExitCode:
        if self.interrupted:
            return ExitCode.INTERRUPTED
        left = [entry for entry in listed(self.queue) if not entry.state.is_good]
        return ExitCode.BAD_ANSWER if left or self.halted else ExitCode.GOOD


def listed(queue: Queue) -> tuple[Entry, ...]:
    """The branches that count: all but the removed ones."""
    return tuple(entry for entry in queue.entries if entry.state != "removed")


def with_branches(
    queue: Queue, branches: Iterable[Branch], priority: int, lost: Set[str] = frozenset(), *, retry: bool
) -> Queue:
    """The queue with these branches waiting; with `retry` also those that failed at the same commit.

    Those that are `lost` have landed, and are waiting again even so.
    """
    entries = [_entry(branch, priority) for branch in branches]
    kept = tuple(entry for entry in queue.entries if entry.branch not in lost)
    return transitions.added(replace(queue, entries=kept), entries, retry=retry)


def _entry(branch: Branch, priority: int) -> Entry:
    entry = Entry(branch.name, branch.sha, priority, branch.author)
    # Without a commit, for whichever of its two is the right one it is tried with that.
    return replace(entry, sha="", state=State.EVICTED, reason=branch.problem) if branch.problem else entry


def lost_landings(repo: Path, mainline: Mainline, queue: Queue, branches: Iterable[Branch]) -> set[str]:
    """Which of these have landed at this commit, on a main that somebody has reset since."""
    asked = {(branch.name, branch.sha) for branch in branches}
    landed = {
        entry.branch: entry.head or entry.landed_sha
        for entry in queue.entries
        if entry.state.is_good and (entry.branch, entry.sha) in asked
    }
    if not landed:
        return set()
    main = mainline.look()[0]
    gone = {sha for sha in set(landed.values()) if sha and not is_ancestor(repo, sha, main)}
    return {branch for branch, sha in landed.items() if sha in gone}


def run_queue(context: SwarmContext, store: FileStore, mainline: Mainline, order: QueueRun) -> QueueRan:
    """Runs the queue of this clone until all is decided. Raises AfterpushError when another process does."""
    held = store.run_lock()
    if held is None:
        raise AfterpushError(
            f"another {program()} queue.run is at work in this clone; it takes up what is added meanwhile "
            f"({program()} queue.status shows how far it is)",
            ExitCode.RUNNING,
        )
    try:
        require_identity(context.repo)
        with registered(context.state):
            discard_left_checks(context)
            return _run(context, store, mainline, order)
    finally:
        held.release()


def _run(context: SwarmContext, store: FileStore, mainline: Mainline, order: QueueRun) -> QueueRan:
    store.update(lambda queue: transitions.with_check(queue, order.check or ""))
    names = [entry.branch for entry in store.load().waiting]
    now_at = tips(context.repo, mainline.target, names) if names else {}
    store.update(lambda queue: _moved(queue, now_at))
    stopped = threading.Event()

    def tell(branch: str) -> None:
        entry = store.load().entry(branch)
        if entry:
            context.note(f"{branch}: {entry.state}: {entry.reason}")
            leave_notices(context.repo, [entry], str(mainline.target), context.redact)

    runner = Runner(
        context.repo,
        store,
        mainline,
        Composer(context.repo, mainline.target, context.merging, _message, _again),
        order.engine,
        context.clock,
        Terms(hold=order.hold, landed=context.watch, decided=tell),
        order.places,
        order.races,
        is_stopped=stopped.is_set,
        redact=context.redact,
    )
    with noticing(stopped.set) as notice:
        runner.run()
    queue = store.load()
    # A run that was killed may have decided without reporting it.
    decided = [entry for entry in queue.entries if not entry.state.is_open]
    leave_notices(context.repo, decided, str(mainline.target), context.redact)
    return QueueRan(queue, runner.halted, notice.name)


def _moved(queue: Queue, now_at: dict[str, str]) -> Queue:
    """Branches that have new commits since they were added are queued with them."""
    entries = [
        replace(e, sha=now_at[e.branch], is_proven=False)
        if e.state.is_open and now_at.get(e.branch, e.sha) != e.sha
        else e
        for e in queue.entries
    ]
    return replace(queue, entries=tuple(entries))


def _message(entry: Entry) -> str:
    return f"Merge {entry.branch}\n\n{BRANCH_TRAILER}: {entry.branch}\n"


def _again(entry: Entry) -> str:
    return f"queue.run --branch={entry.branch}"


def without_branches(queue: Queue, names: Sequence[str], matches: Callable[[str], bool]) -> Queue:
    """The queue without these; raises AfterpushError for a name that is not in it, or when none matches."""
    for name in names:
        if queue.entry(name) is None:
            raise AfterpushError(f"{name} is not in the queue; {program()} queue.status lists what is")
    chosen = [entry.branch for entry in queue.entries if entry.branch in names or matches(entry.branch)]
    if not chosen:
        raise AfterpushError(f"no branch of the queue matches; {program()} queue.status lists what is in it")
    return transitions.removed(queue, chosen)
