"""Ports for agents: each has one of its own, so that two test servers do not meet."""

import socket
import threading


class Ports:
    """Port numbers on loopback that no two agents of this process have at once."""

    def __init__(self) -> None:
        self._lock, self._taken = threading.Lock(), set[int]()

    def take(self) -> int:
        """One that nobody listens on now."""
        with self._lock:
            while True:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", 0))
                    port = int(probe.getsockname()[1])
                if port not in self._taken:
                    self._taken.add(port)
                    return port

    def give_back(self, port: int) -> None:
        with self._lock:
            self._taken.discard(port)


PORTS = Ports()
