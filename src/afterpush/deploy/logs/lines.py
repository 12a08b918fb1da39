"""A log that comes in pieces, as lines: for keeping it, and for showing it without secrets.

A secret may lie across two pieces, but not across two lines, unless it is a private key.
"""

import re
from collections.abc import Callable, Iterable, Iterator

_LONGEST_LINE = 64 * 1024
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")


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


class Lines:
    """Pieces of bytes in, lines out; a line without an end is cut at a bound."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for line in whole:
            self._take(line.decode("utf-8", "replace"))
        if len(self._rest) > _LONGEST_LINE:
            self.end()

    def end(self) -> None:
        if self._rest:
            self._take(self._rest.decode("utf-8", "replace"))
            self._rest = b""


def redacted(pieces: Iterable[bytes], redact: Callable[[str], str]) -> Iterator[bytes]:
    """The same log line by line after `redact`; every other byte stays, also what is no UTF-8."""
    keys = PrivateKeys()
    for line in lines(pieces):
        text = line.decode("utf-8", "surrogateescape")
        if not keys.hides(text):
            yield redact(text).encode("utf-8", "surrogateescape")


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their ends; one that is too long in parts."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > _LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest
