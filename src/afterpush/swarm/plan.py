"""What a run would do, without doing it; and the tasks that a commit's roadmap defines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.infra.console import table
from afterpush.infra.git import git_text
from afterpush.infra.git.objects import read_blob
from afterpush.roadmap import Task, read, tasks_by_id
from afterpush.swarm.context import RunRequest, SwarmContext
from afterpush.swarm.journal import TaskRecord
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.selection import Job, Selection
from afterpush.swarm.states import Result, branch_of


def tasks_on(repo: Path, commit: str, is_roadmap: Callable[[str], bool]) -> dict[str, Task]:
    """The tasks of the roadmap documents of a commit, by ID."""
    listed = git_text(repo, "ls-tree", "-r", "-z", "--name-only", commit, doing="listing the files of main")
    paths = [path for path in listed.split("\0") if path and is_roadmap(path)]
    return tasks_by_id(read(read_blob(repo, f"{commit}:{path}"), path) for path in paths)


@dataclass(frozen=True)
class Planned:
    """What would become of one task: `action` is run, merge (an agent has finished before) or none."""

    task: Annotated[str, "the task's ID in the roadmap"]
    title: str
    action: Annotated[str, "what would be done: `run`, `merge` or `none`"]
    attempt: int
    branch: Annotated[str | None, "null when nothing would be done"]
    worktree: Annotated[str | None, "null when no agent would run"]
    after: Annotated[tuple[str, ...], "the tasks that must be merged first"]
    reason: str = ""


@dataclass(frozen=True)
class RunPlan:
    """What `swarm.run --dry-run` says."""

    tasks: tuple[Planned, ...]
    command: Annotated[str, "the shell command of an agent"]
    check: Annotated[str | None, "what must succeed before a merge; null without one"]
    agents: int
    dry_run: bool = True


def plan(
    selection: Selection,
    records: Mapping[str, TaskRecord],
    order: RunRequest,
    context: SwarmContext,
    mainline: Mainline,
) -> RunPlan:
    """The plan of a run, from what is known before any claim is made."""
    planned = []
    for job in selection.jobs:
        record = records.get(job.task.id)
        is_finished = record is not None and (order.only_merge or record.waits_for_merge)
        landed = None if order.only_merge else mainline.landed(job.task.id)
        if landed:
            planned.append(_planned(job, "none", reason=f"was merged before, as {landed[:7]}"))
        elif record and is_finished:
            planned.append(_planned(job, "merge", record.attempt, record.branch, record.worktree))
        else:
            number = (record.attempt if record else 0) + 1
            place = str(context.worktree(job.task.id, number))
            planned.append(_planned(job, "run", number, branch_of(job.task.id, number), place))
    return RunPlan((*map(_skipped, selection.skipped), *planned), order.command, order.check, order.agents)


def _planned(
    job: Job,
    action: str,
    attempt: int = 0,
    branch: str | None = None,
    worktree: str | None = None,
    reason: str = "",
) -> Planned:
    return Planned(job.task.id, job.task.title, action, attempt, branch, worktree, job.after, reason)


def _skipped(result: Result) -> Planned:
    return Planned(result.task, "", "none", 0, None, None, (), result.reason)


def plan_text(plan: RunPlan) -> str:
    """The plan for a reader."""
    rows = [
        [
            entry.task,
            entry.action,
            entry.branch or "",
            ", ".join(entry.after),
            entry.reason or entry.worktree or "",
        ]
        for entry in plan.tasks
    ]
    check = f"check: {plan.check}" if plan.check else "no check: what merges cleanly lands"
    listed = table(["task", "would", "branch", "after", "where"], rows) if rows else "no task is ready"
    how = f"{plan.agents} agents at once, each: {plan.command}\n" if plan.command else ""
    return f"{listed}\n\n{how}{check}\nnothing was changed"
