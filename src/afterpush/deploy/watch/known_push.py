"""With which push a commit came, as this clone knows: from the record of pushes, else from git's own logs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.git.refs import moves_noted, tracking_ref
from afterpush.infra.pushes import Push, read_pushes

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
