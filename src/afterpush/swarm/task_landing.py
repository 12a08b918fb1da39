"""The swarm's side of the queue: a finished attempt goes in, and what became of it comes out.

Attempts that finish while another one is checked land together. With main, in one atomic push, their claims
are given up: a task whose claim was lost cannot land.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.leases import ABSENT, Change, fetch_objects, fetched_refs, push_changes, remote_refs
from afterpush.infra.git.refs import ref_value
from afterpush.infra.invocation import program
from afterpush.infra.log_tail import first_words
from afterpush.swarm.claims import PREFIX, Held
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.merge_queue import transitions
from afterpush.swarm.merge_queue.branches import newest_of
from afterpush.swarm.merge_queue.candidates import Composer
from afterpush.swarm.merge_queue.checks import LocalChecks
from afterpush.swarm.merge_queue.landing import Terms
from afterpush.swarm.merge_queue.mainline import BRANCH_TRAILER, TASK_TRAILER, Mainline
from afterpush.swarm.merge_queue.model import Cause, Entry, Queue, State
from afterpush.swarm.merge_queue.runner import Runner
from afterpush.swarm.merge_queue.store import MemoryStore
from afterpush.swarm.states import TaskState


@dataclass(frozen=True)
class Finished:
    """A finished attempt and the claim under which it may land."""

    task: str
    title: str
    branch: str
    tip: str
    held: Held


@dataclass(frozen=True)
class Landing:
    """What became of it; `sha` is the commit on main."""

    state: TaskState
    reason: str
    sha: str | None = None


_STATES = {
    Cause.CHECK: TaskState.CHECK_FAILED,
    Cause.CONFLICT: TaskState.CONFLICT,
    Cause.LOST_CLAIM: TaskState.SKIPPED,
}


class MergeQueue:
    """Lands finished attempts, from any thread: the first one runs the queue for all that are in it."""

    def __init__(
        self,
        context: SwarmContext,
        mainline: Mainline,
        *,
        check: str | None,
        check_seconds: float,
        races: int,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._context, self._main, self._is_stopped = context, mainline, is_stopped
        self._finished: dict[str, Finished] = {}
        self._turn = threading.Lock()
        self._store = MemoryStore()
        self._runner = Runner(
            context.repo,
            self._store,
            mainline,
            Composer(context.repo, mainline.target, context.merging, self._message, lambda _: "swarm.merge"),
            LocalChecks(context, check, check_seconds, context.explain) if check else None,
            context.clock,
            terms=Terms(claims=self._claims, lost=self._lost, landed=context.watch),
            races=races,
            doubts_contained=True,
            is_stopped=is_stopped,
            redact=context.redact,
        )

    def land(self, finished: Finished) -> Landing:
        """Merges, checks and pushes; again when main has moved. Raises AfterpushError without an answer."""
        # An agent on another machine has its commits there and on the remote only.
        ref = f"refs/heads/{finished.branch}"
        fetch_objects(self._context.repo, self._main.target.remote, ref, finished.tip)
        self._finished[finished.branch] = finished
        entry = Entry(finished.branch, finished.tip, title=finished.title)
        self._store.update(lambda queue: transitions.added(queue, [entry]))
        with self._turn:
            try:
                if not self._is_decided(self._store.load(), finished.branch):
                    self._runner.run(until=lambda queue: self._is_decided(queue, finished.branch))
            except AfterpushError:
                self._take_out(finished)
                raise
            return self._landing(finished)

    def _take_out(self, finished: Finished) -> None:
        self._store.update(lambda queue: transitions.removed(queue, [finished.branch]))

    def _is_decided(self, queue: Queue, branch: str) -> bool:
        entry = queue.entry(branch)
        return entry is not None and not entry.state.is_open

    def _landing(self, finished: Finished) -> Landing:
        entry = self._store.load().entry(finished.branch)
        assert entry is not None
        if entry.state.is_good:
            finished.held.is_over |= entry.head is not None
            return Landing(TaskState.MERGED, entry.reason, entry.landed_sha)
        if entry.state.is_open:
            self._take_out(finished)
            if self._is_stopped():
                said = f"stopped before it was merged; {finished.branch} stays"
                return Landing(TaskState.STOPPED, said)
            said = f"{self._runner.halted}; {program()} swarm.merge takes {finished.branch}"
            return Landing(TaskState.CHECK_FAILED if self._runner.is_main_red else TaskState.FAILED, said)
        state = TaskState.CONFLICT if entry.state is State.CONFLICT else _STATES.get(entry.cause)
        return Landing(state or TaskState.FAILED, entry.reason)

    def _message(self, entry: Entry) -> str:
        task = self._finished[entry.branch].task
        title = f"Merge {task}" + (f": {entry.title}" if entry.title else "")
        return f"{title}\n\n{TASK_TRAILER}: {task}\n{BRANCH_TRAILER}: {entry.branch}\n"

    @contextmanager
    def _claims(self, branches: Sequence[str]) -> Iterator[list[Change]]:
        """The claims of these tasks, given up by the push; no renewal comes between."""
        held = [self._finished[branch].held for branch in branches]
        with ExitStack() as stack:
            for claim in held:
                stack.enter_context(claim.lock)
            yield [Change(PREFIX + claim.task, ABSENT, claim.sha) for claim in held]

    def _lost(self, branches: Sequence[str]) -> list[str]:
        """Those whose claim is not ours any more; asked after a push that failed, before it is renewed."""
        held = {branch: self._finished[branch].held for branch in branches}
        refs = remote_refs(
            self._context.repo, self._main.target.remote, *(PREFIX + claim.task for claim in held.values())
        )
        return [branch for branch, claim in held.items() if refs.get(PREFIX + claim.task) != claim.sha]


def newest_tip(context: SwarmContext, remote: str, branch: str) -> str:
    """The commit of a branch, here or on the remote, whichever contains the other; it is on the remote then.

    Raises AfterpushError when it is gone, or both sides have commits that the other lacks.
    """
    ref = f"refs/heads/{branch}"
    there, here = fetched_refs(context.repo, remote, ref).get(ref), ref_value(context.repo, ref)
    if there is None and here is None:
        raise AfterpushError(f"the branch {branch} is neither here nor on {remote} any more")
    newest = newest_of(context.repo, branch, here, there, remote)
    if newest != there:
        pushed = push_changes(context.repo, remote, [Change(ref, newest)])
        if not pushed.landed:
            raise AfterpushError(f"pushing {branch} to {remote}: git says: {first_words(pushed.said)}")
    return newest
