"""A WebSocket (RFC 6455) as a client that only listens: its messages, until the server closes it.

The library is websocket-client, the smaller of the two that were measured (docs/architecture.md); it is
loaded with the first socket.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.http import MAX_BODY_BYTES, USER_AGENT, NoAnswer, no_answer, shown_url

if TYPE_CHECKING:
    from websocket import WebSocket

TICK_SECONDS = 1.0
CONNECT_SECONDS = 20.0
_NORMAL_CLOSURE = 1000
_NO_STATUS = 1005  # What RFC 6455 7.4.1 calls a close frame without a code.


class UpgradeRefused(NoAnswer):
    """Somebody answered, but not with a WebSocket."""


def messages(
    url: str, tls: Callable[[], ssl.SSLContext], *, quiet_seconds: float, clock: Clock | None = None
) -> Iterator[bytes]:
    """The messages of a `ws` or `wss` URL as they come, fragments joined, until the server's normal close.

    An empty message for each second in which none came, so that the caller can do something else. Pings
    are answered. A server that is silent gets a ping after half of `quiet_seconds`, and counts as gone after
    all of them. Raises UpgradeRefused where there is no WebSocket, NoAnswer for every other trouble: refused,
    broken off, closed with an error, a message of more than 16 MiB.
    """
    clock = clock or SystemClock()
    doing = f"WebSocket {shown_url(url)}"
    with _connection(url, tls, doing) as connection:
        heard_at = told_at = clock.monotonic()
        is_probed = False
        while True:
            kind, data = _received(connection, doing)
            now = clock.monotonic()
            if kind == "close":
                return
            if kind:
                heard_at, is_probed = now, False
            if kind == "message" and data:
                told_at = now
                yield data
            elif now - told_at >= TICK_SECONDS:
                told_at = now
                yield b""
            if now - heard_at > quiet_seconds:
                raise NoAnswer(doing, f"silent for {quiet_seconds:g} s", connected=True)
            if now - heard_at > quiet_seconds / 2 and not is_probed:
                is_probed = True
                _guarded(connection.ping, doing)


@contextmanager
def _connection(url: str, tls: Callable[[], ssl.SSLContext], doing: str) -> "Iterator[WebSocket]":
    """An open connection. Closing tells the server, but nobody waits for the answer."""
    connection = _connected(url, tls, doing)
    try:
        yield connection
    finally:
        if connection.connected:
            connection.send_close()
        connection.shutdown()  # type: ignore[no-untyped-call]


def _connected(url: str, tls: Callable[[], ssl.SSLContext], doing: str) -> "WebSocket":
    """An open connection. Raises UpgradeRefused, NoAnswer."""
    import websocket

    made = _bounded(doing)
    try:
        raw = _opened(url, tls)
    except (OSError, ValueError) as error:
        raise no_answer(doing, error) from error
    own = {"User-Agent": USER_AGENT}
    try:
        # Over our own socket: the library would take a proxy from the environment, and roots of its own.
        made.connect(  # type: ignore[no-untyped-call]
            url, socket=raw, timeout=CONNECT_SECONDS, header=own, suppress_origin=True, redirect_limit=0
        )
    except websocket.WebSocketTimeoutException as error:
        raise NoAnswer(doing, "no answer in time", connected=True) from error
    except websocket.WebSocketException as error:
        status = getattr(error, "status_code", None)
        why = f"answered {status}" if status else "it speaks something else"
        raise UpgradeRefused(doing, why, connected=True) from error
    except (OSError, ValueError) as error:
        raise no_answer(doing, error, is_connected=True) from error
    made.settimeout(TICK_SECONDS)
    return made


def _opened(url: str, tls: Callable[[], ssl.SSLContext]) -> socket.socket:
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    host = parts.hostname or ""
    raw = socket.create_connection((host, parts.port or (443 if is_secure else 80)), CONNECT_SECONDS)
    try:
        return tls().wrap_socket(raw, server_hostname=host) if is_secure else raw
    except BaseException:
        raw.close()
        raise


def _bounded(doing: str) -> "WebSocket":
    """A socket that bounds what one message takes: no length in a frame's head can fill the memory.

    A server that has said everything may be gone before it hears our answers: they are not worth its words.
    """
    import websocket

    class Bounded(websocket.WebSocket):
        taken = 0

        def _recv(self, bufsize: int) -> bytes:
            data: bytes = super()._recv(bufsize)  # type: ignore[no-untyped-call]
            self.taken += len(data)
            if self.taken > MAX_BODY_BYTES:
                raise NoAnswer(doing, f"a message of more than {MAX_BODY_BYTES >> 20} MiB", endless=True)
            return data

        def pong(self, payload: str | bytes = "") -> None:
            with suppress(OSError, websocket.WebSocketException):
                super().pong(payload)

        def send_close(self, status: int = _NORMAL_CLOSURE, reason: str | bytes = b"") -> None:
            with suppress(OSError, websocket.WebSocketException):
                super().send_close(status, reason)

    return Bounded(skip_utf8_validation=True, enable_multithread=False)


def _received(connection: Any, doing: str) -> tuple[str | None, bytes]:
    """One event: a message, a sign of life, a normal close; None when nothing came for a moment."""
    import websocket

    try:
        code, frame = _guarded(lambda: connection.recv_data_frame(control_frame=True), doing)
    except TimeoutError:
        return None, b""
    if code == websocket.ABNF.OPCODE_CLOSE:
        status = int.from_bytes(frame.data[:2], "big") if len(frame.data) >= 2 else _NO_STATUS
        if status not in (_NORMAL_CLOSURE, _NO_STATUS):
            raise NoAnswer(doing, f"the server closed it with the code {status}", connected=True)
        return "close", b""
    if code in (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG):
        return "alive", b""
    connection.taken = 0
    return "message", bytes(frame.data)


def _guarded(act: Callable[[], Any], doing: str) -> Any:
    """What `act` gives; a quiet moment as TimeoutError. Raises NoAnswer for the rest."""
    import websocket

    try:
        return act()
    except websocket.WebSocketTimeoutException as error:
        raise TimeoutError from error
    except websocket.WebSocketConnectionClosedException as error:
        raise NoAnswer(doing, "the connection broke off", connected=True) from error
    except websocket.WebSocketException as error:
        raise NoAnswer(doing, f"no WebSocket frame ({type(error).__name__})", connected=True) from error
    except (OSError, ValueError) as error:
        raise no_answer(doing, error, is_connected=True) from error
