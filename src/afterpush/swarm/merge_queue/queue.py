"""The merge queue: one finished branch after another onto the newest main, tested, by compare-and-swap.

No worktree ever has main checked out for it: the merge is made in the object store, the check runs in
a detached worktree of the merge commit, and the push moves main only from the commit that was merged. With
main, in one atomic push, the claim is given up: a task whose claim was lost cannot land.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from afterpush.infra.clock import duration
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder
from afterpush.infra.git import config_value, git_text, is_ancestor
from afterpush.infra.git.leases import ABSENT, Change, Pushed, fetch_objects, push_changes, remote_refs
from afterpush.infra.git.merge_tree import merge_trees
from afterpush.infra.git.objects import write_commit
from afterpush.infra.git.refs import ref_value
from afterpush.infra.git.submodules import new_gitlinks
from afterpush.infra.git.worktrees import detached_worktree
from afterpush.infra.invocation import program
from afterpush.swarm.agent.attempt import supervised_environment
from afterpush.swarm.agent.log_tail import first_words, last_line
from afterpush.swarm.agent.supervision import run_supervised
from afterpush.swarm.agent.supervisor import SupervisorRequest
from afterpush.swarm.claims import PREFIX, Held
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.merge_queue.conflict_reason import contended
from afterpush.swarm.merge_queue.mainline import BRANCH_TRAILER, TASK_TRAILER, Mainline
from afterpush.swarm.states import TaskState


@dataclass(frozen=True)
class Candidate:
    """A finished branch and the claim under which it may land."""

    task: str
    title: str
    attempt: int
    branch: str
    tip: str
    held: Held


@dataclass(frozen=True)
class Landing:
    """What became of a candidate; `sha` is the commit on main."""

    state: TaskState
    reason: str
    sha: str | None = None


class MergeQueue:
    """Lands candidates one at a time, from any thread."""

    def __init__(
        self,
        context: SwarmContext,
        mainline: Mainline,
        *,
        check: str | None,
        check_seconds: float,
        races: int,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._world, self._main = context, mainline
        self._check, self._check_seconds, self._races = check, check_seconds, races
        self._is_stopped = is_stopped
        self._turn = threading.Lock()

    def land(self, candidate: Candidate) -> Landing:
        """Merges, checks and pushes; again when main has moved. Raises AfterpushError without an answer."""
        with self._turn:
            # An agent on another machine has its commits there and on the remote only.
            ref = f"refs/heads/{candidate.branch}"
            fetch_objects(self._world.repo, self._main.target.remote, ref, candidate.tip)
            upstream = self._main.tip
            for _ in range(self._races):
                if self._is_stopped():
                    return Landing(
                        TaskState.STOPPED, f"stopped before it was merged; {candidate.branch} stays"
                    )
                landing = self._once(candidate, upstream)
                if landing is not None:
                    return landing
                upstream = self._main.look()[0]
            return Landing(
                TaskState.FAILED,
                f"lost {self._races} races for {self._main.target}; "
                f"{program()} swarm.merge takes {candidate.branch}",
            )

    def _once(self, candidate: Candidate, upstream: str) -> Landing | None:
        """One try onto one commit of main; None when main has moved meanwhile."""
        repo = self._world.repo
        if is_ancestor(repo, candidate.tip, upstream):
            return self._there_already(candidate, upstream, "commits are", candidate.tip)
        merged = merge_trees(repo, upstream, candidate.tip, options=self._world.merging.options)
        if not merged.is_clean and not merged.conflicted_paths:
            raise AfterpushError(f"merging {candidate.branch}: git says: {merged.said or 'nothing'}")
        if not merged.is_clean:
            where = contended(repo, merged, self._world.merging)
            return Landing(
                TaskState.CONFLICT,
                f"conflict with {self._main.target} in {where}; resolve it on {candidate.branch}, "
                f"then {program()} swarm.merge",
            )
        if merged.tree == git_text(repo, "rev-parse", f"{upstream}^{{tree}}", doing="reading main's tree"):
            return self._there_already(candidate, upstream, "change is", upstream)
        strangers = new_gitlinks(repo, upstream, merged.tree)
        if strangers:
            return Landing(
                TaskState.FAILED,
                f"{', '.join(strangers)} is a git repository of its own, whose files would not be on main: "
                f"remove its .git folder or make it a submodule; {candidate.branch} stays",
            )
        commit = self._commit(candidate, merged.tree, upstream)
        failed = self._checked(candidate, commit) if self._check else None
        return self._with_bypass(candidate, failed) if failed else self._pushed(candidate, commit, upstream)

    def _there_already(self, candidate: Candidate, upstream: str, what: str, sha: str) -> Landing:
        """Somebody has put it there, perhaps past this queue: then main itself must pass the check."""
        said = f"its {what} on {self._main.target} already"
        failed = self._checked(candidate, upstream) if self._check else None
        if failed is None:
            return Landing(TaskState.MERGED, said, sha)
        is_red = failed.state is TaskState.CHECK_FAILED
        return replace(failed, reason=f"{said}, but {failed.reason}") if is_red else failed

    def _with_bypass(self, candidate: Candidate, landing: Landing) -> Landing:
        """A red check is no comfort where the agent has pushed to main itself."""
        if landing.state is not TaskState.CHECK_FAILED:
            return landing
        # A remote that is silent just now takes nothing away from the check's answer.
        with suppress(AfterpushError):
            if is_ancestor(self._world.repo, candidate.tip, self._main.look()[0]):
                said = f"{landing.reason}; yet its commits are on {self._main.target} already"
                return replace(landing, reason=said)
        return landing

    def _commit(self, candidate: Candidate, tree: str, upstream: str) -> str:
        title = f"Merge {candidate.task}" + (f": {candidate.title}" if candidate.title else "")
        message = (
            f"{title}\n\n{TASK_TRAILER}: {candidate.task}\n{BRANCH_TRAILER}: {candidate.branch}\n"
        ).encode()
        signs = (config_value(self._world.repo, "commit.gpgSign") or "").lower() in ("true", "yes", "on", "1")
        return write_commit(self._world.repo, tree, [upstream, candidate.tip], message, sign=signs)

    def _checked(self, candidate: Candidate, commit: str) -> Landing | None:
        """None when the check is green on the merged tree."""
        context, check = self._world, self._check or ""
        folder = private_folder(context.attempt_folder(candidate.task, candidate.attempt))
        log = folder / "check.log"
        place = context.worktrees / f".check-{os.getpid()}-{candidate.task}-{candidate.attempt}"
        with detached_worktree(context.repo, place, commit) as tree:
            order = SupervisorRequest(
                check, str(tree), str(log), str(folder / "checked.json"), self._check_seconds
            )
            tag = f"{context.tag}{candidate.task}/{candidate.attempt}/check"
            env = supervised_environment(context.environment, tag) | {"AFTERPUSH_TASK": candidate.task}
            ended = run_supervised(order, env, is_stopped=self._is_stopped, clock=context.clock)
        if (ended.how, ended.code) == ("exit", 0):
            return None
        if ended.how == "stopped":
            return Landing(TaskState.STOPPED, f"stopped during its check; {candidate.branch} stays")
        how = {
            "timeout": f"took longer than {duration(self._check_seconds)}",
            "lost": "was killed from outside",
            "unwritten": "ended, but how could not be written down (is the disk full?)",
        }.get(ended.how, f"ended with exit code {ended.code}")
        return Landing(
            TaskState.CHECK_FAILED,
            f"the check `{check}` {how} on the merged tree{last_line(log)}; "
            f"{candidate.branch} stays; log: {log}",
        )

    def _pushed(self, candidate: Candidate, commit: str, upstream: str) -> Landing | None:
        held, target = candidate.held, self._main.target
        with held.lock:
            claim = Change(PREFIX + candidate.task, ABSENT, held.sha)
            pushed = push_changes(
                self._world.repo,
                target.remote,
                [Change(target.ref, commit, upstream), claim],
                with_hooks=True,
            )
            held.is_over = pushed.landed
            expected_claim = held.sha
        if pushed.landed:
            return self._landed(candidate, commit)
        return self._not_pushed(candidate, commit, upstream, pushed, expected_claim)

    def _landed(self, candidate: Candidate, commit: str) -> Landing:
        self._main.moved_to(commit)
        return Landing(TaskState.MERGED, f"merged into {self._main.target} from {candidate.branch}", commit)

    def _not_pushed(
        self, candidate: Candidate, commit: str, upstream: str, pushed: Pushed, claim: str
    ) -> Landing | None:
        """What the remote has now says what became of the push, whatever git has said."""
        target, repo = self._main.target, self._world.repo
        refs = remote_refs(repo, target.remote, target.ref, PREFIX + candidate.task)
        now = refs.get(target.ref, "")
        if now and now != upstream:
            fetch_objects(repo, target.remote, target.ref, now)
            if is_ancestor(repo, commit, now):
                return self._landed(candidate, commit)
        if refs.get(PREFIX + candidate.task) != claim:
            return Landing(
                TaskState.SKIPPED, "its claim was taken over by another manager; nothing was merged"
            )
        if now != upstream or "lock" in pushed.said:
            return None
        words = [line.removeprefix("remote:").strip() for line in pushed.said.splitlines() if line.strip()]
        return Landing(
            TaskState.FAILED,
            f"{target.remote} refused the merge: {' | '.join(words[:3]) or 'no reason given'}; "
            f"{candidate.branch} stays",
        )


def newest_tip(context: SwarmContext, remote: str, branch: str) -> str:
    """The commit of a branch, here or on the remote, whichever contains the other; it is on the remote then.

    Raises AfterpushError when it is gone, or both sides have commits that the other lacks.
    """
    ref = f"refs/heads/{branch}"
    there, here = remote_refs(context.repo, remote, ref).get(ref), ref_value(context.repo, ref)
    if there is None and here is None:
        raise AfterpushError(f"the branch {branch} is neither here nor on {remote} any more")
    if there is not None:
        fetch_objects(context.repo, remote, ref, there)
    if here is None or here == there or (there and is_ancestor(context.repo, here, there)):
        return str(there)
    if there and not is_ancestor(context.repo, there, here):
        raise AfterpushError(f"{branch} here and on {remote} have gone different ways; push the right one")
    pushed = push_changes(context.repo, remote, [Change(ref, here)])
    if not pushed.landed:
        raise AfterpushError(f"pushing {branch} to {remote}: git says: {first_words(pushed.said)}")
    return here
