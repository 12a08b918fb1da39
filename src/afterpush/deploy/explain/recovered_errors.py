"""What became of the faults in a log: did the process go on, did its step end well, badly, or not at all.

12  api  Error: connect ECONNREFUSED 10.0.0.5:5432     a fault is open
14  api  connected to the database                     a success of the same stream settles it
31  api  TypeError: vat is undefined                   open
33  api  container exited with code 1                  a failure seals it: no later success settles it
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from afterpush.deploy.explain.lines import Excerpt
from afterpush.deploy.explain.signatures import Failures, Level, Signature

ENOUGH_WORK = 12
_PROGRESS_COUNTS = 4
_MOST_OPEN = 400
_EXITED = re.compile(r"\bexited\b|\bexit (?:code|status)\b", re.IGNORECASE)
_NAMED_EXIT = re.compile(r"(\S+) exited with code \d")  # Compose says it without its column of names.
_NUMBER_BEHIND = re.compile(r"(?<=[a-z])\d$")


@dataclass(frozen=True)
class Ending:
    """A line that says that something ended badly, or well."""

    level: Level
    number: int
    text: str


@dataclass(frozen=True)
class Command:
    """A command that begins at a line."""

    number: int
    stream: str
    text: str


@dataclass(eq=False)
class Hit:
    """A signature that was found. `settled`, `sealed`, `among_tests` change as the log goes on."""

    signature: Signature
    excerpt: Excerpt
    stream: str
    said: str
    groups: dict[str, str]
    doubtful: bool
    went_on: bool
    digest: bytes
    settled: Ending | None = None
    sealed: Ending | None = None
    among_tests: bool = False
    is_later: bool = False

    @property
    def number(self) -> int:
        return self.excerpt.number


@dataclass
class _Failure:
    """An ending that is bad and not yet overcome."""

    stream: str
    ending: Ending
    settled: bool = False


@dataclass
class Course:
    """How a log went so far."""

    hits: list[Hit] = field(default_factory=list)
    failures: list[_Failure] = field(default_factory=list)
    commands: deque[Command] = field(default_factory=lambda: deque(maxlen=_MOST_OPEN))
    _later: set[str] = field(default_factory=set)
    last_success: Ending | None = None

    def meet(self, hit: Hit) -> None:
        """A fault. A test that failed explains what its run printed before.

        What was met before a command failed is no later one's when it comes back: the deploy log and the run
        log of one crash tell the same lines.
        """
        same = (other for other in self.hits if (other.stream, other.digest) == (hit.stream, hit.digest))
        hit.is_later = hit.stream in self._later and all(other.is_later for other in same)
        self.hits.append(hit)
        if hit.signature.category == "test_failed" and not hit.doubtful:
            for other in self.hits:
                if other.stream == hit.stream and not other.sealed and other.signature.tolerable:
                    other.among_tests = True

    def fail(self, stream: str, ending: Ending) -> None:
        """Something ended badly: what is open before it belongs to it."""
        if not stream and (exited := _NAMED_EXIT.match(ending.text)):
            streams = (hit.stream for hit in self.hits if hit.stream)
            stream = next((one for one in streams if exited[1].endswith(one)), "")
        for hit in self.hits:
            if not hit.settled and concerns(stream, hit.stream) and _seal(hit) < ending.level:
                hit.sealed = ending
        self.failures = [*self.failures[-_MOST_OPEN:], _Failure(stream, ending)]

    def start(self, command: Command) -> None:
        """A command begins; if one of this stream has failed, what follows is not the first cause."""
        self.commands.append(command)
        if any(not failure.settled and failure.stream == command.stream for failure in self.failures):
            self._later.add(command.stream)

    def succeed(self, stream: str, ending: Ending) -> None:
        """Something ended well: the same stream went on past what is open, up to the success's level.

        One passed test settles what a process may live with; a tool's success what its run printed; an exit
        code of 0 also what failed inside of that step; the job's success everything.
        """
        job = ending.level is Level.JOB
        for hit in self.hits:
            if hit.number >= ending.number or not (job or _is_related(hit.stream, stream)):
                continue
            lower = hit.signature.tolerable if ending.level is Level.PART else True
            passes = lower and (not hit.sealed or job or hit.sealed.level < ending.level)
            if passes and (hit.settled is None or hit.settled.level < ending.level):
                hit.settled = ending
        for failure in self.failures:
            if not _is_related(failure.stream, stream):
                failure.settled |= job
            elif job or failure.ending.level < ending.level:
                failure.settled = True
            elif stream and _EXITED.search(failure.ending.text):
                self._restarted(failure, ending)
        if ending.level >= Level.STEP:
            running = (one for one in self.commands if not (job or _is_related(one.stream, stream)))
            self.commands = deque(running, maxlen=_MOST_OPEN)
        if ending.level >= Level.TOOL:
            self.last_success = ending

    def _restarted(self, failure: "_Failure", ending: Ending) -> None:
        """A process that had exited says something good: it was started again, and got past what ended it."""
        failure.settled = True
        for hit in self.hits:
            if hit.sealed is failure.ending:
                hit.settled = hit.settled or ending

    def finish(self) -> None:
        """The end of the log. A tool's success that nothing bad follows ends its stream well."""
        last = self.last_success
        later = [f for f in self.failures if not f.settled and last and f.ending.number > last.number]
        severe = [f for f in self.failures if not f.settled and f.ending.level >= Level.STEP]
        if last is None or later or severe:
            return
        for failure in self.failures:
            failure.settled = True
        for hit in self.hits:
            if hit.number < last.number:
                hit.settled = last

    def unsettled(self) -> list[Ending]:
        """The bad endings that nothing overcame."""
        return [failure.ending for failure in self.failures if not failure.settled]


def _seal(hit: Hit) -> int:
    return hit.sealed.level if hit.sealed else -1


def concerns(stream: str, other: str) -> bool:
    """Whether a bad ending of one stream may be of the other: the same component's, or nobody is named."""
    return not stream or not other or stream.split("/")[0] == other.split("/")[0]


def _is_related(stream: str, other: str) -> bool:
    """Whether both are one stream, or one is within the other (`api` and `api/web:test`)."""
    return stream == other or f"{stream}/".startswith(f"{other}/") or f"{other}/".startswith(f"{stream}/")


def without_numbers(groups: Mapping[str, str | None]) -> dict[str, str]:
    """The groups of a match that were read; `port2`, of another alternative, is `port` too."""
    return {_NUMBER_BEHIND.sub("", name): value for name, value in groups.items() if value}


def went_on(following: Iterable[tuple[str, str]], stream: str, failures: Failures) -> bool:
    """Whether the stream did ordinary work after a line.

    `following` are the streams and texts of the next lines. Frames of a trace and more complaints are no
    work; a request answered or a port opened is much.
    """
    work = 0
    for other, text in following:
        if (stream and not _is_related(other, stream)) or not text.strip() or failures.trace.search(text):
            continue
        work += _PROGRESS_COUNTS if failures.progress.search(text) else 1
        if work >= ENOUGH_WORK:
            return True
    return False
