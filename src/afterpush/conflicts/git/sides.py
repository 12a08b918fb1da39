"""Whose text is "ours" and whose is "theirs": it depends on what git is in the middle of."""

from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.git import current_branch, git
from afterpush.infra.git.unmerged import Operation


@dataclass(frozen=True)
class Sides:
    """Both sides in words, and what to type once nothing is unmerged any more."""

    ours: str
    theirs: str
    next: str
    undo: str

    @property
    def labels(self) -> tuple[str, str, str]:
        """For conflict markers: ours, base, theirs."""
        return self.ours, "common ancestor", self.theirs


def name_sides(repo: Path, operation: Operation | None) -> Sides:
    """The sides of the conflict in this worktree; without an operation it is taken for a stash pop."""
    here = f"{current_branch(repo) or 'HEAD'} {_subject(repo, 'HEAD')}".strip()
    match operation:
        case Operation.MERGE:
            return Sides(here, _named(repo, "MERGE_HEAD"), "git commit --no-edit", "git merge --abort")
        case Operation.REBASE:
            # In a rebase the sides are swapped: "ours" is what the commits are put on.
            mine = f"your commit {_named(repo, 'REBASE_HEAD')}"
            onto = f"already there: {_subject(repo, 'HEAD')}"
            return Sides(onto, mine, "GIT_EDITOR=true git rebase --continue", "git rebase --abort")
        case Operation.AM:
            return Sides(here, "the patch", "git am --continue", "git am --abort")
        case Operation.CHERRY_PICK:
            picked = _named(repo, "CHERRY_PICK_HEAD")
            return Sides(
                here, picked, "GIT_EDITOR=true git cherry-pick --continue", "git cherry-pick --abort"
            )
        case Operation.REVERT:
            reverted = f"before {_named(repo, 'REVERT_HEAD')}"
            return Sides(here, reverted, "GIT_EDITOR=true git revert --continue", "git revert --abort")
        case None:
            return Sides(
                here,
                "stashed changes",
                "look at git diff --cached, then git stash drop (git kept the stash entry)",
                "git reset --merge (the stash entry is kept)",
            )


def _named(repo: Path, revision: str) -> str:
    return _subject(repo, revision) or revision


def _subject(repo: Path, revision: str) -> str:
    """`1a2b3c4 (the subject)`; empty when git does not know the revision."""
    done = git(repo, "show", "-s", "--format=%h (%s)", revision, "--")
    return done.text.strip().replace("\n", " ") if done.code == 0 else ""
