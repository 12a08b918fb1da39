"""The documents of `swarm.*`."""

from typing import Annotated, Literal, TypedDict

STATES = Literal[
    "queued",
    "claimed",
    "running",
    "merging",
    "merged",
    "failed",
    "timeout",
    "empty",
    "conflict",
    "check-failed",
    "stopped",
    "skipped",
]


class Task(TypedDict):
    task: Annotated[str, "the task's ID in the roadmap"]
    state: Annotated[STATES, "how it ended, or where it is"]
    attempt: Annotated[int, "the number of the attempt; 0 before there was one"]
    branch: Annotated[str | None, "the branch with its work; null without any"]
    sha: Annotated[str | None, "full sha of the merge, or of the work; null without any"]
    reason: Annotated[str, "a sentence that names the cause"]
    seconds: Annotated[float, "seconds that its agent ran"]


class Run(TypedDict):
    tasks: list[Task]
    merged: Annotated[int, "tasks whose work is in main"]
    elapsed_seconds: Annotated[float, "seconds"]


class Status(TypedDict):
    running: Annotated[bool, "whether a manager runs"]
    managers: Annotated[list[int], "pids of the managers that run"]
    tasks: list[Task]


class Manager(TypedDict):
    pid: int
    stopped: Annotated[bool, "whether it has ended"]


class Stopped(TypedDict):
    managers: list[Manager]
    processes: Annotated[int, "processes of agents that were ended, or would be"]
    tasks: Annotated[list[str], "tasks that are stopped now"]


class Kept(TypedDict):
    path: Annotated[str, "a worktree's path, or a branch's name"]
    reason: Annotated[str, "why it stays"]


class Cleanup(TypedDict):
    removed: Annotated[list[str], "worktrees by path, branches and claims by name"]
    kept: list[Kept]
    dry_run: bool


class Planned(TypedDict):
    task: Annotated[str, "the task's ID in the roadmap"]
    title: str
    action: Annotated[Literal["run", "merge", "none"], "what would be done"]
    attempt: int
    branch: Annotated[str | None, "null when nothing would be done"]
    worktree: Annotated[str | None, "null when no agent would run"]
    after: Annotated[list[str], "the tasks that must be merged first"]
    reason: str


class Plan(TypedDict):
    tasks: list[Planned]
    command: Annotated[str, "the shell command of an agent"]
    check: Annotated[str | None, "what must succeed before a merge; null without one"]
    agents: int
    dry_run: bool


DOCUMENTS: dict[str, object] = {
    "swarm.run": Run,
    "swarm.run --dry-run": Plan,
    "swarm.merge": Run,
    "swarm.merge --dry-run": Plan,
    "swarm.status": Status,
    "swarm.stop": Stopped,
    "swarm.cleanup": Cleanup,
}
