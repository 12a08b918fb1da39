"""What becomes of a task."""

from dataclasses import dataclass
from enum import StrEnum


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

    task: str
    state: TaskState
    attempt: int = 0
    branch: str | None = None
    sha: str | None = None
    reason: str = ""
    seconds: float = 0.0


def branch_of(task: str, attempt: int) -> str:
    """The branch of one attempt."""
    return f"swarm/{task}/{attempt}"


def attempt_in(ref: str, task: str) -> int:
    """The attempt that a branch (or its full ref) belongs to; 0 when it is none of this task."""
    prefix, _, number = ref.removeprefix("refs/heads/").rpartition("/")
    return int(number) if prefix == f"swarm/{task}" and number.isdigit() else 0
