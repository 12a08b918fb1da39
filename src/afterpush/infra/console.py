"""What reaches the user's terminal: documents on stdout, everything said on the way on stderr."""

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from afterpush.infra.errors import AfterpushError
from afterpush.infra.printable import one_line, printable


def tolerate_any_encoding() -> None:
    """A terminal that cannot show a character shows `?` instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")


def is_terminal() -> bool:
    """Whether stdout is a terminal that can redraw."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def is_coloured() -> bool:
    """Whether colours of others may pass to stdout (https://no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """A line of the answer, on stdout, without control characters."""
    print(printable(text), flush=True)


def note(text: str) -> None:
    """Progress or a warning, on stderr, without control characters."""
    print(printable(text), file=sys.stderr, flush=True)


def say_folded(text: str) -> None:
    """Lines of the answer; in a terminal each is folded between words, below its own beginning."""
    import shutil

    say(folded(text, shutil.get_terminal_size().columns) if is_terminal() else text)


def folded(text: str, width: int) -> str:
    """The lines of a text folded to a width; `   | ` and the like begin the folded lines as well."""
    import textwrap

    lines = []
    for line in text.split("\n"):
        start = line[: len(line) - len(line.lstrip(" |"))]
        rest = textwrap.wrap(
            line[len(start) :], max(width - len(start), 20), break_long_words=False, break_on_hyphens=False
        )
        lines += [start + piece for piece in rest] if len(line) > width else [line]
    return "\n".join(lines)


def is_answerable() -> bool:
    """Whether somebody sits at the terminal who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def is_confirmed(question: str) -> bool:
    """Asks on stderr and reads the answer from the terminal: only yes counts.

    Raises AfterpushError where nobody can answer.
    """
    if not sys.stdin.isatty():
        raise AfterpushError(f"{question}: nobody can be asked here; pass --yes to go on without asking")
    print(f"{printable(question)} [y/N] ", file=sys.stderr, end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_json(document: object) -> None:
    """Exactly one JSON document on stdout, from dataclasses, enums, paths and plain values."""
    import msgspec

    # Indented by msgspec: the standard library does that in Python, a second for a large audit.
    print(msgspec.json.format(json.dumps(plain(document), ensure_ascii=True), indent=2), flush=True)


_AS_IT_IS = frozenset((int, float, bool, type(None)))


def plain(value: Any) -> Any:
    """Dataclasses, enums, paths and sets as what JSON can hold; a Secret as `[REDACTED]`."""
    if type(value) is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if type(value) in _AS_IT_IS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(plain(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        return plain(str(value))
    from afterpush.infra.secrets import REDACTED, Secret  # Here: it compiles a dozen patterns.

    return REDACTED if isinstance(value, Secret) else value


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Aligned columns for plain output; the last column is not padded.

    With a `width`, the last column is folded between words and goes on below itself.
    """
    lines = [list(headings), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if width:
        lines = [piece for line in lines for piece in _folded_row(line, max(width - before, 20))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    return one_line(str(value), keep_spaces=True)


def _folded_row(cells: list[str], room: int) -> list[list[str]]:
    import textwrap

    pieces = textwrap.wrap(cells[-1], room, break_long_words=False, break_on_hyphens=False) or [""]
    return [[*cells[:-1], pieces[0]], *([*[""] * (len(cells) - 1), piece] for piece in pieces[1:])]


def terminal_width() -> int | None:
    """The columns of the terminal; None where stdout is none, so that nothing is folded for programs."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def can_show(text: str) -> bool:
    """Whether stdout's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
