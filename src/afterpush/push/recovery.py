"""Going on after a killed push: the journal says what it had begun, the worktree shows how far it came."""

from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, git_text, own_git_folder, resolve_commit
from afterpush.infra.git.local_changes import (
    apply_stash,
    blob_in,
    blob_on_disk,
    changed_paths,
    drop_stash,
    stash_name,
    tracked_changes,
)
from afterpush.push.journal import PushJournal, PushState
from afterpush.push.preflight import named


def recover(repo: Path, journal: PushJournal) -> list[str]:
    """Finishes or undoes what a killed run left; sentences about it, empty when there was nothing.

    Changes made by hand since are never touched: then it raises AfterpushError that names them.
    """
    entry = journal.read()
    if entry is None:
        return []
    _refuse_lock(repo)
    told = [_settle(repo, entry)]
    if entry.stash:
        told.append(_bring_back(repo, entry.stash))
    journal.clear()
    return [sentence for sentence in told if sentence]


def _refuse_lock(repo: Path) -> None:
    lock = own_git_folder(repo) / "index.lock"
    if lock.exists():
        raise AfterpushError(
            f"an earlier push was killed and {lock} is there: another git runs here, or was killed too; "
            "when none runs, remove that file and push again"
        )


def _settle(repo: Path, entry: PushState) -> str:
    head = git(repo, "symbolic-ref", "--quiet", "HEAD").text.strip()
    if head != entry.branch_ref:
        return f"an earlier push was killed on {entry.branch_ref}, which was at {entry.original[:7]} before"
    at = resolve_commit(repo, "HEAD")
    changed = tracked_changes(repo)
    half_way = _half_way(repo, entry, at, changed) or _leftovers(repo, entry, at)
    if not half_way or _is_only_set_aside(repo, entry, changed):
        return _already_there(entry, at)
    strange = _touched_by_others(repo, entry, changed)
    if strange:
        raise AfterpushError(
            f"an earlier push was killed while it moved your files; {named(strange)}: neither as before "
            f"nor as it wanted; look at that, then undo all with git reset --hard {entry.original}"
        )
    # Over the newest commit first: it knows the files that the killed run had added.
    for commit in (*entry.moved_to[-1:], entry.original):
        git_text(repo, "reset", "--hard", "--quiet", commit, doing="undoing a killed push")
    return f"an earlier push was killed half-way; {entry.branch_ref} is back at {entry.original[:7]}"


def _half_way(repo: Path, entry: PushState, at: str, changed: list[str]) -> list[str]:
    """The changed paths that the killed run may have been moving; others were edited by hand since."""
    moved = {path for tip in entry.moved_to for path in changed_paths(repo, entry.original, tip)}
    touched = [path for path in changed if path in moved]
    if at == entry.original:
        return touched
    # It had arrived: only a move back, which was never finished, can have left old text in a file.
    return [path for path in touched if blob_on_disk(repo, path) == blob_in(repo, entry.original, path)]


def _already_there(entry: PushState, at: str) -> str:
    if at == entry.original:
        return ""
    if at in entry.moved_to:
        return (
            f"an earlier push was killed after it had put your commits on top of the remote's: going on "
            f"from there ({entry.original[:7]} is where you were before)"
        )
    return ""


def _is_only_set_aside(repo: Path, entry: PushState, changed: list[str]) -> bool:
    """Killed after the changes were put into the stash list and before they were taken out of the tree."""
    if entry.stash is None or not changed:
        return False
    return git(repo, "diff", "--quiet", entry.stash, "--", *changed).code == 0


def _leftovers(repo: Path, entry: PushState, at: str) -> list[str]:
    """Files that the killed run had rewritten while the index did not know them yet."""
    if at != entry.original or not entry.moved_to:
        return []
    tip = entry.moved_to[-1]
    added = [path for path in changed_paths(repo, at, tip) if blob_in(repo, at, path) is None]
    return [
        path for path in added if (found := blob_on_disk(repo, path)) and found == blob_in(repo, tip, path)
    ]


def _touched_by_others(repo: Path, entry: PushState, changed: list[str]) -> list[str]:
    """The changed paths that are neither as before nor as the killed run wanted them."""
    moved = {path for tip in entry.moved_to for path in changed_paths(repo, entry.original, tip)}
    return [
        path for path in sorted({*changed, *moved}) if path not in moved or not _is_known(repo, entry, path)
    ]


def _is_known(repo: Path, entry: PushState, path: str) -> bool:
    """Whether the file is as one of the commits has it; a missing one is: nothing of it can be lost."""
    found = blob_on_disk(repo, path)
    return found is None or found in {blob_in(repo, end, path) for end in (entry.original, *entry.moved_to)}


def _bring_back(repo: Path, stash: str) -> str:
    paths = changed_paths(repo, f"{stash}^1", stash)
    if git(repo, "diff", "--quiet", stash, "--", *paths).code == 0:
        drop_stash(repo, stash)  # Not taken out of the work tree yet, or back in it already.
        return ""
    if tracked_changes(repo) or not apply_stash(repo, stash):
        return f"the changes that it had set aside are safe in {stash_name(repo, stash)}: git stash pop"
    drop_stash(repo, stash)
    return "the changes that it had set aside are back"
