"""Where the headings of a text are: with number signs, underlined, bare or in bold as in plain changelogs.

What looks like one inside a fence, a comment or the front matter is none (CommonMark 0.31, 4.2, 4.3, 4.5).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from afterpush.roadmap.keys import DATE, VERSION, is_unreleased

_ATX = re.compile(r" {0,1}(#{1,6})(?:[ \t]|\r?$)")
FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}(?=[^`]*$)|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,}|~{3,}|\^{3,})[ \t]*\r?$")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\r?$")
ITEM_START = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])(?:[ \t]|\r?$)")
_LEVELS = {"=": 1, "-": 2, "~": 3, "^": 4}
_NO_TITLE = re.compile(r"[ \t]*(?:[-*+•>|<#]|\d{1,9}[.)](?:[ \t]|$)|\[[^\]]+\]:)|\*\*[^*]+:\*\*|\t| {4}")
RAW_TAG = re.compile(r"[ \t]*<(pre|script|style|textarea)\b", re.I)


@dataclass(frozen=True)
class Heading:
    """The lines `start` to `end` (exclusive) are a heading of this level."""

    start: int
    end: int
    level: int


def headings_in(lines: Sequence[str], begin: int) -> Iterator[Heading]:
    """The headings of a text from line `begin` on, in order; a title begins behind what came before it."""
    number, count = begin, len(lines)
    while number < count:
        line = lines[number]
        first = line[:1]
        if (first in _PLAIN or line.startswith("**")) and "`" not in line and "~" not in line:
            if number + 1 < count and (found := _bare(lines, number, begin)):
                yield found
                number = begin = found.end
            else:
                number += 1
            continue
        end = verbatim_end(lines, number)
        if end:
            number = begin = end
        elif first in ("#", " ") and (atx := _ATX.match(line)):
            yield Heading(number, number + 1, len(atx[1]))
            number = begin = number + 1
        elif found := _underlined(lines, number, begin):
            yield found
            number = begin = found.end
        else:
            number += 1


# Lines that begin with one of these open nothing: only what follows can make a heading of them.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789|\r")


def _bare(lines: Sequence[str], number: int, begin: int) -> Heading | None:
    if lines[number + 1][:1] in "=-~^ " and (found := _underlined(lines, number + 1, begin)):
        return found
    line = lines[number].replace("**", "")
    if len(line) > 70 or line[:1] not in _VERSION_STARTS or not is_plain_title(line.rstrip()):
        return None
    # In bold it is below whatever heading there is.
    level = 2 if line == lines[number] else 6
    before = lines[number - 1].strip() if number > begin else ""
    follows = next((text for text in lines[number + 1 : number + 3] if text.strip()), "")
    is_alone = not before and (not lines[number + 1].strip() or ITEM_START.match(follows) is not None)
    is_list = ITEM_START.match(follows) is not None or follows[:1] in ("\t", " ")
    return Heading(number, number + 1, level) if is_alone and is_list else None


_VERSION_STARTS = frozenset("0123456789vVrRuUnN")


@lru_cache(maxsize=4096)
def is_plain_title(line: str) -> bool:
    """Whether a bare line is the title of a release: `1.2.0 (2024-05-01)`, `v2.0:`, `2024-05-01  Ann`."""
    text = re.sub(r"^(?:version|release)\s+", "", line, flags=re.I)
    head = text.split(" ", 1)[0].rstrip(":,")
    if VERSION.fullmatch(head) or DATE.fullmatch(head):
        return not re.search(r"[a-z]\.$", text)
    return is_unreleased(text.rstrip(":")) and len(text.split()) <= 3


def _underlined(lines: Sequence[str], number: int, begin: int) -> Heading | None:
    """The heading whose last line is the underline at `number`."""
    found = _UNDERLINE.match(lines[number])
    if not found or number == begin:
        return None
    title = lines[number - 1]
    if not title.strip() or _NO_TITLE.match(title) or RULE.match(title) or "|" in lines[number]:
        return None
    sign, length = found[1][0], len(found[1])
    if (sign in "~^" or length < 3) and length < len(title.strip()):
        return None
    start = number - 1
    # Several lines above it: a paragraph, which is a title only by the letter of the specification.
    if start > begin and lines[start - 1].strip():
        return None
    return Heading(start, number + 1, _LEVELS[sign])


def verbatim_end(lines: Sequence[str], number: int) -> int:
    """The line after a fence, a comment or raw HTML that begins at `number`; 0 where none does."""
    line = lines[number]
    if ("```" in line or "~~~" in line) and (opened := FENCE.match(line)):
        if number and _UNDERLINE.match(line) and _is_title(lines[number - 1], line):
            return 0
        return _fence_end(lines, number, opened[1])
    text = line.lstrip(" \t")
    if text.startswith("<"):
        if text.startswith("<!--"):
            return _until(lines, number, "-->", len(line) - len(text) + 4)
        if raw := RAW_TAG.match(line):
            return _until(lines, number, f"</{raw[1].lower()}>", 0)
    return 0


def _is_title(line: str, underline: str) -> bool:
    return bool(line.strip()) and len(underline.strip()) >= len(line.strip()) > 3


def _fence_end(lines: Sequence[str], start: int, mark: str) -> int:
    for number in range(start + 1, len(lines)):
        text = lines[number].strip(" \t>\r")
        if len(text) >= len(mark) and text == mark[0] * len(text):
            return number + 1
    return len(lines)


def _until(lines: Sequence[str], start: int, end: str, offset: int) -> int:
    for number in range(start, len(lines)):
        if end in (lines[number][offset:] if number == start else lines[number]).lower():
            return number + 1
    return len(lines)
