"""Merging a heading: its level, its emoji, what it says and the status behind that, each apart."""

import re

from afterpush.conflicts.values import Decision, merge_text, merge_value, three_way

_PARTS = re.compile(
    r"(?P<level>[ ]{0,3}\#{1,6}[ \t]+)(?P<signs>[^\w`\"'(\[<*_]*)(?P<said>.*?)"
    r"(?P<status>[ \t]*(?:[-–—][ \t]*)?[✅⏳🔄🚧🔍📋🚫❌⛔]\ufe0f?[ *_]*[A-Za-z -]*(?:\([^)]*\))?[ *_]*)?$",
    re.X,
)


def merge_heading(base: str | None, ours: str, theirs: str) -> Decision | None:
    """The merged line: one side may tick a task that the other renames. None is a disagreement."""
    decided = merge_text(base, ours, theirs)
    found = [_PARTS.match(line) if line else None for line in (base, ours, theirs)]
    if decided is not None or None in found:
        return decided
    parts = [match.groupdict(default="") for match in found if match]
    said = merge_text(*(part["said"].strip() for part in parts))
    status = merge_value("status", *(part["status"].strip() for part in parts))
    level, signs = (three_way(*(part[name] for part in parts)) for name in ("level", "signs"))
    if said is None or status is None or level is None or signs is None:
        return None
    line = f"{level}{signs}{said.value} {status.value}".rstrip()
    return Decision(line, "both changed other parts of it")
