"""What is asked about a failure, and what the answer holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from afterpush.deploy.explain.fingerprint import Fingerprint
from afterpush.digitalocean.steps import Reason


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a deployment failed, as far as its log tells.

    `category` is None when the log ends well and shows no failure. `root_line` (also as `line`) is in
    `excerpt`; `line_number` counts from 1 (None: it is the platform's reason, not a line of the log).
    `confidence` goes from 0 to 1. `symptoms` are the other categories that were seen.
    """

    category: str | None
    title: str
    excerpt: tuple[str, ...] = ()
    line: str = ""
    line_number: int | None = None
    hint: str
    guide: str
    component: str | None = None
    step: str | None = None
    commit: str | None = None
    evidence: tuple[str, ...] = ()
    confidence: float = 0.0
    signature: str | None = None
    symptoms: tuple[str, ...] = ()

    @property
    def root_line(self) -> str:
        """The line that tells the cause."""
        return self.line

    def redacted(self, hidden: Callable[[str], str]) -> "Explanation":
        """The same with every text that comes from a log through `hidden`."""
        return replace(
            self,
            title=hidden(self.title),
            excerpt=tuple(map(hidden, self.excerpt)),
            line=hidden(self.line),
            hint=hidden(self.hint),
            evidence=tuple(map(hidden, self.evidence)),
        )


@dataclass(frozen=True)
class Known:
    """What is known besides the log: the platform's reason, the commit, that it failed, the last good log."""

    reason: Reason | None = None
    commit: str | None = None
    failed: bool = False
    passing: Fingerprint | None = None


NOTHING_KNOWN = Known()
