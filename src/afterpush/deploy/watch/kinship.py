"""What git here knows about our commit and others: one rule for the platform, the table and the health URL.

Nothing is fetched. A commit that was on the remote before our push is no evidence that ours arrived with it:

    A - B        B is live, then A is pushed again (a rollback by git)
    B contains A, and yet "B is live" does not answer for the push of A
"""

from pathlib import Path

from afterpush.digitalocean.deployed_commits import Kinship
from afterpush.infra.git import git, is_ancestor

_ASKED_AGAIN_AFTER = 10


class GitKin:
    """`before` is what the remote's branch was before the push of `sha`, where that is known."""

    def __init__(self, repo: Path, sha: str, before: str | None = None) -> None:
        self._repo = repo
        self._sha = sha
        self._before = before
        self._known: dict[str, tuple[Kinship, str]] = {}
        self._unknown: dict[str, int] = {}

    def is_ours(self, commit: str) -> bool:
        return len(commit) >= 7 and self._sha.startswith(commit.lower())

    def kinship(self, commit: str) -> Kinship:
        return self._asked(commit)[0]

    def full(self, commit: str) -> str:
        return self._asked(commit)[1]

    def _asked(self, commit: str) -> tuple[Kinship, str]:
        if self.is_ours(commit):
            return Kinship.SAME, self._sha
        if commit in self._known:
            return self._known[commit]
        # The user may fetch meanwhile; not every look has to find out.
        self._unknown[commit] = asked = self._unknown.get(commit, -1) + 1
        if asked % _ASKED_AGAIN_AFTER:
            return Kinship.UNKNOWN, commit
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
        done = git(self._repo, *words)
        if done.code != 0:
            return Kinship.UNKNOWN, commit
        full = done.text.strip()
        self._known[commit] = self._related(full), full
        return self._known[commit]

    def _related(self, full: str) -> Kinship:
        if is_ancestor(self._repo, self._sha, full):
            was_there = self._before is not None and is_ancestor(self._repo, full, self._before)
            return Kinship.OTHER if was_there else Kinship.CONTAINS
        return Kinship.CONTAINED if is_ancestor(self._repo, full, self._sha) else Kinship.OTHER
