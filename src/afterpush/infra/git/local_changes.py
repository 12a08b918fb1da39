"""The work tree: what is changed in it, moving it between commits, and setting changes aside."""

from collections.abc import Sequence
from pathlib import Path

from afterpush.infra.git import git, git_text
from afterpush.infra.git.refs import ref_value


def tracked_changes(repo: Path) -> list[str]:
    """The tracked paths that differ from HEAD, in the index or in the work tree; submodules do not count."""
    text = git_text(
        repo,
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=no",
        "--ignore-submodules=all",
        "--no-renames",
        doing="looking for changes",
    )
    return [entry[3:] for entry in text.split("\0") if entry]


def move_worktree(repo: Path, current: str, wanted: str) -> str | None:
    """Brings index and work tree from one commit to another; None, or what git refuses to overwrite.

    Like `git switch`, but refuses for ignored files too: nothing untracked is ever overwritten.
    """
    done = git(repo, "read-tree", "-m", "-u", current, wanted)
    if done.code != 0:
        # Files that were only touched look changed until the index is refreshed.
        git(repo, "update-index", "-q", "--refresh")
        done = git(repo, "read-tree", "-m", "-u", current, wanted)
    return None if done.code == 0 else done.error_text.removeprefix("error: ").splitlines()[0]


def set_ref(repo: Path, ref: str, new: str, old: str, why: str) -> None:
    """Moves a ref from `old` to `new`, saying why in its reflog. Raises AfterpushError if it is elsewhere."""
    git_text(repo, "update-ref", "-m", why, ref, new, old, doing=f"moving {ref} to {new[:7]}")


def changes_as_commit(repo: Path, message: str) -> str | None:
    """A stash commit of the tracked changes, which themselves stay as they are; None when there are none."""
    return git_text(repo, "stash", "create", message, doing="setting your changes aside") or None


def list_stash(repo: Path, sha: str, message: str) -> None:
    """Puts a stash commit into the stash list, where the user finds it and git keeps it."""
    git_text(repo, "stash", "store", "--message", message, sha, doing="setting your changes aside")


def discard_changes(repo: Path) -> None:
    """Makes index and work tree equal to HEAD. Only for what was set aside before."""
    git_text(repo, "reset", "--hard", "--quiet", doing="cleaning the work tree")


def apply_stash(repo: Path, sha: str, options: Sequence[str] = ()) -> bool:
    """Brings changes back, staged ones as staged; False, and nothing changed, when they do not fit."""
    if git(repo, *options, "stash", "apply", "--index", "--quiet", sha).code == 0:
        return True
    discard_changes(repo)
    # What was staged does not fit as such: the changes may still fit when nothing is staged.
    if git(repo, *options, "stash", "apply", "--quiet", sha).code == 0:
        return True
    discard_changes(repo)
    return False


def drop_stash(repo: Path, sha: str) -> None:
    """Takes exactly this entry from the stash list, wherever it is by now."""
    name = stash_name(repo, sha)
    if name != sha:
        git_text(repo, "stash", "drop", "--quiet", name, doing="dropping our stash entry")


def stash_name(repo: Path, sha: str) -> str:
    """`stash@{n}` of an entry, for people; its sha when it is not in the list."""
    listed = git(repo, "reflog", "show", "--format=%H", "refs/stash", "--")
    entries = listed.text.split() if listed.code == 0 else []
    return f"stash@{{{entries.index(sha)}}}" if sha in entries else sha


def changed_paths(repo: Path, before: str, after: str) -> list[str]:
    """The paths in which two commits differ."""
    text = git_text(
        repo, "diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after, doing="comparing commits"
    )
    return [path for path in text.split("\0") if path]


def blob_in(repo: Path, commit: str, path: str) -> str | None:
    """The object id that a commit has at a path."""
    return ref_value(repo, f"{commit}:{path}")


def blob_on_disk(repo: Path, path: str) -> str | None:
    """The object id that the work tree's file would get; None when there is no file."""
    if not (repo / path).is_file():
        return None
    done = git(repo, "hash-object", f"--path={path}", "--", path)
    return done.text.strip() if done.code == 0 else None
