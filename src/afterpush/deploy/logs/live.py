"""The bytes behind a `live_url`, as the platform's own client reads them: over a WebSocket.

What is known comes from doctl (pkg/listen, commands/apps.go; issues 954 and 959), not from the real
platform: the address becomes `ws` where it begins with `http`, else `wss`; the token stays in its query; a
message is text `{"data": "lines"}`; the server closes normally when the log is over. A plain GET of the same
address gives what there is, but a proxy holds it back and cuts it after about a minute.
"""

import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from queue import Empty, SimpleQueue

from afterpush.deploy.logs.follow import LINE_START
from afterpush.deploy.logs.lines import lines
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import Client, is_loopback
from afterpush.infra.http.websocket import UpgradeRefused, messages


def live_pieces(
    http: Client,
    url: str,
    *,
    quiet_seconds: float,
    refused: Callable[[], Generator[bytes, None, bool]] | None = None,
) -> Generator[bytes, None, bool]:
    """What a live log tells, until the server closes it; an empty piece for each second without any.

    Where there is no WebSocket, what `refused` gives; without it, what a plain GET does. True as the
    generator's value: the server closed it because it is over. Raises NoAnswer, ApiFailure.
    """
    rest = url.partition("://")[2]
    is_plain = not url.lower().startswith(("https", "wss")) and is_loopback(url)
    try:
        yield from _texts(
            messages(f"{'ws' if is_plain else 'wss'}://{rest}", lambda: http.tls, quiet_seconds=quiet_seconds)
        )
        return True
    except UpgradeRefused:
        instead = refused() if refused else None
    if instead is not None:
        return (yield from instead)
    yield from http.stream(f"{'http' if is_plain else 'https'}://{rest}", timeout_seconds=quiet_seconds)
    return False


def _texts(told: Iterator[bytes]) -> Iterator[bytes]:
    """The text of each message. One that begins a line ends the line before it."""
    is_open = False
    for message in told:
        text = _text(message) if message else b""
        if message and not text:
            continue
        if is_open and LINE_START.match(text):
            text = b"\n" + text
        is_open = bool(text) and not text.endswith(b"\n")
        yield text
    yield b""  # The log is over, and with it its last line.


def _text(message: bytes) -> bytes:
    """The text in a message; of another form than the known one, the message itself as a line."""
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        document = message.decode("utf-8", "replace")
        return _line(document) if document.strip() else b""
    if isinstance(document, dict) and "data" in document:
        document = document["data"]
        if isinstance(document, str):
            return document.encode("utf-8", "replace")
    if isinstance(document, list) and all(isinstance(entry, str) for entry in document):
        return b"".join(map(_line, document))
    if isinstance(document, str):
        return _line(document)
    return _line(json.dumps(document, ensure_ascii=False)) if document else b""


def _line(text: str) -> bytes:
    return (text if text.endswith("\n") else f"{text}\n").encode("utf-8", "replace")


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
