"""The simulated platform behind HTTP on a loopback port: one process, a thread for each connection."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from afterpush.infra.clock import SystemClock
from afterpush.infra.processes.signals import uninterrupted
from afterpush.simulator.api.exchange import Answer, GrowingLog, Request
from afterpush.simulator.api.respond import respond
from afterpush.simulator.api.websocket import accept_key, close_frame, frame
from afterpush.simulator.faults import Wire
from afterpush.simulator.model import FakePlatform

_HELD_BYTES = 16 * 1024
_GOODBYE_SECONDS = 2.0


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP server that can be closed while clients still hang on it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
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
def serve(platform: FakePlatform, port: int = 0) -> Iterator[str]:
    """Serves the platform; gives the base URL, as `DIGITALOCEAN_API_URL` takes it (without `/v2`)."""
    handler = type("Handler", (PlatformHandler,), {"platform": platform})
    with running(LoopbackServer(handler, port)) as url:
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
    """Carries requests to the platform and its answers back, as spoilt as they are meant to be."""

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
        answer = respond(self.platform, request)
        {
            Wire.WHOLE: self._send,
            Wire.RESET: self._reset,
            Wire.HANG: self._hang,
            Wire.CUT_OFF: self._cut_off,
        }[answer.wire](answer)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _send(self, answer: Answer) -> None:
        if answer.follow:
            socket_key = self.headers.get("Sec-WebSocket-Key")
            self._stream(answer.follow, socket_key) if socket_key else self._hold_back(answer)
            return
        self._head(answer, {"Content-Length": str(len(answer.body))})
        self.wfile.write(answer.body)

    def _head(self, answer: Answer, more: dict[str, str]) -> None:
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
        self._head(answer, {"Transfer-Encoding": "chunked"})
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

    def _reset(self, answer: Answer) -> None:
        # Closing with a linger time of zero makes the kernel send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _hang(self, answer: Answer) -> None:
        self.loopback.closing.wait(answer.seconds)
        self.close_connection = True

    def _cut_off(self, answer: Answer) -> None:
        self._head(answer, {"Content-Length": str(len(answer.body))})
        self.wfile.write(answer.body[: len(answer.body) // 2])
        self.wfile.flush()
        self.close_connection = True
