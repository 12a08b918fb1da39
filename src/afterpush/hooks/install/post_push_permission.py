"""Whether the repository's post-push script may run: husky's, ours, the user's own, or one with his yes.

Plain git never runs a file of the work tree, and after a pull such a file may be anybody's. What the user
wrote here himself needs no yes: it is uncommitted, or its last commit was made in this clone, which git's
own logs of HEAD and of branches tell ("commit: ...", against "pull: Fast-forward").
"""

import re
from collections.abc import Mapping
from pathlib import Path

from afterpush.hooks.install.scripts import is_ours, own_script, text_of
from afterpush.infra.git import common_folder, config_value, git
from afterpush.infra.git.tracked_files import is_brought

_MADE_HERE = re.compile(r"commit\b|(?:rebase|pull\b).*\((?:pick|reword|edit|squash|fixup|continue)\)")


def is_allowed(repo: Path, script: Path, environment: Mapping[str, str]) -> bool:
    """Whether a watcher may run the script (a path below `repo`) after a push."""
    text = text_of(script)
    if is_ours(text, "post-push") and text == own_script("post-push", ""):
        return True
    if (config_value(repo, "core.hooksPath") or "").rstrip("/").endswith("/_"):
        return True  # husky runs the scripts of this folder as it is, and its installer wants that.
    from afterpush.infra.configuration.approvals import Trust, file_item

    path = script.relative_to(repo).as_posix()
    item = file_item("hook", repo, path)
    return item is not None and (
        Trust(common_folder(repo), environment).has(item) or _is_made_here(repo, path)
    )


def _is_made_here(repo: Path, path: str) -> bool:
    if (repo / path).is_symlink():
        return False  # No matter who made the link, what it leads to may have come with a pull since.
    if not is_brought(repo, path) or git(repo, "status", "--porcelain", "-z", "--", path).text:
        return True  # No commit brought it, for git ignores or does not know it; or it was changed here.
    last = git(repo, "log", "-1", "--format=%H", "HEAD", "--", path).text.strip()
    # The logs of every branch and every worktree's HEAD: a linked worktree's own begins when it was added.
    logs = ("--walk-reflogs", "--format=%H%x00%gs", "--exclude=refs/remotes/*", "--all")
    listed = git(repo, "log", *logs, "--").text.splitlines()
    noted = (line.partition("\0")[::2] for line in listed)
    return bool(last) and any(sha == last and _MADE_HERE.match(said) for sha, said in noted)
