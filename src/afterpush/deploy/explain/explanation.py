"""The answer: which kind of failure a log shows, its root line, what it means and what to do."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.deploy.explain.answer import NOTHING_KNOWN, Explanation, Known
from afterpush.deploy.explain.commands import Failed, failed_command
from afterpush.deploy.explain.line_prefix import read_line
from afterpush.deploy.explain.lines import Excerpt
from afterpush.deploy.explain.log_redaction import WELL_KNOWN, redact_log
from afterpush.deploy.explain.ranking import choose, confidence, score, trust
from afterpush.deploy.explain.recovered_errors import Hit, without_numbers
from afterpush.deploy.explain.scan import Fault, Findings, scan
from afterpush.deploy.explain.signature_files import TEAM_FILE
from afterpush.deploy.explain.signatures import UNKNOWN, Code, Extended, Failures
from afterpush.digitalocean.steps import Reason
from afterpush.infra.errors import AfterpushError
from afterpush.infra.invocation import command
from afterpush.infra.time_limit import time_limit

TOLD_FAULTS = 8
TEAM_SECONDS = 10.0
"""Of computing. Our own expressions take 3 for 50 MB of log; a team's file may hold `(a+)+$`."""
_CONFIDENCE_IN_CODES = 0.9
_CHUNK_BYTES = 1 << 20
_PLACE = re.compile(r"\{([a-z]\w*)\}")


def explain(
    pieces: Iterable[bytes],
    failures: Failures,
    known: Known = NOTHING_KNOWN,
    redact: Callable[[str], str] = WELL_KNOWN,
) -> Explanation:
    """The explanation of a log that comes in pieces.

    Raises AfterpushError when the expressions of a team's file take too long over it.
    """
    if not isinstance(failures, Extended):
        return _explained(pieces, failures, known, redact)
    with time_limit(TEAM_SECONDS, f"explaining a log with {TEAM_FILE}"):
        return _explained(pieces, failures, known, redact)


def _explained(
    pieces: Iterable[bytes], failures: Failures, known: Known, redact: Callable[[str], str]
) -> Explanation:
    findings = scan(pieces, failures)
    reason, hits = known.reason, list(findings.hits)
    if reason:
        hits += scan([f"{reason.as_line()}\n".encode()], failures).hits
    best = choose(hits, findings.course, known.passing, failed=known.failed or reason is not None)
    told = _Teller(findings, failures, known, hits)
    coded = failures.meaning_of(reason) if reason else None
    says_more = best is not None and best in findings.hits
    if reason and coded and (coded.decisive or not says_more):
        found = told.code(coded, reason)
    else:
        found = told.cause(best) if best else told.nothing()
    component = (reason.component if reason else "") or found.component
    return replace(
        found.redacted(lambda text: redact_log(text, redact)),
        component=component or None,
        step=(reason.step if reason else "") or found.step,
        commit=known.commit,
    )


def explain_files(
    paths: Iterable[Path],
    failures: Failures,
    known: Known = NOTHING_KNOWN,
    redact: Callable[[str], str] = WELL_KNOWN,
) -> Explanation:
    """The explanation of log files, one after another. Raises AfterpushError when one cannot be read."""
    return explain(read_files(paths), failures, known, redact)


def read_files(paths: Iterable[Path]) -> Iterator[bytes]:
    """The bytes of files, each ended by a newline. Raises AfterpushError."""
    for path in paths:
        try:
            with path.open("rb") as file:
                yield from iter(lambda: file.read(_CHUNK_BYTES), b"")
        except OSError as error:
            raise AfterpushError(f"explaining a log: cannot read {path}: {error.strerror}") from error
        yield b"\n"


def guide_command(category: str) -> str:
    """The command that prints the guide to a category."""
    return command(f"deploy.explain --guide={category}")


def nothing_failed(title: str, **more: Any) -> Explanation:
    """The answer where there is nothing to explain."""
    guide = guide_command(UNKNOWN)
    return Explanation(category=None, title=title, hint="Nothing to do.", guide=guide, **more)


@dataclass(frozen=True)
class _Teller:
    """Puts what was found into words."""

    findings: Findings
    failures: Failures
    known: Known
    hits: list[Hit]

    def cause(self, best: Hit) -> Explanation:
        signature = best.signature
        failed = Failed()
        if signature.wraps and best in self.findings.hits:
            failed = failed_command(best, self.findings, self.failures.commands)
        excerpt = failed.root or best.excerpt
        name = failed.category or signature.category
        category = self.failures.categories[name]
        seen = sorted(
            (hit for hit in self.hits if trust(hit, self.known.passing) > 0.0),
            key=lambda hit: score(hit, self.known.passing),
            reverse=True,
        )
        others = dict.fromkeys(hit.signature.category for hit in seen)
        others.pop(name, None)
        groups = without_numbers(best.groups)
        return Explanation(
            category=name,
            title=_filled(signature.title, groups) or failed.title(category.title),
            excerpt=excerpt.lines,
            line=excerpt.line,
            line_number=excerpt.number if best in self.findings.hits else None,
            hint=_filled(signature.hint, groups) or category.hint,
            guide=guide_command(name),
            component=_component(best.stream),
            evidence=tuple(self._evidence(best, excerpt)),
            confidence=confidence(best, self.known.passing),
            signature=signature.id,
            symptoms=tuple(others),
        )

    def code(self, coded: Code, reason: Reason) -> Explanation:
        """What the platform's own code means."""
        line = reason.as_line()
        seen = dict.fromkeys(hit.signature.category for hit in self.hits)
        seen.pop(coded.category, None)
        return Explanation(
            category=coded.category,
            title=coded.title,
            excerpt=(line,),
            line=line,
            hint=coded.hint,
            guide=guide_command(coded.category),
            evidence=(f"the platform: {line}",),
            confidence=_CONFIDENCE_IN_CODES if coded.decisive else _CONFIDENCE_IN_CODES / 2,
            symptoms=tuple(seen),
        )

    def nothing(self) -> Explanation:
        """No signature is sure enough: nothing failed, or what looks most like a new fault is shown."""
        reason = self.known.reason
        said = reason.as_line() if reason else ""
        if not said and not self.known.failed and self._ended_well():
            return self._nothing_failed()
        faults = self._new_faults()
        root = min(faults, key=lambda fault: fault.kind, default=None)
        last = self.findings.last_lines
        excerpt = _told(faults, root) or (*last, *([said] if said else []))
        line = root.excerpt.line if root else excerpt[-1] if excerpt else ""
        category = self.failures.categories[UNKNOWN]
        return Explanation(
            category=UNKNOWN,
            title=category.title if last or said else "The log is empty.",
            excerpt=excerpt,
            line=line,
            line_number=root.excerpt.number if root else None,
            hint=category.hint,
            guide=guide_command(UNKNOWN),
            evidence=tuple(self._endings()),
        )

    def _nothing_failed(self) -> Explanation:
        last = self.findings.course.last_success
        return nothing_failed(
            "Nothing in this log failed.",
            excerpt=self.findings.last_lines,
            line=self.findings.last_lines[-1],
            evidence=(f"line {last.number}: {last.text}",) if last else (),
            confidence=0.9,
        )

    def _ended_well(self) -> bool:
        course = self.findings.course
        return course.last_success is not None and not course.unsettled() and not self.findings.faults

    def _new_faults(self) -> list[Fault]:
        """The lines that look like faults, without those of the last good log where others are left."""
        passing = self.known.passing or frozenset()
        new = [fault for fault in self.findings.faults if fault.digest not in passing]
        return new or self.findings.faults

    def _evidence(self, best: Hit, root: Excerpt) -> Iterator[str]:
        """What the answer rests on: the root line, how its process ended, what the platform says."""
        if best in self.findings.hits:
            yield f"line {root.number}: {read_line(root.line).text.strip()}"
        if best.sealed:
            yield f"line {best.sealed.number}: {best.sealed.text.strip()}"
        else:
            yield from self._endings()
        if self.known.reason:
            yield f"the platform: {self.known.reason.as_line()}"
        if self.known.passing and best.digest not in self.known.passing:
            yield "the root line is not in the last good log"

    def _endings(self) -> list[str]:
        ends = self.findings.course.unsettled()
        return [f"line {end.number}: {end.text.strip()}" for end in ends[-1:]]


def _component(stream: str) -> str | None:
    """The component of a stream; a step of a builder is none."""
    name = stream.split("/")[0]
    return name if name and not name.startswith(("#", "Step")) else None


def _filled(text: str | None, groups: Mapping[str, str]) -> str | None:
    """A text with the groups in their places; None when one is missing."""
    if text is None or any(name not in groups for name in _PLACE.findall(text)):
        return None
    return _PLACE.sub(lambda place: groups[place[1]], text)


def _told(faults: list[Fault], root: Fault | None) -> tuple[str, ...]:
    """The root line with its neighbours, then the other lines that look like faults, in order."""
    if root is None:
        return ()
    shown = list(root.excerpt.lines)
    others = [fault.excerpt.line for fault in faults if fault.excerpt.line not in shown]
    return (*shown, *dict.fromkeys(others[:TOLD_FAULTS]))
