"""Ports for agents: each has one of its own, so that two test servers do not meet."""

import threading

from afterpush.infra.remote.ports import free_ports


class Ports:
    """Port numbers on loopback that no two agents of this process have at once."""

    def __init__(self) -> None:
        self._lock, self._taken = threading.Lock(), set[int]()

    def take(self) -> int:
        with self._lock:
            while True:
                [port] = free_ports(1)
                if port not in self._taken:
                    self._taken.add(port)
                    return port

    def give_back(self, port: int) -> None:
        with self._lock:
            self._taken.discard(port)


PORTS = Ports()
