"""A log in a file of bounded size: its head, its tail, and every suspicious region between."""

import os
import re
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from afterpush.deploy.logs.lines import PrivateKeys, harmless

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 128 * 1024
SUSPICIOUS_BYTES = 256 * 1024
LONGEST_LINE = 4000
_AROUND = 5

_SUSPICIOUS = re.compile(
    r"error|fail|fatal|panic|exception|traceback|denied|refused|cannot|can't|not found|missing|killed|abort"
    r"|no space|out of memory|exceed|timed? ?out|unhealthy|exit(ed)? (code|status)|exit code",
    re.IGNORECASE,
)


class LogFile:
    """Lines go in, redacted and without colours; `flush` makes the file complete up to now.

    The tail is held in memory and written behind what is final, so that a reader (or a process after
    a `kill -9`) finds head, suspicious regions and the tail of the last flush. Thread-safe. Writing never
    raises: a full disk costs the log, and `failure` says so.
    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self.path = path
        self.failure: OSError | None = None
        self.lines = 0
        self._redact = redact
        self._lock = threading.Lock()
        self._fast = 0  # Bytes of the file that will not change any more.
        self._head_left = HEAD_BYTES
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._suspicious_left = SUSPICIOUS_BYTES
        self._left_out = 0
        self._wanted = 0
        self._keys = PrivateKeys()
        self._is_closed = False
        self._pending: list[bytes] = []
        self._dirty = False

    def add(self, line: bytes) -> None:
        """One line, as it came."""
        with self._lock:
            text = None if self._is_closed else self._cleaned(line.decode("utf-8", "replace"))
            if text is None:
                return
            self.lines += 1
            self._dirty = True
            data = text.encode("utf-8", "replace") + b"\n"
            if self._head_left >= len(data):
                self._head_left -= len(data)
                self._pending.append(data)
                return
            self._head_left = 0
            self._tail.append(data)
            self._tail_bytes += len(data)
            while self._tail_bytes > TAIL_BYTES:
                self._evict(self._tail.popleft())

    def _cleaned(self, line: str) -> str | None:
        """A line fit for the file; None inside a private key, whose lines no pattern knows."""
        # Redacted before it is cut: half a secret has no shape that anybody would know.
        text = harmless(line.rstrip("\n")[: 2 * LONGEST_LINE], colours=False)
        return None if self._keys.hides(text) else self._redact(text)[:LONGEST_LINE]

    def _evict(self, data: bytes) -> None:
        """A line leaves the tail: into the file when it, or one near it, is suspicious."""
        self._tail_bytes -= len(data)
        if _SUSPICIOUS.search(data.decode("utf-8", "replace")):
            self._wanted = _AROUND
        if self._wanted and self._suspicious_left >= len(data):
            self._wanted -= 1
            self._suspicious_left -= len(data)
            self._pending.append(self._gap() + data)
            self._left_out = 0
        else:
            self._left_out += 1

    def _gap(self) -> bytes:
        return f"[... {self._left_out} lines left out ...]\n".encode() if self._left_out else b""

    def flush(self) -> None:
        """Writes what is final, and the tail behind it."""
        with self._lock:
            if not self._dirty or self._is_closed:
                return
            fast = b"".join(self._pending)
            try:
                self._write(fast, self._gap() + b"".join(self._tail))
            except OSError as error:
                self.failure = error
                return
            self._fast += len(fast)
            self._pending.clear()
            self._dirty = False

    def _write(self, fast: bytes, rest: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            os.lseek(descriptor, self._fast, os.SEEK_SET)
            data = fast + rest
            while data:
                data = data[os.write(descriptor, data) :]
            os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR))
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Drops the file, and whatever a thread that is still reading would add."""
        self._is_closed = True
        self.remove()

    def remove(self) -> None:
        """Drops the file."""
        with self._lock:
            self._dirty = False
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:
                self.failure = error
