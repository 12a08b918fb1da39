"""Searching a log of any length for all signatures at once, in bounded memory.

The words that the signatures need are looked for in every line, the signatures' expressions only where
one of their words stands, and no more than a few hits of each signature are kept. An expression that has
failed on thousands of lines is given up until the last lines of the log.
"""

import re
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from afterpush.deploy.explain.lines import AFTER, BEFORE, Window, body, shown, windows
from afterpush.deploy.explain.sieve import Sieve, shape
from afterpush.deploy.explain.signatures import Branch, Failures, Pattern, Settlement, Signature

KEPT_PER_SIGNATURE = 3
KEPT_FAULTS_OF_A_KIND = 10
MOST_VAIN_TRIES = 2000
END_BYTES = 1 << 18
Candidate = tuple[Pattern, Branch]
_LONG_LINE, _PIECE, _OVERLAP = 4096, 2048, 200


@dataclass(frozen=True)
class Excerpt:
    """A line with its neighbours, ready to be shown. `number` counts from 1."""

    number: int
    line: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A signature that was found."""

    signature: Signature
    excerpt: Excerpt
    groups: dict[str, str]
    doubtful: bool


@dataclass(frozen=True)
class Fault:
    """A line that looks like a fault without fitting a signature; `kind` 0 is the most telling."""

    kind: int
    excerpt: Excerpt


@dataclass
class Findings:
    """What a log showed: hits in its order, the lines that look like faults, the last lines."""

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
        self._sieve = _sieve(failures)
        self._signatures: dict[Pattern, Signature] = {entry.pattern: entry for entry in failures.signatures}
        self._witnesses: dict[Pattern, list[re.Match[str]]] = {
            entry.also: [] for entry in failures.signatures if entry.also
        }
        self._settlements: dict[Pattern, Settlement] = {
            entry.pattern: entry for entry in failures.settlements
        }
        self._hits: dict[Pattern, list[Hit]] = {}
        self._full: set[Pattern] = set()
        self._faults: list[list[Fault]] = [[] for _ in failures.faults]
        self._tail: deque[str] = deque(maxlen=8)
        self._vain_tries: Counter[Branch] = Counter()
        self._most_vain_tries = MOST_VAIN_TRIES

    def scan(self, pieces: Iterable[bytes]) -> Findings:
        last_windows: deque[Window] = deque(maxlen=2)
        for window in windows(pieces):
            last_windows.append(window)
            self._look_through(window)
            self._tail.extend(_non_empty(window.text[max(window.start, window.end - 4096) : window.end]))
        if any(tries >= MOST_VAIN_TRIES for tries in self._vain_tries.values()):
            self._vain_tries.clear()
            self._most_vain_tries = sys.maxsize
            for window in last_windows:
                self._look_through(window.last(END_BYTES))
        return Findings(
            hits=sorted(self._confirmed(), key=lambda hit: hit.excerpt.number),
            faults=sorted(chain(*self._faults), key=lambda fault: fault.excerpt.number),
            last_lines=tuple(self._tail),
        )

    def _look_through(self, window: Window) -> None:
        for line, candidates in _suspicious(window, self._sieve):
            self._look_at(line, candidates)

    def _look_at(self, line: "Line", candidates: tuple[Candidate, ...]) -> None:
        tries = [
            candidate
            for candidate in candidates
            if candidate[0] not in self._full and self._vain_tries[candidate[1]] < self._most_vain_tries
        ]
        if not tries:
            return
        said = body(line.text)
        lowered = said.lower()
        matched: dict[Pattern, re.Match[str]] = {}
        for pattern, branch in tries:
            if found := pattern.admitted(branch.search(said, lowered), said):
                matched.setdefault(pattern, found)
            else:
                self._vain_tries[branch] += 1
        if matched:
            self._take(matched, said, line)

    def _take(self, matched: dict[Pattern, re.Match[str]], said: str, line: "Line") -> None:
        benign = any(pattern.search(said) for pattern in self._failures.benign)
        kinds: list[int] = []
        for pattern, found in matched.items():
            if settlement := self._settlements.get(pattern):
                self._settle(settlement)
            elif (witnesses := self._witnesses.get(pattern)) is not None:
                witnesses.append(found)
                if len(witnesses) >= KEPT_PER_SIGNATURE:
                    self._full.add(pattern)
            elif benign:
                continue
            elif signature := self._signatures.get(pattern):
                self._note_hit(signature, found, said, line)
            elif pattern is not self._failures.success:
                kinds.append(self._failures.faults.index(pattern))
        if kinds:
            self._note_fault(min(kinds), line)
        elif self._failures.success in matched:
            for faults in self._faults:
                faults.clear()
            self._full.difference_update(self._failures.faults)

    def _settle(self, settlement: Settlement) -> None:
        for pattern in list(self._hits):
            if self._signatures[pattern].category in settlement.categories:
                del self._hits[pattern]
                self._full.discard(pattern)

    def _note_hit(self, signature: Signature, found: re.Match[str], said: str, line: "Line") -> None:
        if signature.followed_by and not any(map(signature.followed_by.search, map(body, line.after()))):
            return
        groups = {name: value for name, value in found.groupdict().items() if value}
        doubtful = bool(self._failures.doubtful.search(said))
        hits = self._hits.setdefault(signature.pattern, [])
        if all(hit.excerpt.number != line.number for hit in hits):
            hits.append(Hit(signature, line.excerpt(found.start()), groups, doubtful))
        if len(hits) >= KEPT_PER_SIGNATURE:
            self._full.add(signature.pattern)

    def _note_fault(self, kind: int, line: "Line") -> None:
        faults = self._faults[kind]
        if all(fault.excerpt.number != line.number for fault in faults):
            faults.append(Fault(kind, line.excerpt()))
        if len(faults) >= KEPT_FAULTS_OF_A_KIND:
            self._full.add(self._failures.faults[kind])

    def _confirmed(self) -> Iterator[Hit]:
        """The hits whose second line, where they need one, was seen too."""
        for hits in self._hits.values():
            for hit in hits:
                also, name = hit.signature.also, hit.signature.differs
                if also is None or any(_differ(hit, witness, name) for witness in self._witnesses[also]):
                    yield hit


def _differ(hit: Hit, witness: re.Match[str], name: str | None) -> bool:
    return name is None or hit.groups.get(name) != witness.groupdict().get(name)


@dataclass(frozen=True)
class Line:
    """A line of a window that is worth a closer look; `number` counts from 1."""

    window: Window
    number: int
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.window.text[self.start : self.end].decode("utf-8", "replace")

    def after(self) -> list[str]:
        """The next lines."""
        following = self.window.text[self.end + 1 : self.end + 1 + 4096].split(b"\n", AFTER)[:AFTER]
        return [line.decode("utf-8", "replace") for line in following]

    def excerpt(self, around: int = 0) -> Excerpt:
        text = self.window.text
        preceding = text[max(0, self.start - 4096) : self.start].split(b"\n")[-BEFORE - 1 : -1]
        before = [shown(line.decode("utf-8", "replace")) for line in preceding]
        own = shown(self.text, around)
        after = [shown(line) for line in self.after()]
        while before and not before[0].strip():
            before.pop(0)
        while after and not after[-1].strip():
            after.pop()
        return Excerpt(self.number, own, (*before, own, *after))


def _suspicious(window: Window, sieve: Sieve[Candidate]) -> Iterator[tuple[Line, tuple[Candidate, ...]]]:
    """The lines of a window that may match something, in order; a very long line in pieces."""
    start = window.start
    lines = shape(window.text[window.start : window.end]).split(b"\n")
    for number, line in enumerate(lines, window.first_line):
        size = len(line)
        if size <= _LONG_LINE:
            if candidates := sieve.keys_in(line):
                yield Line(window, number, start, start + size), candidates
        else:
            for at in range(0, size, _PIECE):
                first, end = max(0, at - _OVERLAP), min(size, at + _PIECE)
                if candidates := sieve.keys_in(line[first:end]):
                    yield Line(window, number, start + first, start + end), candidates
        start += size + 1


@lru_cache(maxsize=2)
def _sieve(failures: Failures) -> Sieve[Candidate]:
    return Sieve(
        ((pattern, branch), branch.words) for pattern in _all(failures) for branch in pattern.branches
    )


def _all(failures: Failures) -> Iterator[Pattern]:
    for signature in failures.signatures:
        yield signature.pattern
        if signature.also:
            yield signature.also
    yield from (settlement.pattern for settlement in failures.settlements)
    yield failures.success
    yield from failures.faults


def _non_empty(data: bytes) -> Iterator[str]:
    for line in data.split(b"\n")[-12:]:
        if line.strip():
            yield shown(line.decode("utf-8", "replace"))
