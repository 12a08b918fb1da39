"""A growing log to its end, over as many connections as it takes.

A connection that ends proves nothing: proxies cut idle ones, and the platform ends them when it likes.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from afterpush.deploy.logs.lines import lines
from afterpush.digitalocean.client import ApiFailure
from afterpush.infra.clock import Clock
from afterpush.infra.http import NoAnswer

RECONNECT_SECONDS, RECONNECT_MAX_SECONDS = 1.0, 30.0
_REMEMBERED_LINES = 10_000
_LAST_TRIES = 3


def follow_log(
    connect: Callable[[], tuple[Iterable[bytes], bool]],
    is_over: Callable[[], bool],
    clock: Clock,
    *,
    patience: float = math.inf,
) -> Iterator[bytes]:
    """The lines of a log, each once, until it `is_over`; a connection that breaks is made anew.

    `connect` gives a connection's bytes, and whether they are the whole. A server that begins at the
    beginning again repeats lines: they are known, and not given twice. After `patience` connections in a row
    that the server ended with nothing new, the log counts as over.

    Raises ApiFailure or NoAnswer when a log that is over cannot be read to its end.
    """
    memory: deque[int] = deque(maxlen=_REMEMBERED_LINES)
    wait, fruitless, broken = RECONNECT_SECONDS, 0, 0
    while fruitless < patience:
        known, had = frozenset(memory), False
        over = is_over()  # Asked first: all that is written until then is read after it.
        try:
            pieces, is_whole = connect()
            for line in lines(pieces):
                if hash(line) in known:
                    continue
                known, had = frozenset(), True
                memory.append(hash(line))
                yield line
            if over or is_whole:
                return
            fruitless, broken = 0 if had else fruitless + 1, 0
        except (ApiFailure, NoAnswer):
            broken += 1
            if over and broken == _LAST_TRIES:
                raise
        wait = RECONNECT_SECONDS if had else min(wait * 2, RECONNECT_MAX_SECONDS)
        clock.sleep(wait)
