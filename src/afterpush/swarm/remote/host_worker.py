"""The worker on another machine: `python -m afterpush.swarm.remote.host_worker`, run there over SSH.

Its stdin is the lifeline: a line with its order, then a sign of life each second, which it answers on stdout.
When the signs stop, by the manager's end, by its death or because the network is cut, it ends at once; the
agents run under supervisors that hold pipes of its own and end with it. The order holds the key of the run:
it is on no disk and on no command line.
"""

import asyncio
import contextlib
import json
import os
import select
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any

from afterpush.infra.remote.certificates import Credentials
from afterpush.infra.remote.ports import LOOPBACK, free_ports
from afterpush.swarm.remote.dask_worker import STALE_SECONDS

_STDIN, _STDOUT = 0, 1


@dataclass(frozen=True)
class TunnelPorts:
    """Ports on loopback there: where the worker listens, and where it will find the scheduler."""

    worker: int
    scheduler: int


@dataclass(frozen=True)
class WorkerOrder:
    """What a worker must know: the port here that leads to it, its places for agents, the key of the run."""

    name: str
    contact: int
    agents: int
    certificate: str
    key: str

    def __repr__(self) -> str:
        return f"WorkerOrder({self.name!r})"


def main() -> int:
    """Serves until the lifeline ends."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    ports = TunnelPorts(*free_ports(2))
    print(json.dumps(asdict(ports)), flush=True)
    line = _first_line()
    if not line:
        return 0
    threading.Thread(target=_end_without_signs_of_life, daemon=True, name="lifeline").start()
    asyncio.run(_serve(WorkerOrder(**json.loads(line)), ports))
    return 0


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(_STDIN, 1)
        if not piece:
            return b""
        line += piece
    return line


def _end_without_signs_of_life() -> None:
    poll = select.poll()
    poll.register(_STDIN, select.POLLIN | select.POLLHUP)
    with contextlib.suppress(OSError):  # Nobody reads the answer any more.
        while poll.poll(STALE_SECONDS * 1000) and os.read(_STDIN, 256):
            os.write(_STDOUT, b".\n")
    # Not sys.exit: attempts wait in threads, and their supervisors end with this process.
    os._exit(0)


async def _serve(order: WorkerOrder, ports: TunnelPorts) -> None:
    import dask
    from distributed import Worker

    # Neither pages nor measurements: other users of this machine could read them.
    dask.config.set({"distributed.worker.http.routes": []})
    async with Worker(
        f"tls://{LOOPBACK}:{ports.scheduler}",
        name=order.name,
        nthreads=order.agents,
        host=LOOPBACK,
        port=ports.worker,
        protocol="tls",
        contact_address=f"tls://{LOOPBACK}:{order.contact}",
        security=security_of(Credentials(order.certificate, order.key)),
        memory_limit=0,
        dashboard=False,
        dashboard_address=f"{LOOPBACK}:0",
    ) as worker:
        print(json.dumps({"registered": worker.address}), flush=True)
        await worker.finished()


def security_of(credentials: Credentials) -> Any:
    """dask's form of the run's credentials: every side shows the certificate, and asks for it."""
    from distributed.security import Security

    roles = {
        f"tls_{role}_{part}": text
        for role in ("client", "scheduler", "worker")
        for part, text in (("cert", credentials.certificate), ("key", credentials.key))
    }
    return Security(require_encryption=True, tls_ca_file=credentials.certificate, **roles)


if __name__ == "__main__":
    sys.exit(main())
