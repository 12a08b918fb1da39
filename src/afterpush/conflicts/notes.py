"""Notes behind a line, such as `(Session: X)` or `[Files: a.ts]`: merged by their key."""

import re

from afterpush.conflicts.values import Decision, merge_text, merge_value

_NOTE = re.compile(r"[ \t]*([(\[])([A-Z][A-Za-z ]{1,24}):[ \t]*([^()\[\]]*)[)\]]")
_ENDS = {"(": ")", "[": "]"}
# By bracket and key.
Notes = dict[tuple[str, str], str]


def merge_noted(base: str | None, ours: str, theirs: str) -> Decision | None:
    """A line with notes behind what it says; None for a disagreement."""
    decided = merge_text(base, ours, theirs)
    if decided is not None or not (_NOTE.search(ours) or _NOTE.search(theirs)):
        return decided
    texts = [_NOTE.sub("", text) if text is not None else None for text in (base, ours, theirs)]
    rest = merge_text(texts[0], str(texts[1]), str(texts[2]))
    notes = _merged_notes(_notes(base or ""), _notes(ours), _notes(theirs))
    if rest is None or notes is None:
        return None
    first = min(found.start() for text in (ours, theirs) if (found := _NOTE.search(text)))
    place = first if ours[:first] == theirs[:first] == rest.value[:first] else len(rest.value)
    said = "".join(f" {begin}{key}: {value}{_ENDS[begin]}" for (begin, key), value in notes.items())
    return Decision(rest.value[:place] + said + rest.value[place:], "notes by their key")


def _notes(text: str) -> Notes:
    return {(begin, key): value for begin, key, value in _NOTE.findall(text)}


def _merged_notes(base: Notes, ours: Notes, theirs: Notes) -> Notes | None:
    """Three-way by key, in the order of the base and then of the keys; None for a disagreement."""
    merged: Notes = {}
    for key in dict.fromkeys([*base, *sorted({*ours, *theirs})]):
        before, mine, yours = base.get(key), ours.get(key), theirs.get(key)
        if mine is None or yours is None:
            kept = yours if mine is None else mine
            if before is None and kept is not None:
                merged[key] = kept
            elif kept is not None and kept != before:
                return None
            continue
        decision = merge_value(key[1].lower(), before, mine, yours)
        if decision is None:
            return None
        merged[key] = decision.value
    return merged
