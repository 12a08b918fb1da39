"""A real HTTP(S) server on a loopback port whose answers a test chooses, also while it runs."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer; `delay_seconds` passes before it, `chunked` sends the body in small chunks."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    chunked: bool = False


def page(
    text: str = "<!doctype html><html><body><div id='root'></div></body></html>", status: int = 200
) -> Reply:
    """What a single-page app's catch-all route sends."""
    return Reply(status, text.encode(), "text/html; charset=utf-8")


class HealthServer:
    """Answers `routes[path]`, else `fallback`; a route may be a function of the count of its requests."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Reply | Callable[[int], Reply]] = {}
        self.fallback = Reply(404, b'{"error":"not found"}')
        self.requests: list[str] = []
        self.seen_headers: list[Mapping[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                server.requests.append(path)
                server.seen_headers.append(dict(self.headers))
                route = server.routes.get(path, server.fallback)
                _send(self, route(server.requests.count(path)) if callable(route) else route)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._scheme = "https" if context else "http"
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    time.sleep(reply.delay_seconds)
    try:
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for start in range(0, len(reply.body), 7):
                piece = reply.body[start : start + 7]
                handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.send_header("Content-Length", str(len(reply.body)))
            handler.end_headers()
            handler.wfile.write(reply.body)
    except OSError:
        handler.close_connection = True  # The client gave up waiting: that is what the test wanted.


@contextmanager
def health_server(
    routes: Mapping[str, Reply | Callable[[int], Reply]] | None = None, certificate: Path | None = None
) -> Iterator[HealthServer]:
    """A running server; `certificate` (PEM with its key) makes it speak TLS."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = HealthServer(context=context)
    server.routes.update(routes or {})
    try:
        yield server
    finally:
        server.close()
