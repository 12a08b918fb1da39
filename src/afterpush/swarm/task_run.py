"""One task from its claim to its landing."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git
from afterpush.infra.git.local_changes import changed_paths
from afterpush.infra.git.refs import refs_here
from afterpush.roadmap import Task
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec
from afterpush.swarm.claims import Claim, Claims, Held
from afterpush.swarm.context import RunRequest, SwarmContext
from afterpush.swarm.engines import Engine
from afterpush.swarm.journal import TaskJournal, TaskRecord
from afterpush.swarm.manager_files import task_lock
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.states import Result, TaskState, attempt_in, branch_of
from afterpush.swarm.task_landing import Finished, MergeQueue, newest_tip

MOST_LOST_WORKERS = 3


class AgentLimit:
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
class RunContext:
    """What all tasks of one run share."""

    context: SwarmContext
    order: RunRequest
    journal: TaskJournal
    mainline: Mainline
    claims: Claims
    engine: Engine[AttemptSpec]
    queue: MergeQueue
    slots: AgentLimit
    is_stopped: Callable[[], bool]


class TaskRun:
    """One task in one thread, begun with a slot that it gives back once its agent is done."""

    def __init__(self, run_context: RunContext, task: Task, record: TaskRecord | None) -> None:
        self.shared, self.context, self.order = run_context, run_context.context, run_context.order
        self.task, self.record = task, record or TaskRecord(task.id)
        self._attempt = self.record.attempt
        self._began = run_context.context.clock.monotonic()
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
            self.shared.slots.give_back()

    def _locked(self) -> Result:
        lock = task_lock(self.context.state, self.task.id)
        if lock is None:
            return self._result(TaskState.SKIPPED, "another manager of this clone works on it")
        try:
            result = self._claimed()
        except AfterpushError as error:
            result = self._result(TaskState.FAILED, str(error))
            # When it is the journal that cannot be written, the other tasks go on.
            with suppress(AfterpushError):
                self.shared.journal.ended(result)
        finally:
            lock.release()
        return result

    def _claimed(self) -> Result:
        before = self._landed_before()
        if before:
            return before
        if self.shared.is_stopped():
            return self._ended(self._result(TaskState.STOPPED, "stopped before it began"))
        held = self.shared.claims.acquire(self.task.id)
        if isinstance(held, Claim):
            return self._ended(self._result(TaskState.SKIPPED, str(held)))
        try:
            attempted = self._finished_before() if self.order.only_merge else self._begun(held)
            self._give_slot_back()
            return attempted if isinstance(attempted, Result) else self._merged(attempted, held)
        finally:
            self.shared.claims.release(held)

    def _landed_before(self) -> Result | None:
        sha = self.shared.mainline.landed(self.task.id)
        if sha is None:
            return None
        result = self._result(TaskState.MERGED, f"was merged before, as {sha[:7]}", sha=sha)
        return result if self.record.sha == sha else self._ended(result)

    def _begun(self, held: Held) -> Attempted | Result:
        return self._left_by_a_crash() or self._worked(held)

    def _finished_before(self) -> Attempted | Result:
        """The branch of the last attempt as it is now: its owner may have resolved a conflict on it."""
        assert self.record.branch is not None
        tip = newest_tip(self.context, self.shared.mainline.target.remote, self.record.branch)
        if self.record.base and not changed_paths(self.context.repo, self.record.base, tip):
            reason = f"nothing is committed on {self.record.branch}; its worktree is {self.record.worktree}"
            return self._ended(self._result(TaskState.EMPTY, reason))
        return Attempted(tip, seconds=self.record.seconds)

    def _left_by_a_crash(self) -> Attempted | None:
        """An agent's finished work that a manager before us did not get to merge."""
        record = self.record
        if not record.waits_for_merge or record.tip is None:
            return None
        if git(self.context.repo, "cat-file", "-e", f"{record.tip}^{{commit}}").code != 0:
            return None
        self.context.note(f"{self.task.id}: attempt {record.attempt} was finished before; merging it")
        return Attempted(record.tip, seconds=record.seconds)

    def _worked(self, held: Held) -> Attempted | Result:
        """Attempts until one leaves something to merge, or there are no more tries."""
        tries, lost = 0, 0
        while True:
            base, highest = self.shared.mainline.look(self.task.id)
            landed = self._landed_before()
            if landed:
                return landed
            self._attempt = max(highest, self._attempt, self._highest_here()) + 1
            attempted = self._attempted(base)
            if held.lost.is_set():
                return self._ended(
                    self._result(TaskState.SKIPPED, "its claim was taken over by another manager")
                )
            if attempted.tip is not None:
                self.shared.journal.finished(self.task.id, self._attempt, attempted.tip, attempted.seconds)
                return attempted
            tries, lost = tries + (not attempted.is_lost), lost + attempted.is_lost
            may_retry = (
                attempted.state in (TaskState.FAILED, TaskState.TIMEOUT) and not self.shared.is_stopped()
            )
            if not may_retry or tries >= self.order.bounds.attempts or lost > MOST_LOST_WORKERS:
                return self._ended(self._result(attempted.state or TaskState.FAILED, attempted.reason))
            said = f"{self.task.id}: attempt {self._attempt}: {attempted.reason}; again"
            self.context.note(self.context.redact(said))

    def _highest_here(self) -> int:
        refs = refs_here(self.context.repo, f"refs/heads/swarm/{self.task.id}/")
        return max((attempt_in(ref, self.task.id) for ref in refs), default=0)

    def _attempted(self, base: str) -> Attempted:
        context, bounds, number = self.context, self.order.bounds, self._attempt
        spec = AttemptSpec(
            task=self.task.id,
            title=self.task.title,
            attempt=number,
            branch=branch_of(self.task.id, number),
            base=base,
            remote=context.target.remote,
            command=self.order.command,
            prompt=context.prompt_for(self.task),
            worktree=str(context.worktree(self.task.id, number)),
            folder=str(context.attempt_folder(self.task.id, number)),
            tag=f"{context.tag}{self.task.id}/{number}",
            timeout_seconds=bounds.timeout_seconds,
            memory_megabytes=bounds.memory_megabytes,
            disk_free_megabytes=bounds.disk_free_megabytes,
        )
        self.shared.journal.started(self.task.id, number, spec.branch, base, spec.worktree)
        attempted: Attempted = self.shared.engine.submit(spec).result()
        return attempted

    def _merged(self, attempted: Attempted, held: Held) -> Result:
        branch = self._branch
        assert attempted.tip is not None and branch is not None
        finished = Finished(self.task.id, self.task.title, branch, attempted.tip, held)
        landing = self.shared.queue.land(finished)
        return self._ended(self._result(landing.state, landing.reason, sha=landing.sha))

    @property
    def _branch(self) -> str | None:
        return branch_of(self.task.id, self._attempt) if self._attempt else None

    def _result(self, state: TaskState, reason: str, sha: str | None = None) -> Result:
        seconds = self.context.clock.monotonic() - self._began
        reason = self.context.redact(reason)
        return Result(self.task.id, state, self._attempt, self._branch, sha, reason, round(seconds, 3))

    def _ended(self, result: Result) -> Result:
        self.shared.journal.ended(result)
        return result
