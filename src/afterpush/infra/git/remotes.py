"""Which remote and which branch are meant where nothing is configured, and whether there is such a remote."""

from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git, remote_urls

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


def missing_remote(repo: Path, remote: str) -> str | None:
    """That there is no such remote, and what to do; None where there is one.

    Only a remote that the user has added counts: a path or a URL of the configuration could lead to a bare
    repository that a commit brought, whose hooks would run.
    """
    if remote_urls(repo, remote, push=True):
        return None
    known = git(repo, "remote").text.split()
    other = f", or name another: --remote={known[0]}, for good push.remote: {known[0]}" if known else ""
    return f"there is no remote {remote} in {repo}; git remote add {remote} URL{other}"


def require_remote(repo: Path, remote: str) -> None:
    """Raises AfterpushError where there is no such remote."""
    if missing := missing_remote(repo, remote):
        raise AfterpushError(missing)
