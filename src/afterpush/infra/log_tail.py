"""The end of a log as plain text, and the first line of what a program said."""

from pathlib import Path

from afterpush.infra.files import read_tail
from afterpush.infra.printable import printable


def last_lines(log: Path, most_bytes: int = 4096, *, after: int = 0) -> list[str]:
    """The lines of the last bytes of a log, none of them from before the offset `after`."""
    text = read_tail(log, most_bytes, after=after).decode("utf-8", "replace")
    return [line.rstrip() for line in printable(text).splitlines()]


def last_line(log: Path, *, after: int = 0) -> str:
    """The last line that is not empty; empty when there is none."""
    told = (line.strip() for line in reversed(last_lines(log, after=after)))
    return next(filter(None, told), "")


def in_brackets(log: Path, most: int = 200) -> str:
    """` (its last line: ...)` of a log, for a reason; empty when it has none."""
    text = last_line(log)
    return f" (its last line: {text[:most]})" if text else ""


def first_words(said: str) -> str:
    """The first line of what git said; what the server added comes without git's `remote:`."""
    lines = (line.strip().removeprefix("remote:").strip() for line in said.splitlines())
    return next(filter(None, lines), "nothing")
