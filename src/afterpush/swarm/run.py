"""A run: tasks to agents, finished branches into main, and nothing left behind however it ends."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.infra.errors import ExitCode
from afterpush.infra.files import private_folder, write_private
from afterpush.infra.git import require_identity
from afterpush.infra.locks import locked
from afterpush.infra.processes.signals import noticing
from afterpush.swarm.agent.attempt import AttemptSpec
from afterpush.swarm.claims import Claimant, Claims
from afterpush.swarm.context import RunRequest, SwarmContext
from afterpush.swarm.engines import Engine
from afterpush.swarm.journal import JOURNAL, TaskJournal, TaskRecord
from afterpush.swarm.manager_files import registered
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.selection import Job, Selection
from afterpush.swarm.states import Result, TaskState
from afterpush.swarm.task_landing import MergeQueue
from afterpush.swarm.task_run import AgentLimit, RunContext, TaskRun

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class RunReport:
    """The end of a run; `interrupted` names the signal that ended it early."""

    tasks: tuple[Result, ...]
    seconds: float = 0.0
    interrupted: str | None = None

    @property
    def exit_code(self) -> ExitCode:
        if self.interrupted:
            return ExitCode.INTERRUPTED
        is_good = all(result.state is TaskState.MERGED for result in self.tasks)
        return ExitCode.GOOD if is_good else ExitCode.BAD_ANSWER


def run_swarm(
    selection: Selection,
    order: RunRequest,
    context: SwarmContext,
    mainline: Mainline,
    open_engine: Callable[[], Engine[AttemptSpec]],
) -> RunReport:
    """Runs the selected tasks to their ends. Raises AfterpushError when nothing can be begun at all."""
    began = context.clock.monotonic()
    journal = TaskJournal(context.state / JOURNAL, context.clock)
    require_identity(context.repo)
    for sentence in selection.notes:
        context.note(sentence)
    stopped = threading.Event()
    with registered(context.state), _renewing(context, order) as claims:
        engine = open_engine()
        try:
            queue = MergeQueue(
                context,
                mainline,
                check=order.check,
                check_seconds=order.bounds.timeout_seconds,
                races=order.bounds.races,
                is_stopped=stopped.is_set,
            )
            slots = AgentLimit(order.agents)
            run_context = RunContext(
                context, order, journal, mainline, claims, engine, queue, slots, stopped.is_set
            )
            run = _Run(run_context, selection, stopped)
            interrupted = run.to_the_end()
        finally:
            stopped.set()
            engine.stop()
            engine.close()
    results = [*selection.skipped, *(run.results[job.task.id] for job in selection.jobs)]
    return RunReport(tuple(results), context.clock.monotonic() - began, interrupted)


@contextmanager
def _renewing(context: SwarmContext, order: RunRequest) -> Iterator[Claims]:
    """The claims of this run, renewed in the background as long as the block runs."""
    from os import getpid

    claimant = Claimant(clone_name(context), context.host, getpid())
    seconds = order.bounds.claim_seconds
    claims = Claims(context.repo, context.target.remote, claimant, context.clock, seconds, context.token)
    over = threading.Event()

    def renew() -> None:
        while not over.wait(max(0.2, seconds / 3)):
            claims.renew_all()

    thread = threading.Thread(target=renew, daemon=True, name="claims")
    thread.start()
    try:
        yield claims
    finally:
        over.set()
        thread.join()


def clone_name(context: SwarmContext) -> str:
    """A random name that this clone keeps: by it, its managers know their own claims after a crash."""
    path: Path = private_folder(context.state) / "clone"
    with locked(path.with_name("clone.lock"), wait_seconds=10, doing="naming this clone"):
        name = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if not name:
            name = context.token()
            write_private(path, name)
        return name


@dataclass
class _Run:
    """The tasks under way; those that depend on others begin when these have landed."""

    shared: RunContext
    selection: Selection
    stopped: threading.Event
    results: dict[str, Result] = field(default_factory=dict)
    _running: "dict[Future[Result], str]" = field(default_factory=dict)

    @property
    def _most(self) -> int:
        """Tasks under way at once: agents, and as many again and some that wait for their merge."""
        return self.shared.order.agents * 2 + 8

    def to_the_end(self) -> str | None:
        """Every task has a result afterwards; the name of the signal that ended the run early."""
        records = self.shared.journal.records()
        waiting = list(self.selection.jobs)
        self._say_queued(waiting, records)
        pool = ThreadPoolExecutor(self._most, thread_name_prefix="task")
        try:
            with noticing(self.shared.slots.changed.set) as notice:
                while (waiting or self._running) and not notice.name:
                    waiting = self._begin(waiting, pool, records)
                    self._collect()
                if notice.name:
                    self._end_early(notice.name)
                pool.shutdown(wait=True)
        finally:
            self.stopped.set()
            self.shared.engine.stop()
            pool.shutdown(wait=True)
        self._collect()
        for job in waiting:
            if job.task.id not in self.results:
                self._drop(job, TaskState.STOPPED, "stopped before it began")
        return notice.name

    def _end_early(self, signal: str) -> None:
        self.shared.context.note(f"{signal}: ending the agents; their worktrees and branches stay")
        self.stopped.set()
        self.shared.engine.stop()

    def _say_queued(self, jobs: Sequence[Job], records: dict[str, TaskRecord]) -> None:
        """Status shows what is to come; a finished attempt that waits for its merge keeps its record."""
        for job in jobs:
            record = records.get(job.task.id)
            if not (self.shared.order.only_merge or (record and record.waits_for_merge)):
                self.shared.journal.queued(job.task.id)

    def _begin(
        self, waiting: list[Job], pool: ThreadPoolExecutor, records: "dict[str, TaskRecord]"
    ) -> list[Job]:
        left = []
        for job in waiting:
            missing = [known for known in job.after if not self._is_merged(known)]
            ended = [known for known in missing if known in self.results]
            if ended:
                states = ", ".join(f"{known} ({self.results[known].state.value})" for known in ended)
                self._drop(job, TaskState.SKIPPED, f"depends on {states}")
            elif missing or len(self._running) >= self._most or not self.shared.slots.try_take():
                left.append(job)
            else:
                future = pool.submit(TaskRun(self.shared, job.task, records.get(job.task.id)).run)
                future.add_done_callback(lambda _: self.shared.slots.changed.set())
                self._running[future] = job.task.id
        return left

    def _is_merged(self, task: str) -> bool:
        return task in self.results and self.results[task].state is TaskState.MERGED

    def _collect(self) -> None:
        changed = self.shared.slots.changed
        changed.wait(_LOOK_SECONDS)
        changed.clear()
        for future in [future for future in self._running if future.done()]:
            self.results[self._running.pop(future)] = future.result()
            self._tell(future.result())

    def _tell(self, result: Result) -> None:
        self.shared.context.note(f"{result.task}: {result.state.value}: {result.reason}")

    def _drop(self, job: Job, state: TaskState, reason: str) -> None:
        result = Result(job.task.id, state, reason=reason)
        self.shared.journal.ended(result)
        self.results[job.task.id] = result
        self._tell(result)
