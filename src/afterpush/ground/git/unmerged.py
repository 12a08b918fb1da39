"""What a worktree is in the middle of, and which of its paths are in conflict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from afterpush.ground.errors import AfterpushError
from afterpush.ground.git import git, git_text


class Operation(StrEnum):
    """What may be unfinished in a worktree."""

    MERGE = "merge"
    REBASE = "rebase"
    AM = "am"
    CHERRY_PICK = "cherry-pick"
    REVERT = "revert"


# The marks that git leaves in a worktree's git folder, in the order of asking: a rebase that stops
# at a conflict also leaves CHERRY_PICK_HEAD.
_MARKS = (
    ("rebase-merge", Operation.REBASE),
    ("rebase-apply/applying", Operation.AM),
    ("rebase-apply", Operation.REBASE),
    ("CHERRY_PICK_HEAD", Operation.CHERRY_PICK),
    ("REVERT_HEAD", Operation.REVERT),
    ("MERGE_HEAD", Operation.MERGE),
)


def worktree_git_folder(repo: Path) -> Path:
    """The git folder of this very worktree (of a linked one: `.git/worktrees/NAME`), absolute."""
    return Path(git_text(repo, "rev-parse", "--absolute-git-dir", doing="finding the git folder"))


def operation_under_way(repo: Path) -> Operation | None:
    """What this worktree is in the middle of. A stash pop with conflicts leaves no mark of its own."""
    folder = worktree_git_folder(repo)
    return next((operation for mark, operation in _MARKS if (folder / mark).exists()), None)


@dataclass(frozen=True)
class Stage:
    """One side of an unmerged path."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: no symbolic link and no submodule."""
        return self.mode.startswith("100")


@dataclass(frozen=True)
class Unmerged:
    """A path in conflict, with the stages that git has of it."""

    path: str
    base: Stage | None = None
    ours: Stage | None = None
    theirs: Stage | None = None


def unmerged(repo: Path, *, env: Mapping[str, str] | None = None) -> list[Unmerged]:
    """The unmerged paths of the index, in its order; paths are relative to the worktree's root."""
    done = git(repo, "ls-files", "--unmerged", "--full-name", "-z", ":/", env=env)
    if done.code != 0:
        raise AfterpushError(f"reading the index of {repo}: git says: {done.error_text}")
    return by_path(done.text.split("\0"))


def by_path(entries: Sequence[str]) -> list[Unmerged]:
    """`mode oid stage<TAB>path` lines as one record a path."""
    stages: dict[str, dict[str, Stage]] = {}
    names = {"1": "base", "2": "ours", "3": "theirs"}
    for entry in filter(None, entries):
        facts, _, path = entry.partition("\t")
        mode, oid, number = facts.split(" ")
        stages.setdefault(path, {})[names[number]] = Stage(mode, oid)
    return [Unmerged(path, **sides) for path, sides in stages.items()]
