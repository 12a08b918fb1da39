"""What a worker on another machine does, of dask or over SSH: attempts and checks in its own clone.

An attempt is begun by creating its branch on the remote, which only one of its executions can: dask runs a
task again when its worker died. A worker ends its agents when the manager says stop, or has not been heard of
for `STALE_SECONDS`.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder, read_tail
from afterpush.infra.git import git
from afterpush.infra.git.leases import ABSENT, Change, fetch_objects, push_changes, remote_refs
from afterpush.infra.git.objects import read_commits, write_commit
from afterpush.infra.git.refs import NEVER_ASK
from afterpush.infra.git.worktrees import remove_clean_worktree
from afterpush.infra.locks import locked
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec, carry_out
from afterpush.swarm.agent.check_run import CheckSpec, run_check
from afterpush.swarm.agent.supervisor import Ended
from afterpush.swarm.states import TaskState

BEAT_SECONDS = 1.0
# Longer than a worker's longest pause in which no other thread of it runs (a large unpickling, a slow disk).
STALE_SECONDS = 20.0
_LOG_BYTES = 1 << 20


@dataclass(frozen=True)
class CloneSource:
    """Where a worker finds the code: the remote's URL, without credentials, and the ref of main there."""

    url: str
    main_ref: str


@dataclass(frozen=True)
class RemoteChecked:
    """How it ended, and the end of its log. `is_lost`: its worker died, and nothing is known."""

    ended: Ended
    log: bytes = b""
    is_lost: bool = False


Work = AttemptSpec | CheckSpec
Answer = Attempted | RemoteChecked


def lost(work: Work, why: str, *, is_lost: bool) -> Answer:
    """The answer to work that no worker answers: it was lost with its worker, or else stopped."""
    if isinstance(work, CheckSpec):
        return RemoteChecked(Ended("lost" if is_lost else "stopped", 1, 0.0), is_lost=is_lost)
    return Attempted(None, TaskState.FAILED if is_lost else TaskState.STOPPED, why, is_lost=is_lost)


def reach(source: CloneSource) -> str:
    """Runs on a worker: makes its clone ready, or says why it cannot; empty when all is well."""
    try:
        repo = _clone_of(_home_of(os.environ, source), source)
        remote_refs(repo, "origin", source.main_ref)
    except AfterpushError as error:
        return str(error)
    return ""


def carry_out_here(work: Work, source: CloneSource, is_cut: Callable[[], bool]) -> Answer:
    """Runs on a worker: the work in the worker's own clone, until `is_cut`. Raises AfterpushError."""
    home = _home_of(os.environ, source)
    repo = _clone_of(home, source)
    if isinstance(work, CheckSpec):
        return _check(repo, home, work, is_cut)
    fetch_objects(repo, "origin", source.main_ref, work.base)
    return _attempt(repo, home, work, is_cut)


def _attempt(repo: Path, home: Path, spec: AttemptSpec, is_cut: Callable[[], bool]) -> Attempted:
    """One attempt, at most once for each attempt's number."""
    # A commit of its own: pushing the base again would count as up to date, whatever the lease expects.
    mark = _mark(repo, spec)
    begun = push_changes(repo, "origin", [Change(f"refs/heads/{spec.branch}", mark, ABSENT)])
    if not begun.landed:
        reason = (
            "its worker died" if begun.is_rejected else f"its branch cannot be pushed: {begun.said[:200]}"
        )
        return Attempted(None, TaskState.FAILED, reason, is_lost=begun.is_rejected)
    here = replace(
        spec,
        remote="origin",
        worktree=str(home / "worktrees" / f"{spec.task}-{spec.attempt}"),
        folder=str(home / "attempts" / spec.task / str(spec.attempt)),
    )
    done = carry_out(repo, here, os.environ, is_stopped=is_cut, clock=SystemClock(), expected=mark)
    if done.tip:
        # The branch is on the remote: nothing is kept here for it, unless git would rather not remove it
        # (the agent has done so itself, or made a repository in it): that is no fault of its work.
        with suppress(AfterpushError):
            remove_clean_worktree(repo, Path(here.worktree))
        git(repo, "update-ref", "-d", f"refs/heads/{spec.branch}")
    return done


def _mark(repo: Path, spec: AttemptSpec) -> str:
    """An empty commit on the base that no other execution makes."""
    message = f"Begin attempt {spec.attempt} at {spec.task}\n\n{secrets.token_hex(8)}\n"
    return write_commit(repo, read_commits(repo, [spec.base])[0].tree, [spec.base], message.encode())


def _check(repo: Path, home: Path, spec: CheckSpec, is_cut: Callable[[], bool]) -> RemoteChecked:
    fetch_objects(repo, "origin", spec.ref, spec.commit)
    ended, log = run_check(
        repo,
        spec,
        home / "checks",
        home / "worktrees",
        os.environ,
        is_stopped=is_cut,
        clock=SystemClock(),
    )
    try:
        return RemoteChecked(ended, read_tail(log, _LOG_BYTES))
    finally:
        log.unlink(missing_ok=True)


def _home_of(environment: Mapping[str, str], source: CloneSource) -> Path:
    """Where a worker keeps its clone of a source: below AFTERPUSH_SWARM_HOME, else in the user's cache."""
    named = environment.get("AFTERPUSH_SWARM_HOME")
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = Path(named) if named else cache / "afterpush" / "swarm"
    return private_folder(place / hashlib.sha256(source.url.encode()).hexdigest()[:16])


def _clone_of(home: Path, source: CloneSource) -> Path:
    """The worker's own clone, made at its first task."""
    repo = home / "clone.git"
    with locked(home / "clone.lock", wait_seconds=600, doing="cloning for the swarm"):
        if not repo.exists():
            # Under another name until it is whole: a worker may be killed in the middle.
            making = home / "clone.making"
            shutil.rmtree(making, ignore_errors=True)
            done = git(home, "clone", "--quiet", "--bare", "--", source.url, str(making), env=NEVER_ASK)
            if done.code != 0:
                raise AfterpushError(f"cloning {source.url}: git says: {done.error_text}")
            making.rename(repo)
    return repo
