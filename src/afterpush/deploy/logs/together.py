"""Several growing logs as one: a thread reads each, and the lines come as they are written."""

import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue

from afterpush.deploy.logs.lines import lines
from afterpush.infra.errors import AfterpushError

_TICK_SECONDS = 1.0


def together(logs: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    """The lines of all logs, until all have ended; an empty piece for each second without any.

    Raises what the first log that fails raises; the others are let go then.
    """
    queue: SimpleQueue[bytes | AfterpushError | None] = SimpleQueue()
    stop = threading.Event()
    for log in logs:
        threading.Thread(target=_read, args=(log, queue, stop), name="afterpush-log", daemon=True).start()
    left = len(logs)
    try:
        while left:
            try:
                found = queue.get(timeout=_TICK_SECONDS)
            except Empty:
                found = b""
            if isinstance(found, AfterpushError):
                raise found
            if found is None:
                left -= 1
            else:
                yield found
    finally:
        stop.set()


def _read(
    log: Iterator[bytes], queue: "SimpleQueue[bytes | AfterpushError | None]", stop: threading.Event
) -> None:
    try:
        for line in lines(_until(log, stop)):
            queue.put(line if line.endswith(b"\n") else line + b"\n")
    except AfterpushError as error:
        queue.put(error)
    finally:
        queue.put(None)


def _until(log: Iterator[bytes], stop: threading.Event) -> Iterator[bytes]:
    for piece in log:
        if stop.is_set():
            return
        yield piece
