"""Fetching one branch of a remote, and pushing to it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import clean_environment, git, said_by
from afterpush.infra.git.leases import PushAnswer, fetch_objects, judge_push
from afterpush.infra.git.refs import listed_by_remote
from afterpush.infra.processes import run_shown

# A ref of this worktree alone (gitrevisions(7)): parallel fetches of one clone do not meet in it.
_FETCHED = "refs/worktree/afterpush/fetched"


@dataclass(frozen=True)
class Target:
    """A branch of a remote."""

    remote: str
    branch: str

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def tracking_ref(self) -> str:
        return f"refs/remotes/{self.remote}/{self.branch}"

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}"


def fetch_branch(repo: Path, target: Target) -> str | None:
    """Fetches the branch (its tracking ref follows) and returns its commit; None when there is none.

    Raises AfterpushError (unreachable) when the remote does not answer.
    """
    # Housekeeping has its time after a push, not between the look at the remote and the write to it.
    words = ("-c", "fetch.writeCommitGraph=false", "fetch", "--quiet", "--no-tags", "--no-auto-maintenance")
    refspec = f"+{target.ref}:{_FETCHED}"
    done = git(repo, *words, "--no-recurse-submodules", "--", target.remote, refspec)
    if done.code != 0:
        if "couldn't find remote ref" in done.error_text:
            return None
        raise AfterpushError(
            f"fetching {target}: git says: {said_by(done)}; "
            "check the network, the URL and your access, then run it again",
            ExitCode.UNREACHABLE,
        )
    return git(repo, "rev-parse", "--verify", "--quiet", _FETCHED).text.strip()


def forget_fetched(repo: Path) -> None:
    """Removes the ref that `fetch_branch` has left in this worktree."""
    git(repo, "update-ref", "-d", _FETCHED)


def look_at_branch(repo: Path, target: Target) -> str | None:
    """Where the branch is at the remote now, without fetching; None when that is not known."""
    with suppress(AfterpushError):
        return listed_by_remote(repo, target.remote, [target.ref], {}).get(target.ref)
    return None


def fetch_without_trace(repo: Path, target: Target, scratch: Mapping[str, str]) -> str | None:
    """The commit of the branch now, its objects in the `scratch` store: nothing of the clone changes."""
    sha = listed_by_remote(repo, target.remote, [target.ref], {}).get(target.ref)
    if sha:
        fetch_objects(repo, target.remote, target.ref, sha, env=scratch)
    return sha


def push_commit(repo: Path, sha: str, target: Target) -> PushAnswer:
    """Pushes exactly this commit to the branch, never by force; what git says is shown as it comes."""
    done = run_shown(
        ("git", "push", "--", target.remote, f"{sha}:{target.ref}"), cwd=repo, env=clean_environment()
    )
    return judge_push(done.code, done.error_text)
