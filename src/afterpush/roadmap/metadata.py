"""Key lines: `**Status:** ready`, alone or several in one line, the colon in the bold or after it."""

import re
from dataclasses import dataclass
from functools import lru_cache

from afterpush.roadmap.tables import column_key

_KEY = re.compile(r"(?:^|(?<=[\s|·•;,>(]))\*\*([^*\s:|][^*:|]{0,48})(?::\*\*|\*\*[ \t]?:)[ \t]*")
_PLAIN_KEY = re.compile(r"[ \t]*([A-Za-z][A-Za-z _/-]{0,40}?)[ \t]*:(?:[ \t]+|$)")
_BOLD_START = re.compile(r"\*\*[^*\s:|][^*:|]{0,48}(?::\*\*|\*\*[ \t]?:)")
_KNOWN_START = re.compile(
    r"(?:status|priority|estimate|effort|module|dependencies|depends on|prompt|owner|assignee|version|"
    r"last updated|task id|agent|started|completed|branch)[ \t]*:[ \t]",
    re.I,
)
_SEPARATOR = re.compile(r"[ \t]*[|·•;,]?[ \t]*$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")


@dataclass(frozen=True)
class KeyLine:
    """One key and its value; `head` is everything before the value, `tail` what follows up to the next."""

    key: str
    head: str
    value: str
    tail: str

    @property
    def text(self) -> str:
        return self.head + self.value + self.tail


def is_key_line(line: str) -> bool:
    """Whether the line begins with a key in bold, or with one of the well-known keys: `**Status:** ready`."""
    text = line.lstrip(" ")
    return (text.startswith("**") and _BOLD_START.match(text) is not None) or (
        text[:1].isalpha() and _KNOWN_START.match(text) is not None
    )


@lru_cache(maxsize=8192)
def read_entries(line: str) -> tuple[KeyLine, ...]:
    """The keys and values of a line; joined, their texts are the line. Empty when it holds no key."""
    found = list(_KEY.finditer(line))
    if not found:
        plain = _PLAIN_KEY.match(line)
        if plain is None:
            return ()
        return (_entry(plain[1], plain[0], line[plain.end() :], is_last=True),)
    if line[: found[0].start()].strip(" \t>-*+"):
        return ()
    entries, begun = [], 0
    for place, match in enumerate(found):
        is_last = place + 1 == len(found)
        end = len(line) if is_last else found[place + 1].start()
        entries.append(_entry(match[1], line[begun : match.end()], line[match.end() : end], is_last=is_last))
        begun = end
    return tuple(entries)


def _entry(name: str, head: str, rest: str, *, is_last: bool) -> KeyLine:
    value = rest.rstrip() if is_last else rest[: _end_of_value(rest)]
    return KeyLine(column_key(name), head, value, rest[len(value) :])


def _end_of_value(rest: str) -> int:
    separator = _SEPARATOR.search(rest)
    return separator.start() if separator else len(rest)


def bare(value: str) -> str:
    """A value without the emphasis, code marks or link around it."""
    link = _LINK.fullmatch(value.strip())
    text = (link[1] if link else value).strip()
    inner = text.strip("*`_~").strip()
    return text if "`" in inner or "**" in inner else inner
