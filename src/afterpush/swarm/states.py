"""What becomes of a task."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated


class TaskState(StrEnum):
    """The state of a task; the first three only while a manager runs."""

    QUEUED = "queued"
    RUNNING = "running"
    MERGING = "merging"
    MERGED = "merged"
    FAILED = "failed"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    CONFLICT = "conflict"
    CHECK_FAILED = "check-failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        return self not in (TaskState.QUEUED, TaskState.RUNNING, TaskState.MERGING)


@dataclass(frozen=True)
class Result:
    """One task's line: the keys of `swarm.run --json`. `sha` is the commit on main once it is merged."""

    task: Annotated[str, "the task's ID in the roadmap"]
    state: Annotated[TaskState, "how it ended, or where it is"]
    attempt: Annotated[int, "the number of the attempt; 0 before there was one"] = 0
    branch: Annotated[str | None, "the branch with its work; null without any"] = None
    sha: Annotated[str | None, "full sha of the merge, or of the work; null without any"] = None
    reason: Annotated[str, "a sentence that names the cause"] = ""
    seconds: Annotated[float, "seconds that its agent ran"] = 0.0


def branch_of(task: str, attempt: int) -> str:
    """The branch of one attempt."""
    return f"swarm/{task}/{attempt}"


def attempt_in(ref: str, task: str) -> int:
    """The attempt that a branch (or its full ref) belongs to; 0 when it is none of this task."""
    prefix, _, number = ref.removeprefix("refs/heads/").rpartition("/")
    return int(number) if prefix == f"swarm/{task}" and number.isdigit() else 0
