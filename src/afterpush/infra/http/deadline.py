"""An HTTP answer that has to be there by one deadline, from the first byte of its head to its last.

A timeout of a socket only bounds the silence between two bytes: a server that sends a byte now and then
would hold its client for ever.
"""

import http.client
import io
import socket
from typing import Any

from afterpush.infra.clock import SystemClock

# The standard library gives up at 100 header lines; the platform's client, Go's, takes a megabyte of them.
http.client._MAXHEADERS = 2000  # type: ignore[attr-defined]


class PunctualResponse(http.client.HTTPResponse):
    """The answer on a socket whose timeout is taken for all that is left to it, not for each read."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_UntilDeadline(sock, self.fp.detach(), seconds))

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the final answer: interim ones (Early Hints) come before it (RFC 9110, 15.2)."""
        told: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
        while 100 < told[1] < 200 and told[1] != http.HTTPStatus.SWITCHING_PROTOCOLS:
            http.client.parse_headers(self.fp)
            told = super()._read_status()  # type: ignore[misc]
        return told


class _UntilDeadline(io.RawIOBase):
    """The bytes of a socket; after the deadline reading raises TimeoutError."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, seconds: float) -> None:
        self._sock = sock
        self._raw = raw
        self._clock = SystemClock()
        self._deadline = self._clock.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
