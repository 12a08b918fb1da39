"""A server whose live logs do what a test says, byte for byte, on a loopback port."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from afterpush.simulator.api.server import (
    TEXT,
    LoopbackServer,
    QuietHandler,
    accept_key,
    close_frame,
    frame,
    running,
)

Step = bytes | float | Callable[["Handler"], None]
"""What is sent, or how many seconds nothing is, or what is done."""


def data(text: str, **more: bool) -> bytes:
    """A message in the platform's form."""
    import json

    return frame(json.dumps({"data": text}).encode(), TEXT, **more)


@dataclass
class LiveLog:
    """The connections that are made, in order; what a connection does that none is written for: refuse.

    `refusal` is the status that an upgrade gets instead of a WebSocket, `body` what a plain GET gets.
    """

    connections: list[Sequence[Step]] = field(default_factory=list)
    refusal: int | None = None
    body: bytes = b""
    asked: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    url: str = ""


class Handler(QuietHandler):
    """Upgrades, and then carries out the next connection's steps."""

    log: LiveLog

    def do_GET(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        self.log.asked.append(f"{'socket' if key else 'get'} {self.path}")
        self.close_connection = True
        if key is None or self.log.refusal:
            self._answer(200 if key is None else self.log.refusal or 0, self.log.body if key is None else b"")
        elif not self.log.connections:
            self._answer(503, b"")
        else:
            self._upgrade(key)
            for step in self.log.connections.pop(0):
                self._do(step)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _upgrade(self, key: str) -> None:
        self.send_response_only(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()

    def _do(self, step: Step) -> None:
        if isinstance(step, bytes):
            self.wfile.write(step)
            self.wfile.flush()
        elif isinstance(step, float):
            self.loopback.closing.wait(step)
        else:
            step(self)


def hears(handler: Handler) -> None:
    """Reads one frame of the client's (short, masked) and notes its opcode and payload."""
    head = handler.rfile.read(2)
    mask = handler.rfile.read(4)
    masked = handler.rfile.read(head[1] & 0x7F)
    payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
    handler.log.received.append(bytes([head[0] & 0x0F]) + payload)


CLOSED = close_frame()


@contextmanager
def live_log(*connections: Sequence[Step], **more: object) -> Iterator[LiveLog]:
    """Serves it; its `url` is what the platform would give as `live_url`."""
    log = LiveLog(list(connections), **more)  # type: ignore[arg-type]

    class Own(Handler):
        pass

    Own.log = log
    with running(LoopbackServer(Own)) as url:
        log.url = f"{url}/live?token=abc"
        yield log
