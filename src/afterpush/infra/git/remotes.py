"""Which remote and which branch are meant where nothing is configured."""

from pathlib import Path

from afterpush.infra.git import git

USUAL_REMOTE, USUAL_BRANCH = "origin", "main"


def watched_by_default(repo: Path) -> tuple[str, str]:
    """`origin`, or the only remote that there is, and the branch that its HEAD names.

    `refs/remotes/NAME/HEAD` is what a clone notes of it; `git remote set-head NAME --auto` does so later.
    Where it is missing it is `main`. Nothing is asked over the network.
    """
    names = git(repo, "remote").text.split()
    remote = names[0] if len(names) == 1 else USUAL_REMOTE
    prefix = f"refs/remotes/{remote}/"
    head = git(repo, "symbolic-ref", "--quiet", f"{prefix}HEAD").text.strip()
    is_there = head.startswith(prefix) and git(repo, "show-ref", "--verify", "--quiet", head).code == 0
    return remote, head.removeprefix(prefix) if is_there else USUAL_BRANCH


def remote_branches(repo: Path, remote: str) -> frozenset[str]:
    """The branches of a remote, as of the last fetch; none where it was never fetched."""
    prefix = f"refs/remotes/{remote}/"
    listed = git(repo, "for-each-ref", "--format=%(refname)", prefix).text.split("\n")
    return frozenset(name.removeprefix(prefix) for name in listed if name) - {"HEAD"}
