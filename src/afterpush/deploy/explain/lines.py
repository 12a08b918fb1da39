"""Lines of a log, as they are read in pieces: colours out, line ends in order, context kept."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CHUNK_BYTES = 1 << 20
BEFORE, AFTER = 3, 6  # Lines that are shown around the root line.
LOOKAHEAD = 60  # Lines after one that tell what became of it.
LONGEST_SHOWN = 300
_CONTEXT_BYTES = 8192
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
    """A piece of a log: lines whose context on both sides is here too.

    `text` is free of colours, ends each line with a newline, and only the lines between the offsets
    `start` and `end` are to be looked at. `first_line` is the number of the line at `start`, from 1.
    """

    text: bytes
    start: int
    end: int
    first_line: int

    def last(self, size: int) -> "Window":
        """The same window with only its last lines, at most `size` bytes of them, to be looked at."""
        cut = self.text.rfind(b"\n", self.start, max(self.start, self.end - size)) + 1
        start = max(self.start, cut)
        return Window(self.text, start, self.end, self.first_line + self.text.count(b"\n", self.start, start))


def windows(pieces: Iterable[bytes]) -> Iterator[Window]:
    """A log in windows. Memory is bounded, however long the log or a line of it is."""
    seen, pending, line = b"", b"", 1
    for piece in _plain(pieces):
        pending += piece
        cut = _nth_newline_from_end(pending, LOOKAHEAD)
        if cut <= 0 and len(pending) < 2 * CHUNK_BYTES:
            continue
        cut = cut if cut > 0 else len(pending)
        yield Window(seen + pending, len(seen), len(seen) + cut, line)
        line += pending.count(b"\n", 0, cut)
        seen = _last_lines(seen + pending[max(0, cut - _CONTEXT_BYTES) : cut])
        pending = pending[cut:]
    if pending:
        yield Window(seen + pending, len(seen), len(seen) + len(pending), line)


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


def _nth_newline_from_end(data: bytes, count: int) -> int:
    """The offset after the newline that has `count` full lines behind it; 0 when there is none."""
    at = len(data)
    for _ in range(count + 1):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _last_lines(data: bytes) -> bytes:
    data = data[-_CONTEXT_BYTES:]
    return data[_nth_newline_from_end(data, BEFORE) :]


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
    """A line of a window that is worth a closer look; `number` counts from 1."""

    window: Window
    number: int
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.window.text[self.start : self.end].decode("utf-8", "replace")

    def after(self, count: int) -> list[str]:
        """The next lines."""
        text = self.window.text
        following = text[self.end + 1 : self.end + 1 + _LOOKAHEAD_BYTES].split(b"\n", count)[:count]
        return [line.decode("utf-8", "replace") for line in following]

    def below(self, count: int) -> Iterator["Line"]:
        """The next lines, as lines of their own."""
        start = self.end + 1
        for number in range(self.number + 1, self.number + 1 + count):
            if start >= len(self.window.text):
                return
            end = self.window.text.find(b"\n", start)
            end = len(self.window.text) if end < 0 else end
            yield Line(self.window, number, start, end)
            start = end + 1

    def excerpt(self, around: int = 0) -> Excerpt:
        text = self.window.text
        preceding = text[max(0, self.start - 4096) : self.start].split(b"\n")[-BEFORE - 1 : -1]
        before = [shown(line.decode("utf-8", "replace")) for line in preceding]
        own = shown(self.text, around)
        after = [shown(line) for line in self.after(AFTER)]
        while before and not before[0].strip():
            before.pop(0)
        while after and not after[-1].strip():
            after.pop()
        return Excerpt(self.number, own, (*before, own, *after))
