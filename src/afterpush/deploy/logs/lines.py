"""A log in pieces, as lines; and lines as they may be shown: without secrets, harmless to a terminal."""

import re
from collections.abc import Callable, Iterable, Iterator

from afterpush.infra.printable import printable

LONGEST_LINE = 64 * 1024
_LAST_GAP = 4 * 1024
_NEAR, _TRIES = 1024, 320
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
# Single bytes, no UTF-8, that are controls to a terminal without UTF-8 (as surrogateescape has them).
_RAW_CONTROL = re.compile("[\udc80-\udc9f]")


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their ends; a very long one in parts, always cut at the same places.

    An empty piece ends a line that has no end: an archive is over, or its writer has paused.
    """
    rest = b""
    for piece in pieces:
        if not piece and rest:
            yield rest + b"\n"
            rest = b""
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield from _parts(line + b"\n")
        while len(rest) > LONGEST_LINE:
            cut = _cut(rest)
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _parts(line: bytes) -> Iterator[bytes]:
    while len(line) > LONGEST_LINE + 1:
        cut = _cut(line)
        yield line[:cut]
        line = line[cut:]
    yield line


def _cut(text: bytes) -> int:
    """Where a long line is cut: behind its last gap, or else between two characters."""
    gap = text.rfind(b" ", LONGEST_LINE - _LAST_GAP, LONGEST_LINE)
    if gap >= 0:
        return gap + 1
    cut = LONGEST_LINE
    while cut > LONGEST_LINE - 4 and text[cut] & 0xC0 == 0x80:  # Inside a character of UTF-8.
        cut -= 1
    return cut


class PrivateKeys:
    """Tells which lines of a log lie inside a private key: no pattern knows them."""

    def __init__(self) -> None:
        self._is_inside = False

    def hides(self, line: str) -> bool:
        """Whether this line, the next of the log, is not for anybody; the first is for the redaction."""
        was_inside = self._is_inside
        starts = was_inside or _KEY_BEGINS.search(line)
        self._is_inside = bool(starts) and not _KEY_ENDS.search(line)
        return was_inside


def shown(told: Iterable[bytes], redact: Callable[[str], str], *, colours: bool) -> Iterator[bytes]:
    """The same log line by line without secrets and without what could steer a terminal.

    Every other byte stays, also what is no UTF-8. With `colours` the colours stay too.
    """
    keys, before = PrivateKeys(), ""
    for line in told:
        is_part = not line.endswith(b"\n") and len(line) > LONGEST_LINE - _LAST_GAP - 4
        text = before + harmless(line.decode("utf-8", "surrogateescape"), colours=colours)
        # Of a line in parts, the end waits for the next part: a secret may lie across the two.
        cut = _safe_cut(text, redact) if is_part else len(text)
        text, before = text[:cut], text[cut:]
        if not keys.hides(text):
            yield redact(text).encode("utf-8", "surrogateescape")
    if before and not keys.hides(before):
        yield redact(before).encode("utf-8", "surrogateescape")


def _safe_cut(text: str, redact: Callable[[str], str]) -> int:
    """A place near the end that lies inside no secret: both halves alone say what the whole says.

    `...x=swordf|ish-9` would show `swordf`; `...x=|swordfish-9` shows `...x=`, and then `[REDACTED]`.
    """
    start = max(0, len(text) - _NEAR)
    near = redact(text[start:])
    last = len(text) - _NEAR // 4
    for cut in range(last, max(start, last - _TRIES), -1):
        if redact(text[start:cut]) + redact(text[cut:]) == near:
            return cut
    return start


def harmless(text: str, *, colours: bool) -> str:
    """A line as it may be shown or kept; of one that overwrites itself (a progress bar), the last state."""
    ending = "\n" if text.endswith("\n") else ""
    last = text.rstrip("\r\n").rpartition("\r")[2]
    return _RAW_CONTROL.sub("", printable(last, colours=colours)) + ending
