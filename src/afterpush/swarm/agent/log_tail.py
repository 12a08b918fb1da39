"""The words of others in our reasons: the end of a log, and what git or a server said."""

import re
from pathlib import Path

from afterpush.infra.files import read_tail

_MOST = 200
# Colours and cursor moves of a terminal (ECMA-48), and single control characters.
_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x1f\x7f-\x9f]")


def last_lines(log: Path, most_bytes: int = 4096) -> list[str]:
    """The end of a log as plain text: without colours, and without what could move a cursor."""
    lines = read_tail(log, most_bytes).decode("utf-8", "replace").splitlines()
    return [_CONTROLS.sub("", line).rstrip() for line in lines]


def last_line(log: Path) -> str:
    """` (its last line: ...)` of a log, for a reason; empty when it has none."""
    told = (line.strip() for line in reversed(last_lines(log)))
    text = next(filter(None, told), "")
    return f" (its last line: {text[:_MOST]})" if text else ""


def first_words(said: str) -> str:
    """The first line of what git said; what the server added is told without git's `remote:`."""
    lines = (line.strip().removeprefix("remote:").strip() for line in said.splitlines())
    return next(filter(None, lines), "nothing")
