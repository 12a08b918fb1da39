"""Checks of candidates on other machines: the commit travels over a ref of the remote, the log comes back."""

from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass, replace

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.files import private_folder
from afterpush.infra.git.leases import ABSENT, Change, push_changes
from afterpush.infra.log_tail import first_words
from afterpush.swarm.agent.check_run import CheckSpec
from afterpush.swarm.engines import Engine
from afterpush.swarm.merge_queue.checks import Checked, LocalChecks
from afterpush.swarm.merge_queue.model import Candidate
from afterpush.swarm.remote.worker import RemoteChecked, Work

PREFIX = "refs/afterpush/candidates/"
_LOOK_SECONDS = 0.2
_MOST_LOST = 3


Workers = Engine[Work]
"""Workers on other machines: an engine that takes checks as well as attempts."""


@dataclass(frozen=True)
class RemoteChecks:
    """Checks on workers; `here` judges what comes back, and keeps red logs."""

    here: LocalChecks
    workers: Workers
    run: str

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
        try:
            return self._answer(self.here.spec(candidate, name, change.ref), is_stopped)
        finally:
            push_changes(context.repo, target.remote, [Change(change.ref, ABSENT, candidate.commit)])

    def _answer(self, spec: CheckSpec, is_stopped: Callable[[], bool]) -> Checked:
        for attempt in range(_MOST_LOST):
            future = self.workers.submit(replace(spec, name=f"{spec.name}-{attempt}"))
            while not wait([future], timeout=_LOOK_SECONDS).done:
                if is_stopped():
                    return Checked(is_green=None)
            done: RemoteChecked = future.result()
            if done.ended.how == "stopped" and not is_stopped():
                break  # Nobody stopped it: there is no worker left.
            if not done.is_lost:
                log = private_folder(self.here.context.state / "checks") / f"{spec.name}.log"
                log.write_bytes(done.log)
                return self.here.judged(done.ended, log)
        raise AfterpushError(
            f"checking {' '.join(spec.branches)}: the workers for it were lost; see whether their machines "
            "are up, and run the queue again: its branches are kept",
            ExitCode.UNREACHABLE,
        )

    def close(self) -> None:
        self.workers.stop()
        self.workers.close()
