"""The simulated platform behind HTTP on a loopback port: one process, a thread for each connection.

With the server's half of a WebSocket (RFC 6455), as far as sending a log needs it.
"""

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from afterpush.infra.clock import SystemClock
from afterpush.infra.processes.signals import uninterrupted
from afterpush.simulator.api.exchange import Answer, GrowingLog, Request
from afterpush.simulator.api.respond import respond
from afterpush.simulator.model import FakePlatform

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
NORMAL = 1000
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3.


def accept_key(key: str) -> str:
    """What the answer to a handshake proves: that its key was read."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def frame(payload: bytes, kind: int = TEXT, *, is_last: bool = True) -> bytes:
    """One frame, unmasked as a server sends it."""
    size = len(payload)
    head = bytes([(0x80 if is_last else 0) | kind])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 1 << 16:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


def close_frame(code: int = NORMAL) -> bytes:
    """The frame that ends it."""
    return frame(code.to_bytes(2, "big"), CLOSE)


_HELD_BYTES = 16 * 1024
_GOODBYE_SECONDS = 2.0


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP server that can be closed while clients still hang on it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.closing = threading.Event()
        self.clock = SystemClock()
        self._connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go as they like: that is no event here. Anything else is a bug and is shown."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Ends the server and every connection."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(server: LoopbackServer) -> Iterator[str]:
    """Lets a server run in a thread; gives its URL, and closes it afterwards."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        with uninterrupted():
            server.close()
            thread.join()


@contextlib.contextmanager
def serve(platform: FakePlatform, handler: type["PlatformHandler"] | None = None) -> Iterator[str]:
    """Serves the platform; gives the base URL, as `DIGITALOCEAN_API_URL` takes it (without `/v2`)."""
    own = type("Handler", (handler or PlatformHandler,), {"platform": platform})
    with running(LoopbackServer(own)) as url:
        yield url


class QuietHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with connections that stay open, and no log of requests on stderr."""

    protocol_version = "HTTP/1.1"
    server_version = "simulated"
    disable_nagle_algorithm = True

    @property
    def loopback(self) -> LoopbackServer:
        return cast(LoopbackServer, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class PlatformHandler(QuietHandler):
    """Carries requests to the platform and its answers back."""

    platform: FakePlatform

    def _answer(self) -> None:
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        request = Request(
            self.command,
            self.path,
            f"http://{self.headers.get('Host') or self.loopback.url.removeprefix('http://')}",
            token.strip() if kind.lower() == "bearer" else None,
            self.read_body(),
            is_upgrade=(self.headers.get("Upgrade") or "").lower() == "websocket",
        )
        self.send(self.respond(request))

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def respond(self, request: Request) -> Answer:
        """What the platform answers."""
        return respond(self.platform, request)

    def send(self, answer: Answer) -> None:
        """Sends an answer as it is."""
        if answer.follow:
            socket_key = self.headers.get("Sec-WebSocket-Key")
            self._stream(answer.follow, socket_key) if socket_key else self._hold_back(answer)
            return
        self.head(answer, {"Content-Length": str(len(answer.body))})
        self.wfile.write(answer.body)

    def head(self, answer: Answer, more: dict[str, str]) -> None:
        """The status line and the headers."""
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, log: GrowingLog, key: str) -> None:
        """A WebSocket: a message for the new lines, until the log is complete."""
        self.close_connection = True
        self.send_response_only(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        for lines, is_complete in self._growing(log):
            if lines:
                text = "".join(f"{line}\n" for line in lines)
                self.wfile.write(frame(json.dumps({"data": text}).encode()))
            if is_complete:
                self.wfile.write(close_frame())
                self.connection.settimeout(_GOODBYE_SECONDS)
                self.rfile.read(1)  # The client's own close; what it says does not matter.

    def _hold_back(self, answer: Answer) -> None:
        """A plain GET: a proxy waits for more before it passes anything on, and cuts after a while."""
        assert answer.follow
        self.head(answer, {"Transfer-Encoding": "chunked"})
        held = b""
        cut_at = self.loopback.clock.monotonic() + answer.follow.cut_seconds
        for lines, is_complete in self._growing(answer.follow):
            held += "".join(f"{line}\n" for line in lines).encode()
            is_cut = self.loopback.clock.monotonic() >= cut_at
            if held and (is_complete or is_cut or len(held) >= _HELD_BYTES):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(held), held))
                held = b""
            if is_complete:
                self.wfile.write(b"0\r\n\r\n")
            if is_cut:
                self.close_connection = True
                return

    def _growing(self, log: GrowingLog) -> Iterator[tuple[tuple[str, ...], bool]]:
        """The lines that are new since the last time, and whether they are the last."""
        sent, is_complete = 0, False
        while not is_complete and not self.loopback.closing.is_set():
            lines, is_complete = log.so_far()
            yield lines[sent:], is_complete
            sent = len(lines)
            if not is_complete:
                self.loopback.closing.wait(0.05)
