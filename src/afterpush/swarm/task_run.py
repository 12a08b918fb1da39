"""One task from its claim to its landing."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, is_ancestor
from afterpush.infra.git.work_tree import changed_paths
from afterpush.roadmap import Task
from afterpush.swarm.agent.attempt import Attempted, Spec
from afterpush.swarm.claims import Claim, Claims, Held
from afterpush.swarm.context import RunOrder, World
from afterpush.swarm.engines import Engine
from afterpush.swarm.journal import Journal, Record
from afterpush.swarm.manager_files import task_lock
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.merge_queue.queue import Candidate, Landing, MergeQueue, newest_tip
from afterpush.swarm.states import Result, State, attempt_in, branch_of

MOST_LOST_WORKERS = 3


class Slots:
    """Places for agents, taken by who begins tasks in their order, given back by who has done one."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)
        self.changed = threading.Event()

    def try_take(self) -> bool:
        return self._free.acquire(blocking=False)

    def give_back(self) -> None:
        self._free.release()
        self.changed.set()


@dataclass
class Crew:
    """What all tasks of one run share."""

    world: World
    order: RunOrder
    journal: Journal
    mainline: Mainline
    claims: Claims
    engine: Engine
    queue: MergeQueue
    slots: Slots
    is_stopped: Callable[[], bool]


class Work:
    """One task in one thread, begun with a slot that it gives back once its agent is done."""

    def __init__(self, crew: Crew, task: Task, record: Record | None) -> None:
        self.crew, self.task, self.record = crew, task, record or Record(task.id)
        self._attempt = self.record.attempt
        self._began = crew.world.clock.monotonic()
        self._has_slot = True

    def run(self) -> Result:
        """From the lock to the last event in the journal; expected errors end the task as failed."""
        try:
            return self._locked()
        finally:
            self._give_slot_back()

    def _give_slot_back(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self.crew.slots.give_back()

    def _locked(self) -> Result:
        lock = task_lock(self.crew.world.state, self.task.id)
        if lock is None:
            return self._result(State.SKIPPED, "another manager of this clone works on it")
        try:
            result = self._claimed()
        except AfterpushError as error:
            result = self._result(State.FAILED, str(error))
            # When it is the journal that cannot be written, the other tasks go on all the same.
            with suppress(AfterpushError):
                self.crew.journal.ended(result)
        finally:
            lock.release()
        return result

    def _claimed(self) -> Result:
        crew = self.crew
        before = self._landed_before()
        if before:
            return before
        if crew.is_stopped():
            return self._ended(self._result(State.STOPPED, "stopped before it began"))
        held = crew.claims.acquire(self.task.id)
        if isinstance(held, Claim):
            return self._ended(self._result(State.SKIPPED, str(held)))
        try:
            attempted = self._finished_before() if crew.order.only_merge else self._begun(held)
            self._give_slot_back()
            return attempted if isinstance(attempted, Result) else self._merged(attempted, held)
        finally:
            crew.claims.release(held)

    def _landed_before(self) -> Result | None:
        sha = self.crew.mainline.landed(self.task.id)
        if sha is None:
            return None
        result = self._result(State.MERGED, f"was merged before, as {sha[:10]}", sha=sha)
        return result if self.record.sha == sha else self._ended(result)

    def _begun(self, held: Held) -> Attempted | Result:
        return self._left_by_a_crash() or self._worked(held)

    def _finished_before(self) -> Attempted | Result:
        """The branch of the last attempt as it is now: its owner may have resolved a conflict on it."""
        assert self.record.branch is not None
        tip = newest_tip(self.crew.world, self.crew.mainline.target.remote, self.record.branch)
        if self.record.base and not changed_paths(self.crew.world.repo, self.record.base, tip):
            reason = f"nothing is committed on {self.record.branch}; its worktree is {self.record.worktree}"
            return self._ended(self._result(State.EMPTY, reason))
        return Attempted(tip, seconds=self.record.seconds)

    def _left_by_a_crash(self) -> Attempted | None:
        """An agent's finished work that a manager before us did not get to merge."""
        record = self.record
        if not record.waits_for_merge or record.tip is None:
            return None
        if git(self.crew.world.repo, "cat-file", "-e", f"{record.tip}^{{commit}}").code != 0:
            return None
        self.crew.world.note(f"{self.task.id}: attempt {record.attempt} was finished before; merging it")
        return Attempted(record.tip, seconds=record.seconds)

    def _worked(self, held: Held) -> Attempted | Result:
        """Attempts until one leaves something to merge, or there are no more tries."""
        crew, tries, lost = self.crew, 0, 0
        while True:
            base, highest = crew.mainline.look(self.task.id)
            landed = self._landed_before()
            if landed:
                return landed
            self._attempt = max(highest, self._attempt, self._highest_here()) + 1
            attempted = self._attempted(base)
            if held.lost.is_set():
                return self._ended(self._result(State.SKIPPED, "its claim was taken over by another manager"))
            if attempted.tip is not None:
                crew.journal.finished(self.task.id, self._attempt, attempted.tip, attempted.seconds)
                return attempted
            tries, lost = tries + (not attempted.is_lost), lost + attempted.is_lost
            may_retry = attempted.state in (State.FAILED, State.TIMEOUT) and not crew.is_stopped()
            if not may_retry or tries >= crew.order.bounds.attempts or lost > MOST_LOST_WORKERS:
                return self._ended(self._result(attempted.state or State.FAILED, attempted.reason))
            said = f"{self.task.id}: attempt {self._attempt}: {attempted.reason}; again"
            crew.world.note(crew.world.redact(said))

    def _highest_here(self) -> int:
        done = git(
            self.crew.world.repo, "for-each-ref", "--format=%(refname)", f"refs/heads/swarm/{self.task.id}/"
        )
        return max((attempt_in(ref, self.task.id) for ref in done.text.split()), default=0)

    def _attempted(self, base: str) -> Attempted:
        world, order, bounds = self.crew.world, self.crew.order, self.crew.order.bounds
        number = self._attempt
        spec = Spec(
            task=self.task.id,
            title=self.task.title,
            attempt=number,
            branch=branch_of(self.task.id, number),
            base=base,
            remote=world.target.remote,
            command=order.command,
            prompt=world.prompt_for(self.task),
            worktree=str(world.worktree(self.task.id, number)),
            folder=str(world.attempt_folder(self.task.id, number)),
            tag=f"{world.tag}{self.task.id}/{number}",
            timeout_seconds=bounds.timeout_seconds,
            memory_megabytes=bounds.memory_megabytes,
            disk_free_megabytes=bounds.disk_free_megabytes,
        )
        self.crew.journal.started(self.task.id, number, spec.branch, base, spec.worktree)
        return self.crew.engine.submit(spec).result()

    def _merged(self, attempted: Attempted, held: Held) -> Result:
        branch = self._branch
        assert attempted.tip is not None and branch is not None
        candidate = Candidate(self.task.id, self.task.title, self._attempt, branch, attempted.tip, held)
        landing = self.crew.queue.land(candidate)
        result = self._ended(self._result(landing.state, landing.reason, sha=landing.sha))
        if has_moved_main(landing, attempted.tip, self.crew):
            self.crew.world.watch(str(landing.sha))
        return result

    @property
    def _branch(self) -> str | None:
        return branch_of(self.task.id, self._attempt) if self._attempt else None

    def _result(self, state: State, reason: str, sha: str | None = None) -> Result:
        seconds = self.crew.world.clock.monotonic() - self._began
        reason = self.crew.world.redact(reason)
        return Result(self.task.id, state, self._attempt, self._branch, sha, reason, round(seconds, 3))

    def _ended(self, result: Result) -> Result:
        self.crew.journal.ended(result)
        return result


def has_moved_main(landing: Landing, tip: str, crew: Crew) -> bool:
    """Whether the landing made a new commit on main, rather than finding the change there."""
    if landing.state is not State.MERGED or landing.sha in (None, tip):
        return False
    return is_ancestor(crew.world.repo, tip, str(landing.sha))
