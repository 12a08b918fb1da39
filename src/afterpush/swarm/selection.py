"""Which tasks a run is about, and which of them must wait for others."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from afterpush.infra.errors import AfterpushError
from afterpush.infra.invocation import program
from afterpush.infra.near import near
from afterpush.roadmap import Task
from afterpush.swarm.journal import TaskRecord
from afterpush.swarm.states import Result, TaskState

_PRIORITIES = ("p0", "critical", "p1", "high", "p2", "medium", "p3", "low", "p4")


@dataclass(frozen=True)
class Job:
    """A task to be done; `after` are tasks of the same run that it depends on."""

    task: Task
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """What is to be run, what is not and why, and what the user should know."""

    jobs: tuple[Job, ...]
    skipped: tuple[Result, ...] = ()
    notes: tuple[str, ...] = ()


def _refuse_an_empty_roadmap(tasks: Mapping[str, Task]) -> None:
    """Globs that match nothing must not look like a day without work."""
    if not tasks:
        raise AfterpushError(
            "no roadmap on the remote's main defines a task; look at prompts.roadmap and push the roadmap"
        )


def select_named(
    tasks: Mapping[str, Task], ids: Sequence[str], landed: Callable[[str], str | None]
) -> Selection:
    """The tasks with these IDs; `landed` gives the commit that brought one onto main.

    Raises AfterpushError for an ID that the roadmap does not define.
    """
    _refuse_an_empty_roadmap(tasks)
    chosen = list(dict.fromkeys(ids))
    for known in chosen:
        if known not in tasks:
            hint = near(known, tasks, 0.5) or "; look at prompts.roadmap and push the roadmap"
            raise AfterpushError(f"the roadmap on the remote's main defines no task {known}{hint}")
    done = tuple(_done(tasks[known], landed(known)) for known in chosen if tasks[known].is_done)
    left = [tasks[known] for known in chosen if not tasks[known].is_done]
    names = {task.id for task in left}
    notes = tuple(
        f"{task.id} depends on {known}, which is not complete and not part of this run"
        for task in left
        for known in task.dependencies
        if known in tasks and known not in names and not tasks[known].is_done
    )
    return Selection(_in_order(left, names), done, notes)


def _done(task: Task, sha: str | None) -> Result:
    """A task that the roadmap calls done: merged if the swarm has landed it, whatever happened since."""
    if sha:
        return Result(task.id, TaskState.MERGED, sha=sha, reason=f"was merged before, as {sha[:7]}")
    return Result(task.id, TaskState.SKIPPED, reason=f"{task.path} says that it is {task.status.value}")


def select_ready(
    tasks: Mapping[str, Task], limit: int | None, has_landed: Callable[[str], bool]
) -> Selection:
    """The tasks that wait to be begun, by priority and then as the documents have them; at most `limit`.

    What has landed is done, also where nobody has written so into the roadmap yet.
    Raises AfterpushError when the roadmap defines no task at all.
    """
    _refuse_an_empty_roadmap(tasks)
    ready = [
        task
        for task in tasks.values()
        if task.is_ready and task.is_unblocked(tasks, has_landed) and not has_landed(task.id)
    ]
    ready.sort(key=lambda task: _rank(task.priority))
    return Selection(tuple(Job(task) for task in ready[:limit]))


def select_finished(
    records: Mapping[str, TaskRecord], ids: Sequence[str], tasks: Callable[[], Mapping[str, Task]]
) -> Selection:
    """The tasks whose agents have finished and that are not merged; with `ids`, only these.

    One that is named may also have failed: its user has looked at its branch.
    Raises AfterpushError for an ID without anything to merge.
    """
    waiting = [
        task for task, record in records.items() if record.tip and record.state is not TaskState.MERGED
    ]
    for known in ids:
        record = records.get(known)
        if record is None or not (record.branch or record.state is TaskState.MERGED):
            raise AfterpushError(
                f"no agent has worked on {known} in this clone; {program()} swarm.run --tasks={known}"
            )
        if record.state is TaskState.EMPTY:
            raise AfterpushError(f"{known} has nothing to merge: its agent has changed nothing")
    chosen = list(dict.fromkeys(ids)) or waiting
    defined = tasks() if chosen else {}
    return Selection(tuple(Job(defined.get(known, Task(known))) for known in chosen))


def _rank(priority: str) -> int:
    words = re.findall(r"[a-z0-9]+", priority.lower())
    ranks = [_PRIORITIES.index(word) for word in words if word in _PRIORITIES]
    return min(ranks, default=len(_PRIORITIES))


def _in_order(tasks: Sequence[Task], names: set[str]) -> tuple[Job, ...]:
    """Each task behind those that it depends on. Raises AfterpushError for a circle."""
    waiting = {
        task.id: Job(task, tuple(known for known in task.dependencies if known in names)) for task in tasks
    }
    ordered: dict[str, Job] = {}
    while waiting:
        free = [name for name, job in waiting.items() if all(known in ordered for known in job.after)]
        if not free:
            raise AfterpushError(
                f"{', '.join(waiting)} depend on each other in a circle; correct the roadmap"
            )
        ordered |= {name: waiting.pop(name) for name in free}
    return tuple(ordered.values())
