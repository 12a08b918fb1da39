"""Checks of candidates on other machines: the commit travels over a ref of the remote, the log comes back."""

import os
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.files import private_folder, read_tail
from afterpush.infra.git.leases import ABSENT, Change, fetch_objects, push_changes
from afterpush.infra.git.worktrees import detached_worktree
from afterpush.infra.log_tail import first_words
from afterpush.swarm.agent.attempt import supervised_environment
from afterpush.swarm.agent.supervision import run_supervised
from afterpush.swarm.agent.supervisor import Ended, SupervisorRequest
from afterpush.swarm.merge_queue.checks import Checked, LocalChecks
from afterpush.swarm.merge_queue.model import Candidate
from afterpush.swarm.remote.dask_worker import CloneSource, clone_of, home_of, workers_lifeline

PREFIX = "refs/afterpush/candidates/"
_LOG_BYTES = 1 << 20
_LOOK_SECONDS = 0.2
_MOST_LOST = 3


@dataclass(frozen=True)
class RemoteCheck:
    """All that a worker must know to check one candidate; `tag` marks every process of it."""

    command: str
    commit: str
    ref: str
    name: str
    tag: str
    seconds: float


@dataclass(frozen=True)
class RemoteChecked:
    """How it ended, and the end of its log. `is_lost`: its worker died, and nothing is known."""

    ended: Ended
    log: bytes = b""
    is_lost: bool = False


class Cluster(Protocol):
    """Runs checks on workers."""

    def submit_check(self, check: RemoteCheck) -> "Future[RemoteChecked]": ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


@dataclass
class RemoteChecks:
    """Checks on a cluster; `here` judges what comes back, and keeps red logs."""

    here: LocalChecks
    cluster: Cluster
    run: str
    _count: int = field(default=0)

    def check(self, candidate: Candidate, number: int, is_stopped: Callable[[], bool]) -> Checked:
        """On a worker; one that dies has its check done again by another. Raises AfterpushError."""
        context, target = self.here.context, self.here.context.target
        name = f"{self.run}-{number}"
        change = Change(PREFIX + name, candidate.commit, ABSENT)
        pushed = push_changes(context.repo, target.remote, [change])
        if not pushed.landed:
            raise AfterpushError(
                f"sending a candidate to {target.remote}: git says: {first_words(pushed.said)}",
                ExitCode.UNREACHABLE,
            )
        order = RemoteCheck(
            self.here.command,
            candidate.commit,
            change.ref,
            name,
            f"{context.tag}check/{name}",
            self.here.seconds,
        )
        try:
            return self._answer(order, is_stopped)
        finally:
            push_changes(context.repo, target.remote, [Change(change.ref, ABSENT, candidate.commit)])

    def _answer(self, order: RemoteCheck, is_stopped: Callable[[], bool]) -> Checked:
        for attempt in range(_MOST_LOST):
            future = self.cluster.submit_check(replace(order, name=f"{order.name}-{attempt}"))
            while not wait([future], timeout=_LOOK_SECONDS).done:
                if is_stopped():
                    return Checked(is_green=None)
            done = future.result()
            if not done.is_lost:
                log = private_folder(self.here.context.state / "checks") / f"{order.name}.log"
                log.write_bytes(done.log)
                return self.here.judged(done.ended, log)
        raise AfterpushError(f"{_MOST_LOST} workers were lost in one check", ExitCode.UNREACHABLE)

    def close(self) -> None:
        self.cluster.stop()
        self.cluster.close()


def check_on_worker(order: RemoteCheck, source: CloneSource, lifeline: str) -> RemoteChecked:
    """Runs on a worker: the check in a worktree of the worker's own clone."""
    from distributed import get_client

    home, clock = home_of(os.environ, source), SystemClock()
    repo = clone_of(home, source)
    fetch_objects(repo, "origin", order.ref, order.commit)
    folder = private_folder(home / "checks")
    log, result = folder / f"{order.name}.log", folder / f"{order.name}.json"
    env = supervised_environment(os.environ, order.tag)
    place = home / "worktrees" / f".check-{order.name}"
    try:
        with (
            workers_lifeline(get_client(), lifeline, clock) as is_cut,
            detached_worktree(repo, place, order.commit),
        ):
            request = SupervisorRequest(order.command, str(place), str(log), str(result), order.seconds)
            ended = run_supervised(request, env, is_stopped=is_cut, clock=clock)
        return RemoteChecked(ended, read_tail(log, _LOG_BYTES))
    finally:
        for path in (log, result):
            Path(path).unlink(missing_ok=True)
