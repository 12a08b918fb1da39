"""Attempts on a dask cluster: the same supervisor, the same merge queue, workers anywhere.

What dask does not do, measured on distributed 2026.8: a running task cannot be cancelled, the subprocesses of
a killed worker go on, and a task whose worker died is run again. Therefore: agents stand under a supervisor
with a lifeline; workers look at a flag that the manager keeps renewing, and end their agents when it says
stop or has gone stale; and an attempt is begun by creating its branch on the remote, which only one of its
executions can. A second one is told so, and the manager begins a new attempt.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from afterpush import __version__
from afterpush.ground.clock import Clock, SystemClock
from afterpush.ground.errors import AfterpushError, ExitCode
from afterpush.ground.files import private_folder
from afterpush.ground.git import git
from afterpush.ground.git.leases import ABSENT, Change, fetch_objects, push_changes
from afterpush.ground.git.objects import read_commits, write_commit
from afterpush.ground.git.worktrees import remove_clean_worktree
from afterpush.ground.locks import locked
from afterpush.swarm.attempt import Attempted, Spec, carry_out
from afterpush.swarm.states import State

BEAT_SECONDS = 1.0
# Longer than a worker's longest pause in which no other thread of it runs (a large unpickling, a slow disk).
STALE_SECONDS = 20.0
_STOP = "stop"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True)
class Source:
    """Where a worker finds the code: the remote's URL and the ref of main there."""

    url: str
    main_ref: str


def checked_address(address: str) -> str:
    """A scheduler's address that is safe to use: whoever reaches a scheduler can run code on all its workers.

    Raises AfterpushError for one in the clear that is not on this machine.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme not in ("tcp", "tls") or not parts.hostname:
        raise AfterpushError(f"the scheduler {address}: expected tls://host:port, or tcp:// to this machine")
    if parts.scheme == "tcp" and parts.hostname not in _LOOPBACK:
        raise AfterpushError(
            f"the scheduler {address} is in the clear on another machine, and a scheduler runs any code "
            "that it is sent; use tls://, or a tunnel: "
            f"ssh -L 8786:127.0.0.1:{parts.port or 8786} {parts.hostname}"
        )
    return parts.geturl()


class DaskEngine:
    """Attempts as tasks of a running scheduler."""

    def __init__(self, address: str, source: Source, run: str, clock: Clock) -> None:
        from distributed import Variable

        self._client = _connected(address)
        self._source, self._run, self._clock = source, run, clock
        self._there: list[Any] = []
        self._lifeline = f"afterpush-{run}"
        self._variable = Variable(self._lifeline, client=self._client)
        self._variable.set(0)
        self._over, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._mind, daemon=True, name="lifeline")
        self._thread.start()

    def submit(self, spec: Spec) -> "Future[Attempted]":
        key = f"{self._run}-{spec.task}-{spec.attempt}"
        words = (spec, self._source, self._lifeline)
        there = self._client.submit(attempt_on_worker, *words, pure=False, retries=0, key=key)
        self._there.append(there)
        return _as_future(there)

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError, TimeoutError):
            self._variable.set(_STOP)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        with suppress(OSError, TimeoutError):
            self._variable.delete()
        self._client.close()

    def _mind(self) -> None:
        """Keeps the lifeline moving, and gives up what no worker will ever answer."""
        beats, quiet = 0, 0.0
        while not self._over.wait(BEAT_SECONDS):
            beats += 1
            with suppress(OSError, TimeoutError):
                self._variable.set(_STOP if self._stopped.is_set() else beats)
            has_workers = bool(self._client.scheduler_info().get("workers"))
            quiet = quiet + BEAT_SECONDS if self._stopped.is_set() or not has_workers else 0.0
            if quiet > STALE_SECONDS:
                # Agents have been told to stop, or are gone with their workers: this only ends the waiting.
                self._client.cancel(self._there, force=True)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise AfterpushError("the engine dask needs the extra: pip install 'afterpush[swarm]'") from error
    try:
        client = Client(checked_address(address), timeout=10, set_as_default=False)
    except OSError as error:
        raise AfterpushError(
            f"no dask scheduler answers at {address}: {error}; start one, or correct --scheduler",
            ExitCode.UNREACHABLE,
        ) from error
    versions: Mapping[str, str] = client.run(_version, on_error="return")
    if not versions:
        client.close()
        raise AfterpushError(f"the scheduler at {address} has no workers; start some with dask worker")
    for worker, version in versions.items():
        if version != __version__:
            client.close()
            raise AfterpushError(
                f"the worker {worker} has afterpush {version}, here it is {__version__}; install the same"
            )
    return client


def _version() -> str:
    return __version__


def _as_future(there: Any) -> "Future[Attempted]":
    """dask's future as one of the standard library, with every way to fail as an outcome."""
    here: Future[Attempted] = Future()

    def done(ended: Any) -> None:
        if ended.status == "finished":
            here.set_result(ended.result())
        elif ended.status == "cancelled":
            here.set_result(Attempted(None, State.STOPPED, "the cluster gave no answer any more"))
        else:
            reason = f"its worker was lost or failed: {ended.exception()}"
            here.set_result(Attempted(None, State.FAILED, reason, is_lost=True))

    there.add_done_callback(done)
    return here


def attempt_on_worker(spec: Spec, source: Source, lifeline: str) -> Attempted:
    """Runs on a worker: one attempt in the worker's own clone, at most once for each attempt's number."""
    from distributed import get_client

    home = _home(os.environ) / hashlib.sha256(source.url.encode()).hexdigest()[:16]
    clock = SystemClock()
    repo = _clone(private_folder(home), source, spec.base)
    # A commit of its own: pushing the base again would count as up to date, whatever the lease expects.
    mark = _mark(repo, spec)
    begun = push_changes(repo, "origin", [Change(f"refs/heads/{spec.branch}", mark, ABSENT)])
    if not begun.landed:
        reason = (
            "its worker died" if begun.is_rejected else f"its branch cannot be pushed: {begun.said[:200]}"
        )
        return Attempted(None, State.FAILED, reason, is_lost=begun.is_rejected)
    here = replace(
        spec,
        remote="origin",
        worktree=str(home / "worktrees" / f"{spec.task}-{spec.attempt}"),
        folder=str(home / "attempts" / spec.task / str(spec.attempt)),
    )
    with _workers_lifeline(get_client(), lifeline, clock) as is_cut:
        done = carry_out(repo, here, os.environ, is_stopped=is_cut, clock=clock, expected=mark)
    if done.tip:
        # The branch is on the remote: nothing is kept here for it.
        remove_clean_worktree(repo, Path(here.worktree))
        git(repo, "update-ref", "-d", f"refs/heads/{spec.branch}")
    return done


def _mark(repo: Path, spec: Spec) -> str:
    """An empty commit on the base that no other execution makes."""
    message = f"Begin attempt {spec.attempt} at {spec.task}\n\n{secrets.token_hex(8)}\n"
    return write_commit(repo, read_commits(repo, [spec.base])[0].tree, [spec.base], message.encode())


@contextmanager
def _workers_lifeline(client: Any, name: str, clock: Clock) -> Iterator[Callable[[], bool]]:
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
            if last == _STOP or clock.monotonic() - heard > STALE_SECONDS:
                cut.set()

    thread = threading.Thread(target=look, daemon=True, name="lifeline")
    thread.start()
    try:
        yield cut.is_set
    finally:
        over.set()
        thread.join()


def _home(environment: Mapping[str, str]) -> Path:
    """Where a worker keeps its clones: AFTERPUSH_SWARM_HOME, else the user's cache."""
    named = environment.get("AFTERPUSH_SWARM_HOME")
    if named:
        return Path(named)
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "afterpush" / "swarm"


def _clone(home: Path, source: Source, base: str) -> Path:
    """The worker's own clone with the base commit in it."""
    repo = home / "clone.git"
    with locked(home / "clone.lock", wait_seconds=600, doing="cloning for the swarm"):
        if not (repo / "HEAD").exists():
            done = git(home, "clone", "--quiet", "--bare", source.url, str(repo))
            if done.code != 0:
                raise AfterpushError(f"cloning on this worker: git says: {done.error_text}")
        fetch_objects(repo, "origin", source.main_ref, base)
    return repo
