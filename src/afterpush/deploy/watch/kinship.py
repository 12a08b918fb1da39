"""What git here knows about our commit: with which push it came, and how others are related to it.

The push is known from the record of pushes, else from git's own logs. Kinship is one rule for the platform,
the table and the health URL. Nothing is fetched. A commit that was on the remote before our push is no
evidence that ours arrived with it:

    A - B        B is live, then A is pushed again (a rollback by git)
    B contains A, and yet "B is live" does not answer for the push of A
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from afterpush.digitalocean.deployed_commits import Kinship
from afterpush.infra.git import git, is_ancestor
from afterpush.infra.git.refs import moves_noted, tracking_ref
from afterpush.infra.push_record import Push, read_pushes

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


# git notes a push when the remote has answered; the platform may have begun a moment before.
NOTED_LATE_SECONDS = 15.0
# The platform gives times in whole seconds, and its clock is off by a few.
CLOCK_SLACK_SECONDS = 5.0
ROUNDED_SECONDS = 2.0


@dataclass(frozen=True)
class KnownPush:
    """`since`: no deployment that was made before is of this push (epoch seconds of this machine).

    `before` is what the remote's branch was before it; None for a new branch, or where it is not known.
    """

    since: float
    before: str | None = None


def known_push(record: Path, repo: Path, remote: str, branches: Iterable[str], sha: str) -> KnownPush | None:
    """The latest push of the commit to one of the branches; None when none is known here."""
    refs = [f"refs/heads/{branch}" for branch in branches]
    recorded = [push for push in read_pushes(record) if push.landed and push.sha == sha and push.ref in refs]
    known = [_of_record(push) for push in recorded[-1:]]
    known += filter(None, (_of_log(repo, remote, ref, sha) for ref in refs))
    return max(known, key=lambda push: push.since, default=None)


def _of_record(push: Push) -> KnownPush:
    began = push.pushed_at - NOTED_LATE_SECONDS if push.began_at is None else push.began_at
    is_new = push.old is None or not push.old.strip("0")
    return KnownPush(began - CLOCK_SLACK_SECONDS, None if is_new else push.old)


def _of_log(repo: Path, remote: str, ref: str, sha: str) -> KnownPush | None:
    """From the log of the tracking ref: what it was before our push cannot be newer than our push.

    9:00:00 update by push A
    9:04:10 update by push B
    9:04:20 update by push A   -> not before 9:04:10; before it was B
    """
    tracking = tracking_ref(repo, remote, ref)
    moves = moves_noted(repo, tracking) if tracking else []
    for at, move in enumerate(moves):
        if move.sha == sha and move.is_push:
            earlier = next((other for other in moves[at + 1 :] if other.sha != sha), None)
            since = move.at - NOTED_LATE_SECONDS
            if earlier is None:
                return KnownPush(since)
            return KnownPush(max(since, earlier.at - ROUNDED_SECONDS), earlier.sha)
    return None
