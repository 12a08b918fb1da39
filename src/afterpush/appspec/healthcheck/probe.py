"""Asking a running app: does the endpoint say that it is ready, how fast, and how long did the start take?"""

import hashlib
import re
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from afterpush.digitalocean.readiness import Readiness, is_page, judge, silent
from afterpush.infra.clock import Clock
from afterpush.infra.http import Client, NoAnswer, Response

# Where apps put their health endpoints, the most telling names first.
WELL_KNOWN = (
    "/health/ready",
    "/readyz",
    "/ready",
    "/health",
    "/healthz",
    "/api/health",
    "/health/live",
    "/livez",
    "/live",
)
_FOLLOW_SECONDS = 0.1
_MEASURE_AT_MOST_SECONDS = 15.0
_SIDE_LIMIT_SECONDS = 5.0
# camelCase is cut first: connectionPool is "connection Pool".
_DATABASE = re.compile(
    r"(?<![a-z])(?:databases?|db|mysql|mariadb|postgres\w*|pg|sqlite|mongo\w*|sql|connection[ _-]?pool)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Measured:
    """What an endpoint answered. `status` is None when nothing usable came back; times are in seconds."""

    path: str
    status: int | None
    readiness: Readiness
    seconds: tuple[float, ...]
    content_type: str
    shows_database: bool
    is_page: bool = False
    digest: str = ""
    ready_tries: int = 0
    tries: int = 0

    @property
    def median_seconds(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def slowest_seconds(self) -> float:
        return max(self.seconds, default=0.0)


@dataclass(frozen=True)
class Start:
    """What was seen of a start.

    `seconds` go from the first refused connection to the first ready answer; None when it was up before.
    """

    was_listening: bool
    seconds: float | None = None


class Origin:
    """One address with a client: asks paths there and times the answers."""

    def __init__(self, client: Client, base: str, query: str, clock: Clock) -> None:
        self._client = client
        self._base = base
        self._query = query
        self._clock = clock

    def ask(self, path: str, limit_seconds: float | None = None) -> Response:
        """One answer. Raises NoAnswer."""
        return self._client.request("GET", f"{self._base}{path}{self._query}", timeout_seconds=limit_seconds)

    def follow_start(self, path: str, wait_seconds: float, notice: Callable[[str], None]) -> Start:
        """Waits for a first answer, and from a refused connection on for the first ready one.

        An app that answers at the first try is up: what it says is then measured, not waited for.
        `notice` is told when the waiting begins, and when the first answer is not ready yet.
        """
        begun = self._clock.monotonic()
        limit = begun + wait_seconds
        is_starting, was_listening, has_answered = False, False, False
        while True:
            try:
                # One that hangs must not eat up more than the wait.
                left = max(limit - self._clock.monotonic(), 1.0)
                response = self.ask(path, min(self._client.timeout_seconds, left))
            except NoAnswer as error:
                if error.untrusted or error.endless:
                    return Start(True)
                if not is_starting:
                    notice(f"{error}; waiting up to {wait_seconds:g} s for a first answer")
                was_listening |= error.connected
                is_starting = True
            else:
                now = self._clock.monotonic()
                if judge(response).ready:
                    return Start(True, now - begun if is_starting else None)
                if not is_starting or is_page(response) or 300 <= response.status < 400:
                    return Start(True)
                if not has_answered:
                    limit = now + wait_seconds
                    notice(f"it {judge(response).why}; following the start for up to {wait_seconds:g} s more")
                has_answered = was_listening = True
            if self._clock.monotonic() >= limit:
                return Start(was_listening)
            self._clock.sleep(_FOLLOW_SECONDS)

    def measure(self, path: str, tries: int) -> Measured:
        """Asks several times; ready only when every answer was. A slow endpoint is asked less often."""
        begun = self._clock.monotonic()
        answers: list[tuple[float, Response | NoAnswer]] = []
        while len(answers) < tries and self._clock.monotonic() - begun < _MEASURE_AT_MOST_SECONDS:
            answers.append(self._timed(path, None))
        return _measured(path, answers)

    def look(self, path: str) -> Measured:
        """One quick look at a path beside the one in question."""
        return _measured(path, [self._timed(path, _SIDE_LIMIT_SECONDS)])

    def _timed(self, path: str, limit_seconds: float | None) -> tuple[float, Response | NoAnswer]:
        begun = self._clock.monotonic()
        try:
            answer: Response | NoAnswer = self.ask(path, limit_seconds)
        except NoAnswer as error:
            answer = error
        return self._clock.monotonic() - begun, answer


def survey(origin: Origin, asked: str, also: Iterable[str] = ()) -> list[Measured]:
    """The other endpoints, named and well-known, that answer; stops at the first that hangs."""
    found = []
    for path in dict.fromkeys([*also, *WELL_KNOWN]):
        if path != asked:
            seen = origin.look(path)
            if seen.status is None:
                break
            found.append(seen)
    return found


def _measured(path: str, answers: list[tuple[float, Response | NoAnswer]]) -> Measured:
    judged = [_judged(answer) for _, answer in answers]
    # The worst answer counts: an endpoint that fails now and then is not ready.
    worst = min(range(len(answers)), key=lambda index: (judged[index].ready, -judged[index].degraded))
    _, answer = answers[worst]
    ready = sum(readiness.ready for readiness in judged)
    readiness = _with_share(judged[worst], ready, len(judged))
    seconds = tuple(seconds for seconds, one in answers if isinstance(one, Response))
    if isinstance(answer, NoAnswer):
        return Measured(path, None, readiness, seconds, "", False, ready_tries=ready, tries=len(judged))
    return Measured(
        path=path,
        status=answer.status,
        readiness=readiness,
        seconds=seconds,
        content_type=answer.headers.get("content-type", "").partition(";")[0],
        shows_database=shows_database(answer),
        is_page=is_page(answer),
        digest=_digest(answer),
        ready_tries=ready,
        tries=len(judged),
    )


def _digest(answer: Response) -> str:
    """What tells two bodies apart; numbers (times, uptimes) do not."""
    return hashlib.sha256(re.sub(rb"\d+", b"0", answer.body)).hexdigest()


def _judged(answer: Response | NoAnswer) -> Readiness:
    return silent(answer) if isinstance(answer, NoAnswer) else judge(answer)


def _with_share(readiness: Readiness, ready: int, tries: int) -> Readiness:
    if ready in (0, tries):
        return readiness
    return Readiness(False, False, f"was ready in only {ready} of {tries} tries; one {readiness.why}")


def shows_database(response: Response) -> bool:
    """Whether an answer tells of a database: then, as far as can be seen, the endpoint asks it."""
    return not is_page(response) and bool(_DATABASE.search(_HUMP.sub(" ", response.text)))
