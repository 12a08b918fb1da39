"""What is asked of a run, and the outside world that it acts on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.merge_tree import Merging
from afterpush.roadmap import Task


@dataclass(frozen=True)
class Bounds:
    """How long and how large an agent may be, and how often a task is tried; 0 is no bound."""

    timeout_seconds: float = 3600
    memory_megabytes: float = 0
    disk_free_megabytes: float = 500
    attempts: int = 1
    races: int = 10
    claim_seconds: float = 600


@dataclass(frozen=True)
class RunRequest:
    """How tasks are run: by which command, how many at once, within which bounds, and behind which check.

    With `only_merge` no agent is run: what agents have finished before is merged.
    """

    command: str
    check: str | None
    agents: int
    bounds: Bounds
    only_merge: bool = False


@dataclass(frozen=True)
class SwarmContext:
    """The clone and everything outside of it.

    `state` is the swarm's own folder, `worktrees` where worktrees go. `watch` gets each commit that
    main was pushed to; `explain` says in a sentence what a red log shows, if it knows; `redact` takes
    secrets out of what is said.
    """

    repo: Path
    state: Path
    worktrees: Path
    target: Target
    merging: Merging
    clock: Clock
    environment: Mapping[str, str]
    note: Callable[[str], None]
    redact: Callable[[str], str]
    prompt_for: Callable[[Task], str]
    watch: Callable[[str], None]
    explain: Callable[[Path], str]
    token: Callable[[], str]
    host: str

    @property
    def tag(self) -> str:
        """What the tag of every process of this clone's swarm begins with."""
        return tag_of(self.state)

    def attempt_folder(self, task: str, attempt: int) -> Path:
        return self.state / "attempts" / task / str(attempt)

    def worktree(self, task: str, attempt: int) -> Path:
        return self.worktrees / f"{task}-{attempt}"


def tag_of(state: Path) -> str:
    """The beginning of the tags of the swarm that keeps its state in this folder."""
    return f"{state.resolve()}:"
