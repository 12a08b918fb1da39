"""Repositories inside of a repository: submodules, and what only looks like one."""

from collections.abc import Iterator
from pathlib import Path

from afterpush.infra.git import git, git_text

_GITLINK = "160000"


def new_gitlinks(repo: Path, before: str, after: str) -> list[str]:
    """Paths that `after` newly has as a commit of another repository, without a word in .gitmodules.

    `git add` makes such an entry of any repository inside of a worktree: its files are then in no commit.
    """
    added = [path for path, old, new in _modes(repo, before, after) if new == _GITLINK and old != _GITLINK]
    if not added:
        return []
    declared = _declared(repo, after)
    return [path for path in added if path not in declared]


def checked_out_submodules(worktree: Path) -> list[str]:
    """Paths of other repositories that are really there: git removes no worktree that holds one."""
    listed = git_text(worktree, "ls-files", "--stage", "-z", doing="looking for submodules")
    links = (entry.split("\t", 1)[1] for entry in listed.split("\0") if entry.startswith(_GITLINK))
    return [path for path in links if (worktree / path / ".git").exists()]


def _modes(repo: Path, before: str, after: str) -> Iterator[tuple[str, str, str]]:
    """(path, old mode, new mode) of everything that differs."""
    text = git_text(
        repo, "diff-tree", "-r", "-z", "--raw", "--no-renames", before, after, doing="comparing trees"
    )
    parts = iter(text.split("\0"))
    for facts in parts:
        if facts.startswith(":"):
            old, new = facts[1:].split(" ")[:2]
            yield next(parts), old, new


def _declared(repo: Path, tree: str) -> set[str]:
    done = git(
        repo,
        *("config", "--null", "--blob", f"{tree}:.gitmodules", "--get-regexp", r"^submodule\..*\.path$"),
    )
    return {entry.split("\n", 1)[1] for entry in done.text.split("\0") if "\n" in entry}
