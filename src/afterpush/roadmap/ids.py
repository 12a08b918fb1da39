"""Task and session IDs as teams write them: QA-001, DATA-002-AUGMENT, TEST-INFRA-01, GF-PHASE0-003."""

import re
from functools import lru_cache

_TASK_ID = r"[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)*-\d{1,4}(?:-[A-Z][A-Z0-9]*)*"
TASK_ID = re.compile(rf"(?<![A-Za-z0-9_-]){_TASK_ID}(?![A-Za-z0-9_]|-[A-Za-z0-9])")
_LEADING = re.compile(
    rf"(?:\[[ xX~/-]\])?(?:[^\w`]|(?:Task|TASK)\b)*({_TASK_ID})(?![A-Za-z0-9_]|-[A-Za-z0-9])(.*)", re.S
)
# "NAV-007 through NAV-013" and "UXS-101..104" speak of several tasks and define none.
_RANGE = re.compile(
    r"\W{0,4}(?:through\b|thru\b|to\s+[A-Z]|\.\.|…|[-–—/&,+]\s*[A-Z][A-Z0-9]+-\d|[-–—/]\d|and\s+[A-Z])"
)
SESSION_ID = re.compile(r"(?<![A-Za-z0-9])(?:Session-)?(\d{8}-[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])")
_NUMBER = re.compile(r"-(\d{1,4})(?=$|-[A-Z])")


def task_ids(text: str) -> list[str]:
    """Every task ID that the text mentions, in order, with repetitions."""
    return TASK_ID.findall(text)


# The versions of a document that are merged share nearly all of their lines.
@lru_cache(maxsize=1 << 16)
def leading_id(text: str) -> tuple[str, str] | None:
    """The ID that a heading, a cell or a checkbox line begins with, and the text after it.

    Emoji, checkboxes, emphasis and the word "Task" may be before it. None when it begins otherwise, or
    with a range of IDs.
    """
    found = _LEADING.match(text)
    if not found or _RANGE.match(found[2]):
        return None
    return found[1], found[2]


def leading_session(text: str) -> str | None:
    """The session ID that a cell or a bullet begins with, without the prefix `Session-`."""
    found = SESSION_ID.match(text.lstrip("*_`[ \t"))
    return found[1] if found else None


_SPAN = re.compile(
    rf"({_TASK_ID})\s*(?:\.\.\.?|…|through|thru|to|–|—|-)\s*(?:({_TASK_ID})|(\d{{1,4}}))(?![A-Za-z0-9_])"
)


def expanded_ids(text: str) -> list[str]:
    """Every task ID that the text means, each once: ranges such as `A-001..004` are counted out."""
    found: dict[str, None] = {}
    begun = 0
    for span in _SPAN.finditer(text):
        found.update(dict.fromkeys(task_ids(text[begun : span.start()])))
        found.update(dict.fromkeys(_counted_out(span[1], span[2] or span[3])))
        begun = span.end()
    return list(found | dict.fromkeys(task_ids(text[begun:])))


def _counted_out(first: str, last: str) -> list[str]:
    number, end = _NUMBER.search(first), re.search(r"\d+$", last)
    if number is None or end is None or number.end(1) != len(first):
        return [first]
    head = first[: number.start(1)]
    if len(last) > len(end[0]) and last[: end.start()] != head:
        return [first, last]
    width, begin, stop = len(number[1]), int(number[1]), int(end[0])
    if not begin <= stop <= begin + 200:
        return [first]
    return [f"{head}{value:0{width}d}" for value in range(begin, stop + 1)]
