"""One run of the check: in a worktree of the commit, under a supervisor, on this machine or another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.files import private_folder
from afterpush.infra.git.worktrees import detached_worktree
from afterpush.swarm.agent.attempt import supervised_environment
from afterpush.swarm.agent.ports import PORTS
from afterpush.swarm.agent.run_supervised import run_supervised
from afterpush.swarm.agent.supervisor import Ended, SupervisorRequest

CHECK_PREFIX = ".check-"


@dataclass(frozen=True)
class CheckSpec:
    """All that a worker must know to check one commit; `tag` marks every process of it.

    `ref` is where the remote has the commit, for a worker on another machine.
    """

    command: str
    commit: str
    branches: tuple[str, ...]
    name: str
    tag: str
    seconds: float
    ref: str = ""


def run_check(
    repo: Path,
    spec: CheckSpec,
    folder: Path,
    worktrees: Path,
    environment: Mapping[str, str],
    *,
    is_stopped: Callable[[], bool],
    clock: Clock,
) -> tuple[Ended, Path]:
    """Runs the check to its end, or until `is_stopped`; how it ended, and its log in `folder`."""
    private_folder(folder)
    log, result = folder / f"{spec.name}.log", folder / f"{spec.name}.json"
    port = PORTS.take()
    own = {"AFTERPUSH_PORT": str(port), "AFTERPUSH_BRANCHES": " ".join(spec.branches)}
    env = supervised_environment(environment, spec.tag) | own
    try:
        with detached_worktree(repo, worktrees / f"{CHECK_PREFIX}{spec.name}", spec.commit) as tree:
            request = SupervisorRequest(spec.command, str(tree), str(log), str(result), spec.seconds)
            return run_supervised(request, env, is_stopped=is_stopped, clock=clock), log
    finally:
        PORTS.give_back(port)
        result.unlink(missing_ok=True)
