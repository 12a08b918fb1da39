"""Running the check on a candidate: in a worktree of its commit, under a supervisor, here or elsewhere."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from afterpush.infra.clock import duration
from afterpush.infra.files import unless_gone
from afterpush.infra.git.worktrees import Linked, discard_worktree, linked_worktrees
from afterpush.infra.log_tail import in_brackets
from afterpush.swarm.agent.check_run import CHECK_PREFIX, CheckSpec, run_check
from afterpush.swarm.agent.supervisor import Ended
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.manager_files import managers
from afterpush.swarm.merge_queue.model import Candidate

_KEEP_SECONDS = 30 * 86400


@dataclass(frozen=True)
class Checked:
    """What a check run came to; `is_green` is None when it was stopped."""

    is_green: bool | None
    said: str = ""
    log: str = ""


class CheckEngine(Protocol):
    """Where checks run. `number` tells the check runs of one manager apart."""

    def check(self, candidate: Candidate, number: int, is_stopped: Callable[[], bool]) -> Checked:
        """Runs the check to its end, or until `is_stopped`."""

    def close(self) -> None:
        """Gives back what was taken."""


@dataclass(frozen=True)
class LocalChecks:
    """Checks on this machine. `explain` says in words what a red log shows; "" when it does not know."""

    context: SwarmContext
    command: str
    seconds: float
    explain: Callable[[Path], str] = lambda log: ""

    def check(self, candidate: Candidate, number: int, is_stopped: Callable[[], bool]) -> Checked:
        context = self.context
        ended, log = run_check(
            context.repo,
            self.spec(candidate, f"{os.getpid()}-{number}"),
            context.state / "checks",
            context.worktrees,
            context.environment,
            is_stopped=is_stopped,
            clock=context.clock,
        )
        return self.judged(ended, log)

    def spec(self, candidate: Candidate, name: str, ref: str = "") -> CheckSpec:
        """The check of a candidate, as this machine or another is to run it."""
        tag = f"{self.context.tag}check/{name}"
        return CheckSpec(self.command, candidate.commit, candidate.branches, name, tag, self.seconds, ref)

    def close(self) -> None:
        pass

    def judged(self, ended: Ended, log: Path) -> Checked:
        """The result in words; the log of a green run is not kept."""
        if (ended.how, ended.code) == ("exit", 0):
            log.unlink(missing_ok=True)
            return Checked(is_green=True)
        if ended.how == "stopped":
            log.unlink(missing_ok=True)
            return Checked(is_green=None)
        how = {
            "timeout": f"took longer than {duration(self.seconds)}",
            "lost": "was killed from outside",
            "unwritten": "ended, but how could not be written down (is the disk full?)",
        }.get(ended.how, ended.code_in_words)
        explained = self.explain(log)
        said = f"the check `{self.command}` {how} on the merged tree{in_brackets(log)}"
        return Checked(False, f"{said}; {explained}" if explained else said, str(log))


def discard_left_checks(context: SwarmContext) -> None:
    """Removes the worktrees of checks whose manager is dead, and logs of a month ago."""
    for log in (context.state / "checks").glob("*.log"):
        with unless_gone(log):
            if log.stat().st_mtime < context.clock.now() - _KEEP_SECONDS:
                log.unlink()
    if not any(context.worktrees.glob(f"{CHECK_PREFIX}*")):
        return
    for linked in linked_worktrees(context.repo):
        if is_check(context, linked) and not has_manager(context, linked):
            discard_worktree(context.repo, linked.path)


def is_check(context: SwarmContext, linked: Linked) -> bool:
    """Whether a check ran in a worktree: made from a commit, it is nobody's work."""
    is_ours = linked.path.parent.resolve() == context.worktrees.resolve()
    return is_ours and linked.path.name.startswith(CHECK_PREFIX)


def has_manager(context: SwarmContext, check: Linked) -> bool:
    """Whether the manager of a check still runs."""
    pid = check.path.name.removeprefix(CHECK_PREFIX).partition("-")[0]
    return pid in {str(manager.identity.pid) for manager in managers(context.state) if manager.is_running}
