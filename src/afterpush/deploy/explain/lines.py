"""Lines of a log, as they are read in pieces: colours out, line ends in order, context kept."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BEFORE, AFTER = 3, 6  # Lines that are shown around the root line.
LOOKAHEAD = 60  # Lines after one that tell what became of it.
LONGEST_SHOWN = 300
LONGEST_LINE = 1 << 24  # What is longer is cut off.
_CONTEXT_BYTES = 4096
_LOOKAHEAD_BYTES = 16_384
_LONGEST_HELD = 40
_UNSHOWN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_COLOURS = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    rb"|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)?"  # OSC: titles, links
    rb"|[PX^_][^\x1b\n]{0,2000}\x1b\\|[ -/]*[0-~])"
)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Window:
    """A piece of a log: lines, free of colours, with their context on both sides.

    Only those from the index `start` up to `end` are to be looked at. `first_line` is the number of that at
    `start`, from 1.
    """

    lines: list[bytes]
    start: int
    end: int
    first_line: int

    def last(self, size: int) -> "Window":
        """The same window with only its last lines, about `size` bytes of them, to be looked at."""
        start = self.end
        while start > self.start and size > 0:
            start -= 1
            size -= len(self.lines[start]) + 1
        return Window(self.lines, start, self.end, self.first_line + start - self.start)


def windows(pieces: Iterable[bytes]) -> Iterator[Window]:
    """A log in windows. Memory is bounded, however long the log or a line of it is."""
    before: list[bytes] = []
    pending: list[bytes] = []
    rest, number = b"", 1
    for piece in _plain(pieces):
        *whole, rest = (rest + piece).split(b"\n")
        rest = rest[:LONGEST_LINE]
        pending += whole
        cut = len(pending) - LOOKAHEAD
        if cut > 0:
            lines = before + pending
            yield Window(lines, len(before), len(before) + cut, number)
            number += cut
            before = lines[: len(before) + cut][-BEFORE:]
            pending = pending[cut:]
    lines = [*before, *pending, rest]
    yield Window(lines, len(before), len(lines) - (not rest), number)


def _plain(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-8 pieces without colours, whose lines end with line feeds.

    A carriage return alone overwrites its line and ends none: line numbers are those of every editor.
    """
    held = b""
    for piece in _without_colours(_utf8(pieces)):
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""  # Perhaps the first half of CR LF.
        yield _with_line_feeds(data[: len(data) - len(held)])
    yield _with_line_feeds(held)


def _with_line_feeds(data: bytes) -> bytes:
    return data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n") if b"\r" in data else data


def _without_colours(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        data = held + piece
        # A sequence that may be cut in two waits for the next piece.
        at = data.rfind(b"\x1b", max(0, len(data) - _LONGEST_HELD))
        data, held = (data, b"") if at < 0 else (data[:at], data[at:])
        yield _COLOURS.sub(b"", data) if b"\x1b" in data else data
    yield _COLOURS.sub(b"", held)


def _utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for piece in pieces:
        if first and piece:
            first = False
            name = _UTF16.get(piece[:2])
            decoder = codecs.getincrementaldecoder(name)("replace") if name else None
            piece = piece[2:] if name else piece.removeprefix(codecs.BOM_UTF8)
        yield decoder.decode(piece).encode("utf-8", "replace") if decoder else piece


def shown(line: str, around: int = 0) -> str:
    """A line for people: no control characters, at most 300 characters (those around an offset)."""
    if "\r" in line:
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
        around = 0
    text = _UNSHOWN.sub(" ", line).expandtabs(4).rstrip()
    if len(text) <= LONGEST_SHOWN:
        return text
    start = max(0, min(around - LONGEST_SHOWN // 3, len(text) - LONGEST_SHOWN))
    return ("…" if start else "") + text[start : start + LONGEST_SHOWN] + "…"


@dataclass(frozen=True)
class Excerpt:
    """A line with its neighbours, ready to be shown. `number` counts from 1."""

    number: int
    line: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A line of a window that is worth a closer look, or a piece of one; `number` counts from 1."""

    window: Window
    index: int
    number: int
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    def after(self, count: int) -> list[str]:
        """The next lines, as far as they are not very long."""
        found, left = [], _LOOKAHEAD_BYTES
        for line in self.window.lines[self.index + 1 : self.index + 1 + count]:
            found.append(line[:left].decode("utf-8", "replace"))
            left = max(0, left - len(line) - 1)
        return found

    def below(self, count: int) -> Iterator["Line"]:
        """The next lines, as lines of their own."""
        for at, line in enumerate(self.window.lines[self.index + 1 : self.index + 1 + count], 1):
            yield Line(self.window, self.index + at, self.number + at, line)

    def excerpt(self, around: int = 0) -> Excerpt:
        preceding = self.window.lines[max(0, self.index - BEFORE) : self.index]
        before = [shown(line[-_CONTEXT_BYTES:].decode("utf-8", "replace")) for line in preceding]
        own = shown(self.text, around)
        after = [shown(line) for line in self.after(AFTER)]
        while before and not before[0].strip():
            before.pop(0)
        while after and not after[-1].strip():
            after.pop()
        return Excerpt(self.number, own, (*before, own, *after))
