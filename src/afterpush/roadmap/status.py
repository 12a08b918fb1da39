"""What a status says, whatever words, emoji and dates a team writes it with."""

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


class Status(Enum):
    """The states of a task; `rank` orders those that work passes through."""

    UNKNOWN = "unknown"
    READY = "ready"
    IN_PROGRESS = "in-progress"
    REVIEW = "review"
    COMPLETE = "complete"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def rank(self) -> int | None:
        """The place on the way from ready to complete; None beside the way (blocked, cancelled, unknown)."""
        return _RANKS.get(self)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do: complete or cancelled."""
        return self in (Status.COMPLETE, Status.CANCELLED)


def are_opposed(before: Status, one: Status, other: Status) -> bool:
    """Whether one went forward from `before` on the way of work, and the other back."""
    ranks = (before.rank, one.rank, other.rank)
    if None in ranks:
        return False
    start, *ends = (rank or 0 for rank in ranks)
    return min(ends) < start < max(ends)


_RANKS = {Status.READY: 0, Status.IN_PROGRESS: 1, Status.REVIEW: 2, Status.COMPLETE: 3}

# In this order: "not started" before "started", "incomplete" before "complete".
_WORDS: tuple[tuple[Status, str], ...] = (
    (
        Status.READY,
        r"not[ _-]?(?:yet[ _-])?(?:started|begun|done|complete[d]?)|in-?complete|unstarted|todo|to[ _-]do|"
        r"ready(?![ _-]for[ _-]review)|open|planned|pending|backlog|queued|new|proposed|re-?opened|draft|"
        r"unassigned",
    ),
    (Status.BLOCKED, r"blocked|waiting|on[ _-]hold|paused|stalled|halted"),
    (
        Status.REVIEW,
        r"(?:in|under|needs|awaiting|ready[ _-]for)[ _-](?:code[ _-])?(?:review|qa)|review(?:ing)?|"
        r"(?:in|under)[ _-]test(?:ing)?|testing",
    ),
    (
        Status.CANCELLED,
        r"cancel+ed|removed|deprecated|reverted|skipped|deferred|obsolete|dropped|abandoned|duplicate|"
        r"superseded|won'?t[ _-](?:fix|do)|wontfix|rejected|out[ _-]of[ _-]scope|postponed|by[ _-]design|n/a",
    ),
    (
        Status.IN_PROGRESS,
        r"in[ _-]?progress|wip|started|working|doing|active|ongoing|underway|investigating|implementing|"
        r"partial(?:ly)?(?:[ _-](?:complete|done))?|claimed",
    ),
    (
        Status.COMPLETE,
        r"complete[d]?|done|fixed|resolved|verified|closed|finished|shipped|deployed|live|merged|implemented|"
        r"archived|passed|released",
    ),
)
_SIGNS = (
    (Status.COMPLETE, "✅✔☑🎉"),
    (Status.IN_PROGRESS, "⏳🔄🚧🏗🔍"),
    (Status.REVIEW, "👀"),
    (Status.READY, "📋⬜🆕"),
    (Status.BLOCKED, "🚫⛔⏸"),
    (Status.CANCELLED, "❌⊘"),
)
_EMOJI = {sign: status for status, signs in _SIGNS for sign in signs}
_WORD = re.compile("|".join(rf"(?P<{status.name}>{words})" for status, words in _WORDS), re.I)
_LEAD = re.compile(r"[^A-Za-z0-9]*")
_CHECKBOX = {" ": Status.READY, "~": Status.IN_PROGRESS, "/": Status.IN_PROGRESS, "x": Status.COMPLETE,
             "X": Status.COMPLETE, "-": Status.CANCELLED}  # fmt: skip


class StatusText(NamedTuple):
    """A status with its place in the text: `words` are the characters that say it."""

    status: Status
    start: int
    end: int


@lru_cache(maxsize=4096)
def find_status(text: str) -> StatusText:
    """The status that a cell or a value begins with; emoji alone decide where no word does.

    A word that does not begin the text counts only right after emoji, emphasis or "Status:".
    """
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    if text[start : start + 7].lower() == "status:":
        start += 7 + len(text[start + 7 :]) - len(text[start + 7 :].lstrip(" *_`"))
    found = _WORD.match(text, start)
    if found and not text[found.end() : found.end() + 1].isalnum():
        return StatusText(Status[str(found.lastgroup)], found.start(), found.end())
    for place, character in enumerate(text[:start]):
        if character in _EMOJI:
            return StatusText(_EMOJI[character], place, place + 1)
    return StatusText(Status.UNKNOWN, 0, 0)


def read_status(text: str) -> Status:
    """The status that a text says, such as `✅ COMPLETE (Jan 12, 2026)`; UNKNOWN when it says none."""
    return find_status(text.strip()).status


def checkbox_status(mark: str) -> Status:
    """The status of a checkbox by the character in it."""
    return _CHECKBOX.get(mark, Status.UNKNOWN)
