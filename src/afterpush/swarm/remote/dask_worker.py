"""What runs on a worker of a dask cluster: attempts in the worker's own clone.

An attempt is begun by creating its branch on the remote, which only one of its executions can: dask runs a
task again when its worker died. A worker looks at a flag that the manager keeps renewing, and ends its
agents when it says stop or has gone stale.
"""

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder
from afterpush.infra.git import git
from afterpush.infra.git.leases import ABSENT, Change, fetch_objects, push_changes, remote_refs
from afterpush.infra.git.objects import read_commits, write_commit
from afterpush.infra.git.refs import NEVER_ASK
from afterpush.infra.git.worktrees import remove_clean_worktree
from afterpush.infra.locks import locked
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec, carry_out
from afterpush.swarm.states import TaskState

BEAT_SECONDS = 1.0
# Longer than a worker's longest pause in which no other thread of it runs (a large unpickling, a slow disk).
STALE_SECONDS = 20.0
STOP = "stop"


@dataclass(frozen=True)
class CloneSource:
    """Where a worker finds the code: the remote's URL, without credentials, and the ref of main there."""

    url: str
    main_ref: str


def reach(source: CloneSource) -> str:
    """Runs on a worker: makes its clone ready, or says why it cannot; empty when all is well."""
    try:
        repo = clone_of(home_of(os.environ, source), source)
        remote_refs(repo, "origin", source.main_ref)
    except AfterpushError as error:
        return str(error)
    return ""


def attempt_on_worker(spec: AttemptSpec, source: CloneSource, lifeline: str) -> Attempted:
    """Runs on a worker: one attempt in the worker's own clone, at most once for each attempt's number."""
    from distributed import get_client

    home, clock = home_of(os.environ, source), SystemClock()
    repo = clone_of(home, source)
    fetch_objects(repo, "origin", source.main_ref, spec.base)
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
    with workers_lifeline(get_client(), lifeline, clock) as is_cut:
        done = carry_out(repo, here, os.environ, is_stopped=is_cut, clock=clock, expected=mark)
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


@contextmanager
def workers_lifeline(client: Any, name: str, clock: Clock) -> Iterator[Callable[[], bool]]:
    """A question that is true as soon as the manager says stop, or has not been heard of for too long."""
    from distributed import Variable

    variable, over, cut = Variable(name, client=client), threading.Event(), threading.Event()

    def look() -> None:
        last, heard = None, clock.monotonic()
        while not over.wait(BEAT_SECONDS):
            with suppress(OSError, TimeoutError):
                value = variable.get(timeout=BEAT_SECONDS)
                if value != last:
                    last, heard = value, clock.monotonic()
            if last == STOP or clock.monotonic() - heard > STALE_SECONDS:
                cut.set()

    thread = threading.Thread(target=look, daemon=True, name="lifeline")
    thread.start()
    try:
        yield cut.is_set
    finally:
        over.set()
        thread.join()


def home_of(environment: Mapping[str, str], source: CloneSource) -> Path:
    """Where a worker keeps its clone of a source: below AFTERPUSH_SWARM_HOME, else in the user's cache."""
    named = environment.get("AFTERPUSH_SWARM_HOME")
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = Path(named) if named else cache / "afterpush" / "swarm"
    return private_folder(place / hashlib.sha256(source.url.encode()).hexdigest()[:16])


def clone_of(home: Path, source: CloneSource) -> Path:
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
