"""The worker on another machine: `python -m afterpush.swarm.remote.host_worker`, run there over SSH.

It talks over that one connection, and listens nowhere. In on stdin and out on stdout go lines of JSON, an
order and its answer, and empty ones: the manager's sign of life each second, which is answered. When the
signs stop, by the manager's end, by its death or because the network is cut, it ends at once; the agents run
under supervisors that hold pipes of its own and end with it.
"""

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from afterpush.infra.errors import AfterpushError
from afterpush.swarm.agent.attempt import Attempted, AttemptSpec
from afterpush.swarm.agent.check_run import CheckSpec
from afterpush.swarm.remote.worker import (
    STALE_SECONDS,
    CloneSource,
    RemoteChecked,
    carry_out_here,
    reach,
)

HELLO, STOP = b"afterpush", b"stop"
_STDIN, _STDOUT = 0, 1
_SAYING = threading.Lock()


@dataclass(frozen=True)
class Order:
    """An attempt or a check; neither: the clone is to be made ready."""

    number: int
    source: CloneSource
    attempt: AttemptSpec | None = None
    check: CheckSpec | None = None


@dataclass(frozen=True)
class Reply:
    """The answer to the order of this number; `problem` says why there is none, empty when all is well."""

    number: int
    attempted: Attempted | None = None
    checked: RemoteChecked | None = None
    problem: str = ""


def main() -> None:
    """Serves until the lifeline ends."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    threading.excepthook = _end_with_traceback  # Else the manager would wait for that answer.
    stopped = threading.Event()
    with contextlib.suppress(OSError):  # Nobody reads the answers any more.
        _say(HELLO)
        for line in _lines():
            if not line:
                _say(b"")
            elif line == STOP:
                stopped.set()
            else:
                threading.Thread(target=_serve, args=(line, stopped.is_set), daemon=True).start()
    # Not sys.exit: attempts wait in threads, and their supervisors end with this process.
    os._exit(0)


def _end_with_traceback(failed: threading.ExceptHookArgs) -> None:
    threading.__excepthook__(failed)
    os._exit(1)


def _lines() -> Iterator[bytes]:
    """The lines of stdin, until it ends or has been silent for too long."""
    poll = select.poll()
    poll.register(_STDIN, select.POLLIN | select.POLLHUP)
    begun = b""
    while poll.poll(STALE_SECONDS * 1000) and (piece := os.read(_STDIN, 1 << 16)):
        *lines, begun = (begun + piece).split(b"\n")
        yield from lines


def _say(line: bytes) -> None:
    with _SAYING:
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(_STDOUT, rest) :]


def _serve(line: bytes, is_stopped: Callable[[], bool]) -> None:
    order = msgspec.json.decode(line, type=Order)
    with contextlib.suppress(BrokenPipeError):
        _say(msgspec.json.encode(_reply(order, is_stopped)))


def _reply(order: Order, is_stopped: Callable[[], bool]) -> Reply:
    work = order.attempt or order.check
    if work is None:
        return Reply(order.number, problem=reach(order.source))
    try:
        done = carry_out_here(work, order.source, is_stopped)
    except (AfterpushError, OSError) as error:
        return Reply(order.number, problem=str(error))
    if isinstance(done, Attempted):
        return Reply(order.number, attempted=done)
    return Reply(order.number, checked=done)


if __name__ == "__main__":
    main()
