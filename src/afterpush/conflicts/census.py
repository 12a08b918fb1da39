"""What can be counted in a document, and which of that a number in it speaks of."""

import re
from collections import Counter
from dataclasses import dataclass

from afterpush.conflicts.counters import FRACTION, Part
from afterpush.roadmap.blocks import BlockKind, Lines
from afterpush.roadmap.items import read_items
from afterpush.roadmap.outline import Section
from afterpush.roadmap.sessions import Session, sessions_in
from afterpush.roadmap.status import Status
from afterpush.roadmap.task import Task, combined
from afterpush.roadmap.tasks import section_tasks

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


@dataclass(frozen=True)
class Own:
    """What stands in one section alone, without those below it."""

    tasks: tuple[Task, ...]
    sessions: tuple[Session, ...]
    ticked: int
    items: int


class Reader:
    """Counts sections; those that several versions of a document share are read once."""

    def __init__(self) -> None:
        self._known: dict[Lines, Own] = {}

    def census(self, section: Section) -> Census:
        """Everything that can be counted in a section and below."""
        census: Census = Counter()
        tasks: dict[str, list[Task]] = {}
        for below in section.walk():
            own = self._own(below)
            for task in own.tasks:
                tasks.setdefault(task.id, []).append(task)
            for session in own.sessions:
                _count(census, "sessions", Status.COMPLETE if session.is_over else Status.IN_PROGRESS)
            _count(census, "items", Status.COMPLETE, own.ticked)
            _count(census, "items", Status.READY, own.items - own.ticked)
        for some in tasks.values():
            _count(census, "tasks", some[0].status if len(some) == 1 else combined(some).status)
        return census

    def _own(self, section: Section) -> Own:
        known = self._known.get(section.own_lines)
        if known is None:
            known = self._known[section.own_lines] = _read(Section((), section.heading, section.body))
        return known


def _read(section: Section) -> Own:
    lists = [block for block in section.body if block.kind is BlockKind.LIST]
    items = [item for block in lists for item in read_items(block.lines)]
    return Own(
        tuple(section_tasks(section)),
        tuple(sessions_in(section)),
        sum(item.checkbox in ("x", "X") for item in items),
        len(items),
    )


def _count(census: Census, unit: str, status: Status, number: int = 1) -> None:
    census[unit, "all"] += number
    census[unit, status.value] += number
    if not status.is_done:
        census[unit, "open"] += number


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
