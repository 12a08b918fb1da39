"""One machine of a swarm: its SSH connection, two tunnels, and the worker at their other end."""

import json
import re
import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from afterpush.infra.errors import AfterpushError
from afterpush.infra.remote.certificates import Credentials
from afterpush.infra.remote.environment import prepared
from afterpush.infra.remote.ssh import Conversation, Remote, connected
from afterpush.infra.remote.wheel import Installed
from afterpush.swarm.remote.dask_worker import STALE_SECONDS
from afterpush.swarm.remote.host_worker import TunnelPorts, WorkerOrder

_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0


@dataclass(frozen=True)
class TunnelTarget:
    """What all hosts of a run share: the scheduler's port here, the run's key, and what is installed here."""

    scheduler: int
    credentials: Credentials
    ours: Installed


class Host:
    """One machine: its connection, its two tunnels and its worker."""

    def __init__(self, name: str, agents: int) -> None:
        self.name, self.agents = name, agents
        self._stack = ExitStack()
        self._remote: Remote | None = None
        self._worker: Conversation | None = None
        self._heard_at: float | None = None

    def open(self, meeting: TunnelTarget, note: Callable[[str], None]) -> None:
        """Prepares the machine and starts a worker there. Raises AfterpushError; nothing stays open then."""
        with ExitStack() as stack:
            remote = stack.enter_context(connected(self.name))
            python = prepared(remote, meeting.ours, note)
            worker = remote.start(worker_script(python, self.name))
            stack.callback(worker.end, _END_SECONDS)
            ports = TunnelPorts(**self._heard(remote, worker))
            stack.enter_context(remote.leading_here(ports.scheduler, meeting.scheduler))
            contact = stack.enter_context(remote.leading_there(ports.worker))
            key = meeting.credentials
            order = WorkerOrder(self.name, contact, self.agents, key.certificate, key.key)
            worker.say(json.dumps(vars(order)) + "\n")
            self._heard(remote, worker)
            self._stack = stack.pop_all()
            self._remote, self._worker = remote, worker

    def _heard(self, remote: Remote, worker: Conversation) -> dict[str, Any]:
        line = worker.hear(_ANSWER_SECONDS)
        if line is None:
            said = remote.run(f"tail -n 1 {log_of(self.name)}").out.strip()
            raise AfterpushError(f"the worker on {self.name} ended at once: {said or 'it said nothing'}")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise AfterpushError(
                f"the worker on {self.name} answered {line[:80]!r}; a login script there must print nothing"
            ) from error
        return answer

    def beat(self, now: float) -> bool:
        """A sign of life to the worker; False when it has gone, or has not answered for too long.

        `now` is monotonic, in seconds.
        """
        if self._worker is None:
            return True
        if self._worker.has_spoken() or self._heard_at is None:
            self._heard_at = now
        try:
            self._worker.say(".")
        except AfterpushError:
            return False
        return self._worker.is_open and now - self._heard_at < STALE_SECONDS

    def close(self) -> None:
        """Ends the worker and closes the tunnels and the connection."""
        worker, self._worker = self._worker, None
        if worker:
            worker.end(_END_SECONDS)
        self._stack.close()

    def give_up(self) -> None:
        """Closes what leads to a machine that is lost; its worker ends by itself."""
        self._worker = None
        if self._remote:
            self._remote.cut()
        self._stack.close()


def worker_script(python: str, host: str) -> str:
    """Runs the worker in place of the shell; what goes wrong is in its log there."""
    log = log_of(host)
    return (
        f'umask 077; mkdir -p "$(dirname {log})"; '
        f"exec {shlex.quote(python)} -P -m afterpush.swarm.remote.host_worker 2>{log}"
    )


def log_of(host: str) -> str:
    """The log of a worker, as a shell word that the shell there expands."""
    name = re.sub(r"[^A-Za-z0-9.-]", "_", host)
    return f'"${{XDG_CACHE_HOME:-$HOME/.cache}}/afterpush/workers/{name}.log"'
