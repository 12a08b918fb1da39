"""Workers on machines that SSH reaches: prepared, given work over that connection, ended afterwards."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.remote.wheel import installed
from afterpush.swarm.remote.host import Host
from afterpush.swarm.remote.worker import BEAT_SECONDS, CloneSource, Work, lost


class HostsEngine:
    """Attempts and checks on machines with so many places in all."""

    def __init__(
        self, hosts: Sequence[str], places: int, source: CloneSource, note: Callable[[str], None]
    ) -> None:
        """Raises AfterpushError for a machine that cannot be reached, or cannot get the code."""
        self._source, self._note = source, note
        self._lock = threading.RLock()
        self._waiting: deque[tuple[Work, Future[Any]]] = deque()
        self._told_lost: set[str] = set()
        self._over, self._stopped = threading.Event(), threading.Event()
        shared = shares(places, len(hosts))
        self._hosts = [Host(name, share, self._hand_out) for name, share in zip(hosts, shared, strict=True)]
        self._beating = threading.Thread(target=self._beat, daemon=True, name="hosts")
        self._beating.start()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        ours = installed()
        with ThreadPoolExecutor(len(self._hosts), thread_name_prefix="host") as pool:
            opening = [pool.submit(host.open, ours, self._note) for host in self._hosts]
        for opened in opening:
            opened.result()
        answers: list[Future[str]] = [Future() for _ in self._hosts]
        for host, answer in zip(self._hosts, answers, strict=True):
            host.send(None, self._source, answer)
        for host, answer in zip(self._hosts, answers, strict=True):
            if problem := answer.result():
                raise AfterpushError(
                    f"the worker {host.name} cannot get the code: {problem}", ExitCode.UNREACHABLE
                )

    def submit(self, work: Work) -> "Future[Any]":
        answer: Future[Any] = Future()
        self._waiting.append((work, answer))
        self._hand_out()
        return answer

    def stop(self) -> None:
        self._stopped.set()
        for host in self._hosts:
            host.stop()
        self._hand_out()

    def close(self) -> None:
        self._over.set()
        self._beating.join()
        for host in self._hosts:
            host.close()

    def _hand_out(self) -> None:
        """Gives waiting work to the machines with a free place; what no machine will do is over."""
        with self._lock:
            left = [host for host in self._hosts if not host.is_lost]
            self._tell_lost()
            while self._waiting:
                free = [host for host in left if host.free > 0]
                if left and not free and not self._stopped.is_set():
                    return
                work, answer = self._waiting.popleft()
                if self._stopped.is_set() or not left:
                    why = "stopped before it began" if left else "every machine was lost"
                    answer.set_result(lost(work, why, is_lost=False))
                else:
                    max(free, key=lambda host: host.free).send(work, self._source, answer)

    def _tell_lost(self) -> None:
        gone = {host.name for host in self._hosts if host.is_lost}
        for name in [] if self._over.is_set() else sorted(gone - self._told_lost):
            self._note(f"{name} was lost: its agents end, their tasks start again elsewhere")
        self._told_lost |= gone

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            for host in self._hosts:
                host.beat()


def shares(agents: int, hosts: int) -> list[int]:
    """How many agents each host gets: one at least, and as evenly as it goes."""
    return [max(1, agents // hosts + (number < agents % hosts)) for number in range(hosts)]
