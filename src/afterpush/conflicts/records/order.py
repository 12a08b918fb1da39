"""The order of merged members, and the blanks before each in its new place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from afterpush.conflicts.document.align import chunks
from afterpush.conflicts.records.structure import Container, Entry


def merged_order(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The keys of a merged container: what both add at one place is in the order of the keys."""
    found: list[str] = []
    # What begins with a zero byte holds the place of many that are the same in all versions.
    known = [key for key in base if key[:1] != "\0"]
    # Two names may be in that order by chance, two numbers are not.
    least = 1 if any(re.search(r"\d", key) for key in known) else 2
    is_falling = len(known) > least and known == sorted(known, key=_natural, reverse=True)
    is_rising = known == sorted(known, key=_natural)
    for chunk in chunks(base, ours, theirs):
        if not chunk.is_open:
            found += chunk.merged
        elif is_rising or is_falling:
            found += sorted({*chunk.ours, *chunk.theirs}, key=_natural, reverse=is_falling)
        else:
            first, second = sorted((chunk.ours, chunk.theirs))
            found += first + second
    return list(dict.fromkeys(found))


def _natural(key: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", key)]


def with_leads(entries: Sequence[Entry], versions: Sequence[Container]) -> list[Entry]:
    """Entries that became the first, or are no longer the first, with the blanks of that place."""
    firsts = [one.entries[0].lead for one in versions if one.entries]
    later = [entry.lead for one in versions for entry in one.entries[1:]]
    found: list[Entry] = []
    for place, entry in enumerate(entries):
        lead = entry.lead
        if not place and lead not in firsts and firsts and not lead.strip():
            lead = firsts[0]
        elif place and lead in firsts and lead not in later and not lead.strip():
            lead = _blanks(later[0]) if later else (lead or " ")
        found.append(replace(entry, lead=lead))
    return found


def _blanks(lead: str) -> str:
    """The blanks of a lead without the comments in it."""
    return lead if not lead.strip() else re.sub(r"(?s).*\n", "", lead)


def lead_among(lead: str, side: Mapping[str, Entry], alive: Mapping[str, Entry]) -> str:
    """The blanks before an added entry, as its neighbours have them now."""
    merged = (alive[key].lead for key, entry in side.items() if entry.lead == lead and key in alive)
    return next((found for found in merged if found != lead), lead) if not lead.strip() else lead
