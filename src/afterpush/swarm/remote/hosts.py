"""Workers on machines that are reached by SSH: prepared, connected through tunnels, and ended afterwards.

The scheduler lives in the manager's process and listens on loopback only, with TLS in which both sides show
the certificate of this run: not even another user of one of the machines can talk to it. Each worker reaches
it through its machine's SSH connection, and is reached the same way.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from afterpush.infra.clock import Clock
from afterpush.infra.remote.certificates import Credentials, credentials_for
from afterpush.infra.remote.ports import LOOPBACK
from afterpush.infra.remote.wheel import installed
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec
from afterpush.swarm.remote.dask_checks import RemoteCheck, RemoteChecked
from afterpush.swarm.remote.dask_engine import DaskEngine, check_extra, check_reach
from afterpush.swarm.remote.dask_worker import BEAT_SECONDS, CloneSource
from afterpush.swarm.remote.host import Host, TunnelTarget
from afterpush.swarm.remote.host_worker import security_of

_ANSWER_SECONDS = 60.0


class HostsEngine:
    """Attempts on a cluster of our own: a scheduler here, a worker on each host."""

    def __init__(
        self,
        hosts: Sequence[str],
        agents: int,
        source: CloneSource,
        run: str,
        clock: Clock,
        note: Callable[[str], None],
    ) -> None:
        check_extra()
        self._note, self._clock = note, clock
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True, name="hosts")
        self._hosts = [
            Host(name, places) for name, places in zip(hosts, shares(agents, len(hosts)), strict=True)
        ]
        with ExitStack() as stack:
            self._engine = self._opened(stack, source, run, clock)
            self._stack = stack.pop_all()

    def _opened(self, stack: ExitStack, source: CloneSource, run: str, clock: Clock) -> DaskEngine:
        from distributed import Client

        credentials = credentials_for("afterpush-swarm", clock.now())
        cluster = stack.enter_context(_scheduler(credentials))
        port = urlsplit(cluster.scheduler_address).port
        self._beating.start()
        stack.callback(self._close_hosts)
        self._open_hosts(int(port or 0), credentials)
        client = Client(cluster, security=security_of(credentials), timeout=10, set_as_default=False)
        stack.callback(client.close)
        client.wait_for_workers(len(self._hosts), timeout=_ANSWER_SECONDS)
        check_reach(client, source)
        return DaskEngine(client, source, run, clock)

    def _open_hosts(self, port: int, credentials: Credentials) -> None:
        meeting = TunnelTarget(port, credentials, installed())
        with ThreadPoolExecutor(len(self._hosts), thread_name_prefix="host") as pool:
            opening = [pool.submit(host.open, meeting, self._note) for host in self._hosts]
        for opened in opening:
            opened.result()

    def submit(self, spec: AttemptSpec) -> "Future[Attempted]":
        return self._engine.submit(spec)

    def submit_check(self, check: RemoteCheck) -> "Future[RemoteChecked]":
        return self._engine.submit_check(check)

    def stop(self) -> None:
        self._engine.stop()

    def close(self) -> None:
        self._engine.close()
        self._stack.close()

    def _close_hosts(self) -> None:
        self._over.set()
        self._beating.join()
        for host in self._hosts:
            host.close()

    def _beat(self) -> None:
        """A worker that has gone is let go here as well, so that its attempts go to another one."""
        while not self._over.wait(BEAT_SECONDS):
            for host in self._hosts:
                if not host.beat(self._clock.monotonic()):
                    self._note(f"{host.name} was lost: its agents end, their tasks start again elsewhere")
                    host.give_up()


def shares(agents: int, hosts: int) -> list[int]:
    """How many agents each host gets: one at least, and as evenly as it goes."""
    return [max(1, agents // hosts + (number < agents % hosts)) for number in range(hosts)]


def _scheduler(credentials: Credentials) -> Any:
    """A scheduler in this process, on loopback, without workers and without pages."""
    import dask
    from distributed import LocalCluster

    settings = {
        "distributed.scheduler.work-stealing": False,
        # A worker's death ends its attempt: the manager begins a new one, with a new number.
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.worker-ttl": "30s",
        "distributed.scheduler.http.routes": [],
    }
    with dask.config.set(settings):
        return LocalCluster(
            n_workers=0,
            host=LOOPBACK,
            protocol="tls://",
            security=security_of(credentials),
            # Where bokeh is installed, an address alone would serve pages in plain HTTP.
            dashboard_address=f"{LOOPBACK}:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        )
