"""Searching a log of any length for all signatures at once, in bounded memory.

The texts that the signatures need are looked for in every line, the signatures' expressions only where one of
them is, and no more than a few hits of each signature are kept. A line whose like (but for digits) was
looked at a hundred times, and an expression that was tried on thousands of lines, are given up until the last
lines of the log.
"""

import re
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from afterpush.deploy.explain.fingerprint import line_digest
from afterpush.deploy.explain.line_prefix import Said, body, read_line
from afterpush.deploy.explain.lines import AFTER, LOOKAHEAD, Excerpt, Line, Window, shown, windows
from afterpush.deploy.explain.prefilter import MOST_SHAPES, Prefilter, suspicious_lines
from afterpush.deploy.explain.recovered_errors import Command, Course, Ending, Hit, went_on, without_numbers
from afterpush.deploy.explain.signatures import Expression, Failures, OutcomeRule, Pattern, Result, Signature

KEPT_PER_SIGNATURE = 6
KEPT_FAULTS_OF_A_KIND = 10
MOST_TRIES = 3000
MOST_LOOKS = 100
END_BYTES = 1 << 17
_TAIL = 11


@dataclass(frozen=True)
class Fault:
    """A line that looks like a fault without fitting a signature; `kind` 0 is the most telling."""

    kind: int
    stream: str
    excerpt: Excerpt
    digest: bytes


@dataclass
class Findings:
    """What a log showed: its course with the hits, the lines that look like faults, the last lines."""

    course: Course = field(default_factory=Course)
    hits: list[Hit] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    last_lines: tuple[str, ...] = ()


def scan(pieces: Iterable[bytes], failures: Failures) -> Findings:
    """What the log in `pieces` shows."""
    return Scanner(failures).scan(pieces)


class Scanner:
    """The state of one search."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._prefilter = _prefilter(failures)
        self._fault_kinds = {pattern: kind for kind, pattern in enumerate(failures.faults)}
        self._witnesses: dict[Pattern, list[re.Match[str]]] = {
            pattern: [] for entry in failures.signatures for pattern in (entry.also, entry.against) if pattern
        }
        self._course = Course()
        self._seen: set[tuple[str, int]] = set()
        self._kept: Counter[Pattern] = Counter()
        self._faults: list[deque[Fault]] = [deque(maxlen=KEPT_FAULTS_OF_A_KIND) for _ in failures.faults]
        self._tail: deque[str] = deque(maxlen=8)
        self._tries: Counter[Pattern] = Counter()
        self._looks: Counter[bytes] = Counter()
        self._most_tries, self._most_looks = MOST_TRIES, MOST_LOOKS
        self._gave_up = False

    def scan(self, pieces: Iterable[bytes]) -> Findings:
        last_windows: deque[Window] = deque(maxlen=2)
        for window in windows(pieces):
            last_windows.append(window)
            self._look_through(window)
            lately = window.lines[window.start : window.end][-_TAIL:]
            self._tail.extend(shown(line.decode("utf-8", "replace")) for line in lately if line.strip())
        if self._gave_up:
            self._most_tries = self._most_looks = sys.maxsize
            for window in last_windows:
                self._look_through(window.last(END_BYTES))
        self._course.finish()
        return Findings(
            course=self._course,
            hits=sorted(filter(self._is_confirmed, self._course.hits), key=lambda hit: hit.number),
            faults=sorted(chain(*self._faults), key=lambda fault: fault.excerpt.number),
            last_lines=tuple(self._tail),
        )

    def _look_through(self, window: Window) -> None:
        for line, kind, patterns in suspicious_lines(window, self._prefilter):
            if self._looks[kind] >= self._most_looks:
                continue
            self._looks[kind] += 1
            tries = [pattern for pattern in patterns if self._tries[pattern] < self._most_tries]
            if tries:
                self._look_at(line, tries)
            self._gave_up |= self._looks[kind] == MOST_LOOKS or len(tries) < len(patterns)
        if len(self._looks) > MOST_SHAPES:
            self._looks.clear()

    def _look_at(self, line: Line, patterns: list[Pattern]) -> None:
        said = read_line(line.text)
        matched: list[tuple[Pattern, re.Match[str]]] = []
        for pattern in patterns:
            self._tries[pattern] += 1
            if found := pattern.search(said.text):
                matched.append((pattern, found))
        if matched:
            self._take(matched, said, line)

    def _take(self, matched: list[tuple[Pattern, re.Match[str]]], said: Said, line: Line) -> None:
        harmless = bool(self._failures.benign.search(said.text))
        outcomes: list[OutcomeRule] = []
        kinds: list[int] = []
        for pattern, found in matched:
            if isinstance(pattern, OutcomeRule):
                outcomes.append(pattern)
            elif (witnesses := self._witnesses.get(pattern)) is not None:
                if len(witnesses) < KEPT_PER_SIGNATURE:
                    witnesses.append(found)
            elif harmless:
                continue
            elif isinstance(pattern, Signature):
                self._note_hit(pattern, found, said, line)
            else:
                kinds.append(self._fault_kinds[pattern])
        if kinds:
            self._note_fault(min(kinds), said, line)
        if outcomes:
            self._note_outcome(max(outcomes, key=_gravity), said, line)

    def _note_outcome(self, rule: OutcomeRule, said: Said, line: Line) -> None:
        result, level = rule.speaks_of
        ending = Ending(level, line.number, shown(said.text))
        if result is Result.START:
            self._course.start(Command(line.number, said.stream, shown(said.text)))
            return
        if result is Result.FAILURE:
            if not self._is_mild(said):  # "attempt 1 failed, retrying" ends nothing.
                self._course.fail(said.stream, ending)
            return
        self._course.succeed(said.stream, ending)
        if not any(fault.excerpt.number == line.number for fault in chain(*self._faults)):
            for faults in self._faults:
                faults.clear()

    def _note_hit(self, signature: Signature, found: re.Match[str], said: Said, line: Line) -> None:
        key = (signature.id, line.number)
        if key in self._seen or not _is_followed(line, signature.followed_by):
            return
        self._seen.add(key)
        self._make_room(signature)
        groups = {name: value for name, value in found.groupdict().items() if value}
        ahead = ((next_.stream, next_.text) for next_ in map(read_line, line.after(LOOKAHEAD)))
        root = self._root_line(signature, said, line)
        self._course.meet(
            Hit(
                signature=signature,
                excerpt=root.excerpt(found.start() if root is line else 0),
                stream=said.stream,
                said=said.text,
                groups=groups,
                doubtful=self._is_mild(said),
                went_on=went_on(ahead, said.stream, self._failures),
                digest=line_digest(said.text if root is line else read_line(root.text).text),
            )
        )

    def _root_line(self, signature: Signature, said: Said, line: Line) -> Line:
        """The line itself, or the one below it that tells more: the signature's `root`; of a heading, which
        ends with a colon, the first of the next lines that looks like a fault."""
        looks: Callable[[str], object] = signature.root.search if signature.root else self._looks_like_a_fault
        is_heading = signature.root or said.text.rstrip().endswith(":")
        below = line.below(LOOKAHEAD if signature.root else AFTER) if is_heading else ()
        return next((one for one in below if looks(read_line(one.text).text)), line)

    def _looks_like_a_fault(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._fault_kinds)

    def _is_mild(self, said: Said) -> bool:
        return said.level in _MILD or bool(self._failures.doubtful.search(said.text))

    def _make_room(self, signature: Signature) -> None:
        """Of a signature the first three hits and the latest three are kept."""
        self._kept[signature] += 1
        if self._kept[signature] > KEPT_PER_SIGNATURE:
            own = [hit for hit in self._course.hits if hit.signature is signature]
            self._course.hits.remove(own[KEPT_PER_SIGNATURE // 2])

    def _note_fault(self, kind: int, said: Said, line: Line) -> None:
        faults = self._faults[kind]
        if all(fault.excerpt.number != line.number for fault in faults):
            faults.append(Fault(kind, said.stream, line.excerpt(), line_digest(said.text)))

    def _is_confirmed(self, hit: Hit) -> bool:
        """Whether what the hit needs elsewhere in the log was seen, and nothing that speaks against it."""
        also, against, name = hit.signature.also, hit.signature.against, hit.signature.differs
        if against and self._witnesses[against]:
            return False
        return also is None or any(_differ(hit, witness, name) for witness in self._witnesses[also])


def _gravity(rule: OutcomeRule) -> tuple[bool, bool, int]:
    """Of two outcomes in one line the failure counts, then the higher."""
    result, level = rule.speaks_of
    return result is Result.FAILURE, result is Result.SUCCESS, level


_MILD = frozenset({"warn", "warning", "notice", "debug", "trace"})


def _is_followed(line: Line, by: Expression | None) -> bool:
    return by is None or any(by.search(body(text)) for text in line.after(AFTER))


def _differ(hit: Hit, witness: re.Match[str], name: str | None) -> bool:
    """Whether both name the thing that must differ, and do. Without such a thing any witness will do."""
    if name is None:
        return True
    own, other = (without_numbers(groups).get(name) for groups in (hit.groups, witness.groupdict()))
    return own is not None and other is not None and own != other


@lru_cache(maxsize=2)
def _prefilter(failures: Failures) -> Prefilter[Pattern]:
    beside = (entry for one in failures.signatures for entry in (one.also, one.against) if entry)
    every = chain(failures.signatures, beside, failures.outcomes, failures.faults)
    return Prefilter((pattern, pattern.needs) for pattern in every)
