"""Removing what the swarm has no use for any more: never work that is not in main."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from afterpush.infra.console import table
from afterpush.infra.files import unless_gone
from afterpush.infra.git import git
from afterpush.infra.git.containment import is_contained
from afterpush.infra.git.leases import ABSENT, Change, fetched_refs, push_changes
from afterpush.infra.git.refs import refs_here
from afterpush.infra.git.submodules import checked_out_submodules
from afterpush.infra.git.unmerged import operation_under_way
from afterpush.infra.git.worktrees import (
    Linked,
    changed_entries,
    discard_worktree,
    forget_missing_worktrees,
    linked_worktrees,
    remove_clean_worktree,
    was_never_filled,
)
from afterpush.infra.locks import is_locked
from afterpush.swarm.claims import PREFIX, Claim, read_claims
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.merge_queue.checks import has_manager, is_check
from afterpush.swarm.merge_queue.mainline import Mainline


@dataclass(frozen=True)
class Kept:
    """What stays, and why."""

    path: Annotated[str, "a worktree's path, or a branch's name"]
    reason: Annotated[str, "why it stays"]


@dataclass(frozen=True)
class CleanupResult:
    """The keys of `swarm.cleanup --json`: worktrees as paths, branches and claims by their names."""

    removed: Annotated[tuple[str, ...], "worktrees by path, branches and claims by name"]
    kept: tuple[Kept, ...]
    dry_run: bool


def clean_up(context: SwarmContext, mainline: Mainline, own: str, *, dry_run: bool) -> CleanupResult:
    """Removes worktrees and branches whose change is in main, and claims that nobody holds any more.

    `own` is this clone's name. With `dry_run` it only says what it would do.
    """
    main = mainline.look()[0]
    cleaning = _Cleaning(context, mainline, main, own, dry_run=dry_run)
    cleaning.claims()
    cleaning.worktrees()
    cleaning.local_branches()
    cleaning.remote_branches()
    return CleanupResult(tuple(cleaning.removed), tuple(cleaning.kept), dry_run)


class _Cleaning:
    def __init__(
        self, context: SwarmContext, mainline: Mainline, main: str, own: str, *, dry_run: bool
    ) -> None:
        self.context, self.mainline, self.main, self.own, self.dry_run = context, mainline, main, own, dry_run
        self.remote = mainline.target.remote
        self.removed: list[str] = []
        self.kept: list[Kept] = []
        self.claimed: dict[str, Claim] = {}
        self.busy_branches: set[str] = set()

    def claims(self) -> None:
        """Claims that have expired, and this clone's own whose manager is gone."""
        for task, claim in read_claims(self.context.repo, self.remote).items():
            is_ours_and_dead = claim.clone == self.own and not self._is_busy(task)
            if is_ours_and_dead or claim.expires_at <= self.context.clock.now():
                ref = PREFIX + task
                self._remove_ref(ref, claim.sha, ref)
            else:
                self.claimed[task] = claim

    def worktrees(self) -> None:
        if not self.dry_run:
            forget_missing_worktrees(self.context.repo)
        for linked in linked_worktrees(self.context.repo):
            if linked.path.parent.resolve() != self.context.worktrees.resolve():
                continue
            if is_check(self.context, linked):
                self._check_worktree(linked)
            elif self._task_of(linked.path) or linked.branch is None or linked.branch.startswith("swarm/"):
                with unless_gone(linked.path):
                    self._agent_worktree(linked)
        self._broken_worktrees()
        if not self.dry_run:
            with suppress(OSError):  # It was never made, or holds something.
                self.context.worktrees.rmdir()

    def _check_worktree(self, linked: Linked) -> None:
        if has_manager(self.context, linked):
            self.kept.append(Kept(str(linked.path), "a check runs in it"))
            return
        if not self.dry_run:
            discard_worktree(self.context.repo, linked.path)
        self.removed.append(str(linked.path))

    def _task_of(self, path: Path) -> str | None:
        """The task of a folder that was made for an attempt, whichever branch the agent has there by now."""
        task, _, number = path.name.rpartition("-")
        is_attempt = number.isdigit() and self.context.attempt_folder(task, int(number)).is_dir()
        return task if is_attempt else None

    def _broken_worktrees(self) -> None:
        """What git does not take for a worktree any more may still hold work."""
        # The folders first: a worktree that is made meanwhile is not among them.
        folders = sorted(self.context.worktrees.glob("*"))
        known = {linked.path.resolve() for linked in linked_worktrees(self.context.repo)}
        for path in folders:
            if path.is_dir() and self._task_of(path) and path.resolve() not in known:
                reason = "it is no worktree any more, and may hold work: look, then remove it by hand"
                self.kept.append(Kept(str(path), reason))

    def _agent_worktree(self, linked: Linked) -> None:
        reason = self._why_kept(linked)
        if reason:
            self.kept.append(Kept(str(linked.path), reason))
            if linked.branch:
                self.busy_branches.add(linked.branch)
            return
        if not self.dry_run:
            is_empty = was_never_filled(linked.path)
            (discard_worktree if is_empty else remove_clean_worktree)(self.context.repo, linked.path)
        self.removed.append(str(linked.path))

    def _why_kept(self, linked: Linked) -> str | None:
        if self._is_busy(self._task_of(linked.path) or linked.path.name.rpartition("-")[0]):
            return "its task is under way"
        if linked.is_prunable or not linked.path.is_dir():
            return "its folder is missing"
        if was_never_filled(linked.path):
            return self._why_not_in_main(linked.head)
        if linked.is_locked:
            return "git has it locked (git worktree unlock)"
        unfinished = operation_under_way(linked.path)
        if unfinished:
            return f"it is in the middle of a {unfinished.value}"
        changed = changed_entries(linked.path)
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            return f"uncommitted changes: {', '.join(changed[:3])}{more}"
        return self._why_not_in_main(linked.head) or _why_git_keeps(linked.path)

    def _why_not_in_main(self, tip: str) -> str | None:
        if is_contained(self.context.repo, tip, self.main):
            return None
        return f"its commits are not in {self.mainline.target}"

    def local_branches(self) -> None:
        for ref, tip in refs_here(self.context.repo, "refs/heads/swarm/").items():
            branch = ref.removeprefix("refs/heads/")
            if branch in self.busy_branches:
                continue
            reason = self._branch_reason(branch, tip)
            if reason:
                self.kept.append(Kept(branch, reason))
                continue
            if not self.dry_run:
                if git(self.context.repo, "update-ref", "-d", ref, tip).code != 0:
                    self.kept.append(Kept(branch, "it was moved meanwhile"))
                    continue
                git(self.context.repo, "config", "--remove-section", f"branch.{branch}")
            self.removed.append(branch)

    def remote_branches(self) -> None:
        for ref, tip in fetched_refs(self.context.repo, self.remote, "refs/heads/swarm/*").items():
            branch = ref.removeprefix("refs/heads/")
            reason = self._branch_reason(branch, tip)
            if reason or branch in self.busy_branches:
                if not any(kept.path == branch for kept in self.kept):
                    self.kept.append(Kept(f"{self.remote}/{branch}", reason or "its worktree stays"))
                continue
            self._remove_ref(ref, tip, f"{self.remote}/{branch}")

    def _branch_reason(self, branch: str, tip: str) -> str | None:
        task = branch.split("/")[1]
        if self._is_busy(task):
            return "its task is under way"
        if task in self.claimed:
            return str(self.claimed[task])
        return self._why_not_in_main(tip)

    def _remove_ref(self, ref: str, sha: str, name: str) -> None:
        if not self.dry_run:
            pushed = push_changes(self.context.repo, self.remote, [Change(ref, ABSENT, sha)])
            if not pushed.landed:
                said = next(iter(pushed.said.splitlines()), "nothing")
                self.kept.append(Kept(name, f"{self.remote} refused to remove it: {said}"))
                return
        self.removed.append(name)

    def _is_busy(self, task: str) -> bool:
        return is_locked(self.context.state / "locks" / f"{task}.lock")


def _why_git_keeps(worktree: Path) -> str | None:
    inside = checked_out_submodules(worktree)
    if not inside:
        return None
    return (
        f"git removes no worktree with a repository in it ({', '.join(inside[:3])}); when nothing in that is "
        f"needed: git worktree remove --force {worktree}"
    )


def cleaned_text(cleaned: CleanupResult) -> str:
    """What went and what stays, for a reader."""
    verb = "would remove" if cleaned.dry_run else "removed"
    lines = [f"{verb} {name}" for name in cleaned.removed] or [f"{verb} nothing"]
    if cleaned.kept:
        rows = [[kept.path, kept.reason] for kept in cleaned.kept]
        lines += ["", table(["kept", "because"], rows)]
    return "\n".join(lines)
