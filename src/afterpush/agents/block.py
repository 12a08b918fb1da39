"""A marked block at the end of a text file: appended and taken out again without touching another byte.

One newline goes before the block: an empty line, or the end of a last line that had none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterpush.text.marked_blocks import marked_blocks


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
    kept, at = [], 0
    for begin, end in _blocks(text, marks):
        kept.append(text[at : begin.start()])
        at = end.end()
    return "".join([*kept, text[at:]])


def body(text: str, marks: Marks) -> str | None:
    """What is in the block; None without one."""
    found = next(_blocks(text, marks), None)
    return text[found[0].end() : found[1].start()].replace("\r\n", "\n") if found else None


def _blocks(text: str, marks: Marks) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    begins = re.compile(rf"(?:\r?\n|\A){re.escape(marks.begin)}\r?\n")
    return marked_blocks(text, begins, re.compile(rf"{re.escape(marks.end)}(?:\r?\n|\Z)"))
