"""Why a branch and main do not merge, in words for the person who decides."""

import re
from pathlib import Path

from afterpush.infra.git.merge_tree import TreeMerge
from afterpush.infra.git.objects import read_blob
from afterpush.infra.git.unmerged import Unmerged
from afterpush.swarm.context import QueueMerging

# merge-ort moves a file out of the way of a folder, to its name with the side's name behind it.
_MOVED_AWAY = re.compile(r"~[0-9a-f]{40,64}(?:_\d+)?$")


def contended(repo: Path, merged: TreeMerge, merging: QueueMerging) -> str:
    """The paths that both sides have changed, each with the reason where there is one to tell."""
    told = []
    for path in merged.conflicted_paths:
        entry = next((entry for entry in merged.conflicts if entry.path == path), None)
        reasons = _reasons(repo, path, entry, merged, merging)
        name = _MOVED_AWAY.sub("", path)
        told.append(f"{name} ({'; '.join(reasons)})" if reasons else name)
    return ", ".join(told)


def _reasons(
    repo: Path, path: str, entry: Unmerged | None, merged: TreeMerge, merging: QueueMerging
) -> tuple[str, ...]:
    if _MOVED_AWAY.search(path):
        return ("a file on one side, a folder on the other",)
    if entry is None:
        return tuple(message for message in merged.messages if path in message)[:1]
    if entry.ours is None or entry.theirs is None:
        if entry.base:
            is_gone = entry.ours is None
            there, here = ("deleted", "changed") if is_gone else ("changed", "deleted")
            return (f"{there} on main, {here} on the branch",)
        return tuple(message for message in merged.messages if path in message)[:1]
    if not (entry.ours.is_file and entry.theirs.is_file):
        return ("no regular file on both sides",)
    base = read_blob(repo, entry.base.oid) if entry.base and entry.base.is_file else None
    return merging.explain(path, base, read_blob(repo, entry.ours.oid), read_blob(repo, entry.theirs.oid))
