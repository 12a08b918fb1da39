"""Linked worktrees: making, listing and removing them, and what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder
from afterpush.infra.git import common_folder, git, git_text
from afterpush.infra.locks import locked


@dataclass(frozen=True)
class Linked:
    """A worktree as git lists it; `branch` is None when its HEAD is detached."""

    path: Path
    head: str
    branch: str | None
    is_locked: bool
    is_prunable: bool


def add_worktree(repo: Path, path: Path, branch: str, base: str) -> None:
    """Makes a worktree with a new branch at `base`. Raises AfterpushError when either exists."""
    _add(repo, path, "--no-track", "-b", branch, commit=base)


@contextmanager
def detached_worktree(repo: Path, path: Path, commit: str) -> Iterator[Path]:
    """A worktree without a branch, gone afterwards with whatever was written into it."""
    _add(repo, path, "--detach", commit=commit)
    try:
        yield path
    finally:
        discard_worktree(repo, path)


def discard_worktree(repo: Path, path: Path) -> None:
    """Removes a worktree with whatever is in it: only for what is nobody's work."""
    with _alone(repo):
        # Twice: git keeps a worktree locked while it makes it, and for ever when it is killed at that.
        git(repo, "worktree", "remove", "--force", "--force", path)


def was_never_filled(worktree: Path) -> bool:
    """Whether the making of it was cut off: it has no index yet, and no file but git's own."""
    if any(entry.name != ".git" for entry in worktree.iterdir()):
        return False
    found = git(worktree, "rev-parse", "--path-format=absolute", "--git-path", "index")
    return found.code == 0 and not Path(found.text.strip()).exists()


def _add(repo: Path, path: Path, *options: str, commit: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    doing = f"making the worktree {path}"
    with _alone(repo):
        git_text(repo, "worktree", "add", "--quiet", "--no-checkout", *options, path, commit, doing=doing)
    # Outside of the lock: this is what takes its time in a large repository.
    git_text(path, "reset", "--hard", "--quiet", "--no-recurse-submodules", doing=doing)


@contextmanager
def _alone(repo: Path) -> Iterator[None]:
    """One change of the list of worktrees at a time: git (2.39) reads the records of all the others, and
    fails on one that is half written."""
    lock = private_folder(common_folder(repo) / "afterpush") / "worktrees.lock"
    with locked(lock, wait_seconds=60, doing=f"changing the worktrees of {repo}"):
        yield


def linked_worktrees(repo: Path) -> list[Linked]:
    """Every worktree of the repository but the main one."""
    listed = git_text(repo, "worktree", "list", "--porcelain", "-z", doing="listing the worktrees")
    found = []
    for record in listed.split("\0\0")[1:]:
        facts = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        if "worktree" in facts:
            found.append(
                Linked(
                    Path(facts["worktree"]),
                    facts.get("HEAD", ""),
                    facts["branch"].removeprefix("refs/heads/") if "branch" in facts else None,
                    "locked" in facts,
                    "prunable" in facts,
                )
            )
    return found


def changed_entries(worktree: Path) -> list[str]:
    """Paths that differ from HEAD, new files included and ignored ones not."""
    text = git_text(
        worktree,
        *("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"),
        doing="looking for changes",
    )
    return [entry[3:] for entry in text.split("\0") if entry]


def remove_clean_worktree(repo: Path, path: Path) -> None:
    """Removes a worktree; git refuses, and AfterpushError is raised, when anything in it is not committed."""
    with _alone(repo):
        git_text(repo, "worktree", "remove", path, doing=f"removing the worktree {path}")


def forget_missing_worktrees(repo: Path) -> None:
    """Drops git's records of worktrees whose folder is gone."""
    with _alone(repo):
        git(repo, "worktree", "prune")


def commit_everything(worktree: Path, message: str) -> None:
    """Commits all changes, new files included, without the repository's commit hooks."""
    git_text(worktree, "add", "--all", doing="staging what an agent has written")
    done = git(
        worktree, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--file=-", input=message.encode()
    )
    if done.code != 0:
        raise AfterpushError(
            f"committing what an agent has written in {worktree}: git says: {done.error_text or done.text}"
        )
