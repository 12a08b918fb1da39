"""Conflict markers in text, as git writes them."""

import re

# An opening or closing marker alone counts too: it is what remains of a conflict edited in haste. A line
# of "=" is none (a Markdown heading's underline), and neither is one of "|" (an empty table row).
_MARKER = re.compile(rb"^(?:<{7,}|>{7,})(?: [^\n]*)?\r?$", re.MULTILINE)


def marker_lines(content: bytes) -> list[int]:
    """The numbers (from 1) of the lines that open or close a conflict."""
    if b"<<<<<<<" not in content and b">>>>>>>" not in content:
        return []
    return [content.count(b"\n", 0, found.start()) + 1 for found in _MARKER.finditer(content)]


def has_markers(content: bytes) -> bool:
    """Whether a conflict is left in the text."""
    return bool(marker_lines(content))
