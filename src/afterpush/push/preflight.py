"""What must hold before a push is tried: each refusal says what to type."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import current_branch, has_commits
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.remotes import require_remote
from afterpush.infra.git.unmerged import Operation, operation_under_way, unmerged
from afterpush.infra.invocation import program

_ENDINGS = {
    Operation.MERGE: ("git commit --no-edit", "git merge --abort"),
    Operation.REBASE: ("GIT_EDITOR=true git rebase --continue", "git rebase --abort"),
    Operation.AM: ("git am --continue", "git am --abort"),
    Operation.CHERRY_PICK: ("GIT_EDITOR=true git cherry-pick --continue", "git cherry-pick --abort"),
    Operation.REVERT: ("GIT_EDITOR=true git revert --continue", "git revert --abort"),
}


def branch_to_push(repo: Path, target: Target) -> str:
    """The checked-out branch. Raises AfterpushError for what no push can start from."""
    require_remote(repo, target.remote)
    operation = operation_under_way(repo)
    if operation:
        go_on, give_up = _ENDINGS[operation]
        raise AfterpushError(
            f"pushing from {repo}: a {operation.value} is unfinished here; settle it "
            f"({program()} conflicts.resolve, then {go_on}) or give it up ({give_up}), then push again"
        )
    open_paths = [entry.path for entry in unmerged(repo)]
    if open_paths:
        raise AfterpushError(
            f"pushing from {repo}: {named(open_paths)} in conflict; "
            f"run {program()} conflicts.resolve, commit, push again"
        )
    branch = current_branch(repo)
    if branch is None:
        raise AfterpushError(
            f"pushing from {repo}: HEAD is detached, so no branch would follow; "
            f"git switch -c NAME (or git switch {target.branch}), then push again"
        )
    if not has_commits(repo):
        raise AfterpushError(f"pushing from {repo}: {branch} has no commit yet; commit something first")
    return branch


def refuse_dirty(changes: Sequence[str]) -> None:
    """Raises AfterpushError that names the changed paths."""
    if changes:
        raise AfterpushError(
            f"pushing with uncommitted changes: {named(changes)}; "
            "commit them, or set them aside meanwhile with --autostash"
        )


def named(paths: Sequence[str], most: int = 5) -> str:
    """The first paths, and how many more there are."""
    more = len(paths) - most
    return ", ".join(paths[:most]) + (f" and {more} more" if more > 0 else "")
