"""Which of the faults in a log is the cause: weight, and what became of it.

A signature's weight says how much its line tells about a cause (a refused connection to the database tells
more than the failed health check that follows from it). Each doubt takes a part of it, so that a cause that
was lived with (84 * 0.35) yields to the crash that was not (40), and still beats a symptom (20).
"""

from collections.abc import Iterable

from afterpush.deploy.explain.fingerprint import Fingerprint
from afterpush.deploy.explain.recovered_errors import Course, Hit
from afterpush.deploy.explain.signatures import Level, Signature

WARNED = 0.4  # The line itself says that it is mild: a warning, another try, "disabled".
LIVED_WITH = 0.35  # The process went on, or a later success of the same stream settled it.
OF_A_TEST = 0.35  # Printed by tests whose own summary says what failed.
LATER_STEP = 0.5  # A step before it had failed already.
IN_LAST_GOOD_LOG = 0.5
LEAST_TRUST = 0.3


def trust(hit: Hit, passing: Fingerprint | None = None) -> float:
    """How much of a hit's weight counts, 0 to 1."""
    if hit.settled and hit.settled.level >= Level.TOOL:
        return 0.0
    share = WARNED if hit.doubtful else 1.0
    if hit.signature.tolerable:
        if hit.settled or hit.went_on:
            share *= LIVED_WITH
        if hit.among_tests:
            share *= OF_A_TEST
    if hit.is_later:
        share *= LATER_STEP
    if passing and hit.digest in passing:
        share *= IN_LAST_GOOD_LOG
    return share


def score(hit: Hit, passing: Fingerprint | None = None) -> float:
    """How much a hit says about the cause."""
    return float(hit.signature.weight * trust(hit, passing))


def choose(
    hits: Iterable[Hit], course: Course, passing: Fingerprint | None, *, failed: bool = False
) -> Hit | None:
    """The hit that says most about the cause, of equals the earliest; None when none is sure enough.

    Without a sign that anything failed (`failed`: the platform says so; a bad ending in the log), only what
    the log ends with counts.
    """
    certain = failed or bool(course.unsettled())
    last, first = _ends_of_each_kind(hits)
    known = [hit for hit in last.values() if trust(hit, passing) >= LEAST_TRUST]
    if not certain:
        known = [hit for hit in known if not (hit.went_on or hit.settled or hit.doubtful)]
    best = max(known, key=lambda hit: (score(hit, passing), -first[_kind(hit)].number), default=None)
    return first[_kind(best)] if best else None


_Kind = tuple[Signature, str, bytes]


def _kind(hit: Hit) -> _Kind:
    return hit.signature, hit.stream, hit.digest


def _ends_of_each_kind(hits: Iterable[Hit]) -> tuple[dict[_Kind, Hit], dict[_Kind, Hit]]:
    """Of a fault that comes back, the last time (it tells whether the process lives with it) and the first
    (the root)."""
    last: dict[_Kind, Hit] = {}
    first: dict[_Kind, Hit] = {}
    for hit in hits:
        last[_kind(hit)] = hit
        known = first.get(_kind(hit))
        if known is None or (known.settled and not hit.settled):
            first[_kind(hit)] = hit
    return last, first


def confidence(hit: Hit, passing: Fingerprint | None = None) -> float:
    """How sure the answer is, 0 to 1: what the line tells, and whether its process is seen to end for it."""
    ended = 0.25 if hit.sealed and not hit.went_on else 0.1
    told = min(hit.signature.weight, 80) / 80 * 0.65
    return round(min(0.95, (told + ended) * float(max(trust(hit, passing), 0.2) ** 0.5)), 2)
