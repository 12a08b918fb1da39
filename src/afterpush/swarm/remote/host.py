"""One machine of a swarm: its SSH connection, the worker at the other end, and the work that it has."""

import re
import shlex
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import Any

import msgspec

from afterpush.infra.errors import AfterpushError
from afterpush.infra.remote.environment import prepared
from afterpush.infra.remote.ssh import Conversation, Remote, connected
from afterpush.infra.remote.wheel import Installed
from afterpush.swarm.agent.attempt import AttemptSpec
from afterpush.swarm.agent.check_run import CheckSpec
from afterpush.swarm.remote.host_worker import HELLO, STOP, Order, Reply
from afterpush.swarm.remote.worker import STALE_SECONDS, CloneSource, Work, lost

_HELLO_SECONDS = 60.0
_END_SECONDS = 10.0


class Host:
    """One machine with so many places; `changed` is called when one is free again, or the machine lost."""

    def __init__(self, name: str, places: int, changed: Callable[[], None]) -> None:
        self.name, self._places, self._changed = name, places, changed
        self._lock = threading.Lock()
        self._count = 0
        self._running: dict[int, tuple[Work | None, Future[Any]]] = {}
        self._worker: Conversation | None = None
        self._stack = ExitStack()
        self.is_lost = False

    @property
    def free(self) -> int:
        return self._places - len(self._running)

    def open(self, ours: Installed, note: Callable[[str], None]) -> None:
        """Prepares the machine and starts a worker there. Raises AfterpushError; nothing stays open then."""
        with ExitStack() as stack:
            remote = stack.enter_context(connected(self.name))
            python = prepared(remote, ours, note)
            worker = remote.start(worker_script(python, self.name))
            stack.callback(worker.end, _END_SECONDS)
            self._greet(remote, worker)
            self._worker = worker
            reading = threading.Thread(target=self._read, args=(remote, worker), daemon=True, name=self.name)
            reading.start()
            self._stack = stack.pop_all()

    def _greet(self, remote: Remote, worker: Conversation) -> None:
        line = worker.hear(_HELLO_SECONDS)
        if line is None:
            said = remote.run(f"tail -n 1 {log_of(self.name)}").out.strip()
            raise AfterpushError(f"the worker on {self.name} ended at once: {said or 'it said nothing'}")
        if line != HELLO:
            shown = line[:80].decode(errors="replace")
            raise AfterpushError(
                f"the worker on {self.name} answered {shown!r}; a login script there must print nothing"
            )

    def send(self, work: Work | None, source: CloneSource, answer: "Future[Any]") -> None:
        """Hands work over; without any, the worker makes its clone ready, and the answer is what is wrong."""
        with self._lock:
            self._count += 1
            number = self._count
            self._running[number] = work, answer
        attempt = work if isinstance(work, AttemptSpec) else None
        check = work if isinstance(work, CheckSpec) else None
        self._say(msgspec.json.encode(Order(number, source, attempt, check)))
        if self.is_lost:
            self._let_go()

    def beat(self) -> None:
        """A sign of life to the worker, which answers it."""
        self._say(b"")

    def stop(self) -> None:
        """Has the worker end its agents."""
        self._say(STOP)

    def close(self) -> None:
        """Ends the worker and closes the connection."""
        self._stack.close()

    def _say(self, line: bytes) -> None:
        if self._worker and not self.is_lost:
            with suppress(AfterpushError):  # Whoever reads its answers notices.
                self._worker.say(line + b"\n")

    def _read(self, remote: Remote, worker: Conversation) -> None:
        """Hears the worker out; one that has gone, or was silent for too long, is let go here as well."""
        with suppress(AfterpushError, msgspec.MsgspecError):
            while (line := worker.hear(STALE_SECONDS)) is not None:
                if line:
                    self._answered(msgspec.json.decode(line, type=Reply))
        self.is_lost = True
        remote.cut()
        self._let_go()
        self._changed()

    def _answered(self, reply: Reply) -> None:
        with self._lock:
            work, answer = self._running.pop(reply.number, (None, None))
        if answer is None:
            return
        if work is None:
            answer.set_result(reply.problem)
        else:
            why = f"its worker on {self.name} failed: {reply.problem}"
            answer.set_result(reply.attempted or reply.checked or lost(work, why, is_lost=True))
        self._changed()

    def _let_go(self) -> None:
        with self._lock:
            left, self._running = self._running, {}
        why = f"{self.name} was lost"
        for work, answer in left.values():
            answer.set_result(lost(work, why, is_lost=True) if work else why)


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
