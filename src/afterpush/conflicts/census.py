"""What can be counted in a document, and which of that a number in it speaks of."""

import re
from collections import Counter

from afterpush.conflicts.counters import FRACTION, Part
from afterpush.roadmap.blocks import BlockKind
from afterpush.roadmap.items import read_items
from afterpush.roadmap.outline import Section
from afterpush.roadmap.sessions import sessions_in
from afterpush.roadmap.status import Status
from afterpush.roadmap.tasks import Task, combined, tasks_in

# By unit (tasks, sessions, items) and meaning (all, open, or a status).
Census = Counter[tuple[str, str]]
UNITS = ("tasks", "sessions", "items")
# What a word beside a number counts; the first that is found decides.
_MEANINGS = (
    ("complete", re.compile(r"complet|done|fixed|resolved|closed|finished|✅", re.I)),
    ("cancelled", re.compile(r"removed|cancel|deferred|skipped", re.I)),
    ("blocked", re.compile(r"blocked", re.I)),
    ("in-progress", re.compile(r"in[ -]?progress|active|working", re.I)),
    ("review", re.compile(r"review", re.I)),
    ("ready", re.compile(r"ready|not started|to ?do|planned", re.I)),
    ("open", re.compile(r"open|remaining|pending|left|outstanding|unresolved", re.I)),
)


def census_of(section: Section) -> Census:
    """Everything that can be counted in a section and below."""
    census: Census = Counter()

    def count(unit: str, status: Status) -> None:
        census[unit, "all"] += 1
        census[unit, status.value] += 1
        if not status.is_done:
            census[unit, "open"] += 1

    by_id: dict[str, list[Task]] = {}
    for task in tasks_in(section):
        by_id.setdefault(task.id, []).append(task)
    for tasks in by_id.values():
        count("tasks", combined(tasks).status)
    for session in sessions_in(section):
        count("sessions", Status.COMPLETE if session.is_over else Status.IN_PROGRESS)
    for below in section.walk():
        for block in below.body:
            if block.kind is BlockKind.LIST:
                for item in read_items(block.lines):
                    count("items", Status.COMPLETE if item.checkbox in ("x", "X") else Status.READY)
    return census


def meaning_in(line: str, part: Part) -> str:
    """What a number in a line counts: by the words after it, else by those before it."""
    whole = FRACTION.match(line, part.start + len(part.text))
    after = re.split(
        r"[,;.+|()/]", line[whole.end() if whole else part.start + len(part.text) :], maxsplit=1
    )[0]
    before = re.split(r"[,;.+|()]", line[: part.start])[-1]
    says_after = meaning_of(after) != "all" or re.search(r"[a-z]", after)
    meaning = meaning_of(after if says_after else before)
    # "Progress: 3/8 tasks" counts what is done.
    return "complete" if whole and meaning == "all" else meaning


def meaning_of(words: str) -> str:
    """What the name of a column or a key counts."""
    if re.search(r"\btotal\b|\ball\b", words, re.I):
        return "all"
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(words)), "all")
