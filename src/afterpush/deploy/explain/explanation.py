"""The answer: which kind of failure a log shows, its root line, what it means and what to do."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.deploy.explain.redaction import WELL_KNOWN, redact_log
from afterpush.deploy.explain.scan import Fault, Findings, Hit, scan
from afterpush.deploy.explain.signatures import UNKNOWN, Failures
from afterpush.infra.errors import AfterpushError

GUIDE = "docs/DEPLOYMENT_FAILURE_GUIDE.md"
DOUBT = 25
TOLD_FAULTS = 8
_CHUNK_BYTES = 1 << 20
_PLACE = re.compile(r"\{([a-z]\w*)\}")


@dataclass(frozen=True)
class Reason:
    """What the platform itself says about a failed step."""

    code: str
    message: str = ""
    component: str = ""

    def as_line(self) -> str:
        """The reason as a line of a log, where its signatures find it."""
        return f"{self.component}: {self.code}: {self.message}".strip(": ")


@dataclass(frozen=True)
class Explanation:
    """Why a deployment failed, as far as its log tells.

    `line` is the root line and stands in `excerpt`; `line_number` counts from 1 (None: it is the
    platform's reason, not a line of the log). `symptoms` are the other categories that were seen.
    """

    category: str
    title: str
    excerpt: tuple[str, ...]
    line: str
    line_number: int | None
    hint: str
    guide: str
    signature: str | None = None
    symptoms: tuple[str, ...] = ()


def explain(
    pieces: Iterable[bytes],
    failures: Failures,
    *,
    reason: Reason | None = None,
    redact: Callable[[str], str] = WELL_KNOWN,
) -> Explanation:
    """The explanation of a log that comes in pieces; `reason` is the platform's own, if it gave one."""
    findings = scan(pieces, failures)
    hits = list(findings.hits)
    if reason:
        said = scan([f"{reason.as_line()}\n".encode()], failures)
        hits += said.hits
    best = best_hit(hits)
    if best is None:
        return _unknown(findings, failures, reason, redact)
    number = None if best not in findings.hits else best.excerpt.number
    return _explained(best, hits, number, failures, redact)


def explain_files(
    paths: Iterable[Path],
    failures: Failures,
    *,
    reason: Reason | None = None,
    redact: Callable[[str], str] = WELL_KNOWN,
) -> Explanation:
    """The explanation of log files, one after another. Raises AfterpushError when one cannot be read."""
    return explain(read_files(paths), failures, reason=reason, redact=redact)


def read_files(paths: Iterable[Path]) -> Iterator[bytes]:
    """The bytes of files, each ended by a newline. Raises AfterpushError."""
    for path in paths:
        try:
            with path.open("rb") as file:
                yield from iter(lambda: file.read(_CHUNK_BYTES), b"")
        except OSError as error:
            raise AfterpushError(f"explaining a log: cannot read {path}: {error.strerror}") from error
        yield b"\n"


def best_hit(hits: Iterable[Hit]) -> Hit | None:
    """The hit that says most about the cause; of equals the earliest."""
    return max(hits, key=score, default=None)


def score(hit: Hit) -> int:
    """How much a hit says about the cause: its signature's weight, less when the line only warns."""
    return hit.signature.weight - (DOUBT if hit.doubtful else 0)


def _explained(
    best: Hit, hits: list[Hit], number: int | None, failures: Failures, redact: Callable[[str], str]
) -> Explanation:
    signature = best.signature
    category = failures.categories[signature.category]
    others = dict.fromkeys(hit.signature.category for hit in sorted(hits, key=score, reverse=True))
    others.pop(signature.category, None)
    clean = _cleaner(redact)
    return Explanation(
        category=signature.category,
        title=clean(_filled(signature.title, best.groups) or category.title),
        excerpt=tuple(map(clean, best.excerpt.lines)),
        line=clean(best.excerpt.line),
        line_number=number,
        hint=clean(_filled(signature.hint, best.groups) or category.hint),
        guide=f"{GUIDE}#{signature.category}",
        signature=signature.id,
        symptoms=tuple(others),
    )


def _filled(text: str | None, groups: Mapping[str, str]) -> str | None:
    """A text with the groups in their places; None when one is missing."""
    if text is None or any(name not in groups for name in _PLACE.findall(text)):
        return None
    return _PLACE.sub(lambda place: groups[place[1]], text)


def _unknown(
    findings: Findings, failures: Failures, reason: Reason | None, redact: Callable[[str], str]
) -> Explanation:
    """No signature fits. What is shown: the lines that look like faults and come after the last line
    that tells of a success, first the most telling kind; without any, the last lines of the log, and the
    platform's reason, which is then the root line."""
    clean = _cleaner(redact)
    category = failures.categories[UNKNOWN]
    root = min(findings.faults, key=lambda fault: fault.kind, default=None)
    told = _told(findings.faults, root)
    said = reason.as_line() if reason else ""
    excerpt = told or (*findings.last_lines, *([said] if said else []))
    line = root.excerpt.line if root else excerpt[-1] if excerpt else ""
    return Explanation(
        category=UNKNOWN,
        title=category.title if findings.last_lines or said else "The log is empty.",
        excerpt=tuple(map(clean, excerpt)),
        line=clean(line),
        line_number=root.excerpt.number if root else None,
        hint=category.hint,
        guide=f"{GUIDE}#{UNKNOWN}",
    )


def _told(faults: list[Fault], root: Fault | None) -> tuple[str, ...]:
    """The root line with its neighbours, then the other lines that look like faults, in order."""
    if root is None:
        return ()
    shown = list(root.excerpt.lines)
    others = [fault.excerpt.line for fault in faults if fault.excerpt.line not in shown]
    return (*shown, *dict.fromkeys(others[:TOLD_FAULTS]))


def _cleaner(redact: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: redact_log(text, redact)
