"""A marked block at the end of a text file: appended and taken out again without touching another byte.

One newline goes before the block: an empty line, or the end of a last line that had none.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Marks:
    """The lines around the block, in the comment syntax of its file."""

    begin: str
    end: str


TOML = Marks("# afterpush: begin (agents.install; agents.uninstall removes it)", "# afterpush: end")
MARKDOWN = Marks("<!-- afterpush: begin (agents.install) -->", "<!-- afterpush: end -->")


def add(text: str, marks: Marks, body: str) -> str:
    """The text with the block at its end."""
    newline = "\r\n" if "\r" in text else "\n"
    lines = [marks.begin, *body.splitlines(), marks.end, ""]
    return text + (newline if text else "") + newline.join(lines)


def remove(text: str, marks: Marks) -> str:
    """The text without every such block."""
    return _pattern(marks).sub("", text)


def body(text: str, marks: Marks) -> str | None:
    """What stands in the block; None without one."""
    found = _pattern(marks).search(text)
    return found[1].replace("\r\n", "\n") if found else None


def _pattern(marks: Marks) -> re.Pattern[str]:
    begin, end = re.escape(marks.begin), re.escape(marks.end)
    return re.compile(rf"(?:\r?\n|\A){begin}\r?\n(.*?){end}(?:\r?\n|\Z)", re.DOTALL)
