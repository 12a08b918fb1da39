"""Work on a dask cluster: the same supervisor, the same merge queue, workers anywhere.

What dask does not do, measured on distributed 2026.8: a running task cannot be cancelled, the subprocesses of
a killed worker go on, and a task whose worker died is run again. Therefore agents run under a supervisor
with a lifeline, workers look at a flag that the manager keeps renewing (`on_worker`), and a second execution
of an attempt gets that answer, whereupon the manager begins a new attempt.
"""

import importlib.util
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from afterpush import __version__
from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.swarm.agent.attempt import AttemptSpec
from afterpush.swarm.remote.worker import (
    BEAT_SECONDS,
    STALE_SECONDS,
    Answer,
    CloneSource,
    Work,
    carry_out_here,
    lost,
)

STOP = "stop"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


def checked_address(address: str) -> str:
    """A scheduler's address that is safe to use: reaching a scheduler means running code on all its workers.

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
    """Attempts and checks as tasks of a scheduler; its client is closed with the engine."""

    def __init__(self, address: str, source: CloneSource, run: str) -> None:
        self._client = _client_of(address)
        from distributed import Variable

        self._source, self._run = source, run
        self._there: list[Any] = []
        self._lifeline = f"afterpush-{run}"
        self._variable = Variable(self._lifeline, client=self._client)
        self._variable.set(0)
        self._over, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._mind, daemon=True, name="lifeline")
        self._thread.start()

    def submit(self, work: Work) -> "Future[Any]":
        name = f"{work.task}-{work.attempt}" if isinstance(work, AttemptSpec) else work.name
        words = (work, self._source, self._lifeline)
        there = self._client.submit(on_worker, *words, pure=False, retries=0, key=f"{self._run}-{name}")
        self._there.append(there)
        return _as_future(there, partial(lost, work))

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError, TimeoutError):
            self._variable.set(STOP)

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
                self._variable.set(STOP if self._stopped.is_set() else beats)
            quiet = quiet + BEAT_SECONDS if self._stopped.is_set() or not self._has_workers() else 0.0
            if quiet > STALE_SECONDS:
                # Agents have been told to stop, or are gone with their workers: this only ends the waiting.
                self._client.cancel(self._there, force=True)

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.scheduler_info().get("workers"))
        except (OSError, TimeoutError):
            return False


def on_worker(work: Work, source: CloneSource, lifeline: str) -> Answer:
    """Runs on a worker, which looks at the manager's flag meanwhile."""
    from distributed import get_client

    with _cut_off(get_client(), lifeline, SystemClock()) as is_cut:
        return carry_out_here(work, source, is_cut)


@contextmanager
def _cut_off(client: Any, name: str, clock: Clock) -> Iterator[Callable[[], bool]]:
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


def _client_of(address: str) -> Any:
    """A client of a running scheduler whose workers have our version. Raises AfterpushError."""
    if importlib.util.find_spec("distributed") is None:
        raise AfterpushError(
            "--scheduler: distributed is not installed; install afterpush with its extra: "
            "pip install '/path/to/afterpush[swarm]' (in a clone: AFTERPUSH_EXTRAS=swarm ./inv)"
        )
    from distributed import Client

    try:
        client = Client(address, timeout=10, set_as_default=False)
    except OSError as error:
        raise AfterpushError(
            f"no dask scheduler answers at {address}: {error}; start one, or correct --scheduler",
            ExitCode.UNREACHABLE,
        ) from error
    try:
        _check_versions(address, client.run(_version, on_error="return"))
    except AfterpushError:
        client.close()
        raise
    return client


def _check_versions(address: str, versions: Mapping[str, str]) -> None:
    if not versions:
        raise AfterpushError(f"the scheduler at {address} has no workers; start some with dask worker")
    for worker, version in versions.items():
        if version != __version__:
            raise AfterpushError(
                f"the worker {worker} has afterpush {version}, here it is {__version__}; install the same"
            )


def _version() -> str:
    return __version__


def _as_future(there: Any, lost: Callable[..., Answer]) -> "Future[Answer]":
    """dask's future as one of the standard library, with every way to fail as an outcome."""
    here: Future[Answer] = Future()

    def done(ended: Any) -> None:
        if ended.status == "finished":
            here.set_result(ended.result())
        elif ended.status == "cancelled":
            here.set_result(lost("the cluster gave no answer any more", is_lost=False))
        else:
            here.set_result(lost(f"its worker was lost or failed: {ended.exception()}", is_lost=True))

    there.add_done_callback(done)
    return here
