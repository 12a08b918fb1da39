"""Asking a running app: does the endpoint say that it is ready, how fast, and how long did the start take?"""

import hashlib
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from afterpush.appspec.healthcheck.target import HealthTarget
from afterpush.digitalocean.health_verdict import NOWHERE, Readiness, is_page, judge, silent
from afterpush.infra.clock import Clock
from afterpush.infra.http import Client, NoAnswer, Response

_FOLLOW_SECONDS = 0.1
_MEASURE_AT_MOST_SECONDS = 15.0
_SIDE_LIMIT_SECONDS = 5.0
_TLS_LIMIT_SECONDS = 1.0
# camelCase is cut first: connectionPool is "connection Pool".
_DATABASE = re.compile(
    r"(?<![a-z])(?:databases?|db|mysql|mariadb|postgres\w*|pg|sqlite|mongo\w*|sql|connection[ _-]?pool)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Measured:
    """What an endpoint answered. `status` is None when nothing usable came back; times are in seconds.

    `is_measured`: it was asked as often as was wanted, not once. `needs_query`: the path alone was not ready.
    `leads_to`: it redirects to the same path with a slash more or less.
    """

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
    is_measured: bool = False
    needs_query: bool = False
    leads_to: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing of its own: not found, or a page."""
        return self.status == 404 or self.is_page

    @property
    def says_not_ready(self) -> bool:
        """Whether a health endpoint is there and says, by itself, that the app is not ready.

        A failing server, too many requests, a body that says so, or only some of the tries; what is not
        there, a page and a redirect say nothing.
        """
        if self.readiness.ready or self.status is None:
            return False
        is_failing = self.status >= 500 or self.status == 429
        return is_failing or self.ready_tries > 0 or (200 <= self.status < 300 and not self.is_page)

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
    """A target with a client: asks the component's paths there and times the answers.

    Every request has a connection of its own, as the platform's checks have (Kubernetes' probes do not keep
    one alive): a server that resets an idle connection is not unhealthy.
    """

    def __init__(self, client: Client, target: HealthTarget, clock: Clock) -> None:
        self._client = client
        self._target = target
        self._clock = clock
        self._nowhere: Response | None = None

    def ask(self, path: str, limit_seconds: float | None = None) -> Response:
        """One answer. Raises NoAnswer."""
        try:
            url = self._target.url(path) or ""
            return self._client.request("GET", url, timeout_seconds=limit_seconds)
        finally:
            self._client.close()

    def elsewhere(self) -> Response | None:
        """The answer of a path that nobody has, asked once; None where none came."""
        if self._nowhere is None:
            self._nowhere = self._unknown_path()
        return self._nowhere

    def _unknown_path(self) -> Response | None:
        below = self._target.rule.inside if self._target.rule else ""
        try:
            return self.ask(below + NOWHERE, _SIDE_LIMIT_SECONDS)
        except NoAnswer:
            return None

    def follow_start(self, wait_seconds: float, notice: Callable[[str], None]) -> Start:
        """Waits for a first answer, and from a refused connection on for the first ready one.

        An app that answers at the first try is up: what it says is then measured, not waited for.
        `notice` is called when the waiting begins, and when the first answer is not ready yet.
        """
        begun = self._clock.monotonic()
        limit = begun + wait_seconds
        is_starting, was_listening, has_answered = False, False, False
        path = self._target.path + (f"?{self._target.query}" if self._target.query else "")
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
                readiness = judge(response, self._unknown_path)
                if readiness.ready:
                    return Start(True, now - begun if is_starting else None)
                if not is_starting or is_page(response) or 300 <= response.status < 400:
                    return Start(True)
                if not has_answered:
                    limit = now + wait_seconds
                    notice(f"it {readiness.why}; following the start for up to {wait_seconds:g} s more")
                has_answered = was_listening = True
            if self._clock.monotonic() >= limit:
                return Start(was_listening)
            self._clock.sleep(_FOLLOW_SECONDS)

    def measure(self, path: str, tries: int, query: str = "") -> Measured:
        """Asks several times; ready only when every answer was. A slow endpoint is asked less often."""
        begun = self._clock.monotonic()
        answers: list[tuple[float, Response | NoAnswer]] = []
        asked = f"{path}?{query}" if query else path
        while len(answers) < tries and self._clock.monotonic() - begun < _MEASURE_AT_MOST_SECONDS:
            answers.append(self._timed(asked, None))
        measured = self._measured(path, answers)
        return replace(measured, is_measured=True, needs_query=bool(query))

    def look(self, path: str) -> Measured:
        """One quick look at a path beside the one in question."""
        return self._measured(path, [self._timed(path, _SIDE_LIMIT_SECONDS)])

    def speaks_tls(self) -> bool:
        """Whether the port of an http address answers to TLS."""
        if not self._target.base.startswith("http://"):
            return False
        try:
            self._client.request("GET", f"https{self._target.base[4:]}/", timeout_seconds=_TLS_LIMIT_SECONDS)
        except NoAnswer as error:
            return error.untrusted
        return True

    def _timed(self, path: str, limit_seconds: float | None) -> tuple[float, Response | NoAnswer]:
        begun = self._clock.monotonic()
        try:
            answer: Response | NoAnswer = self.ask(path, limit_seconds)
        except NoAnswer as error:
            answer = error
        return self._clock.monotonic() - begun, answer

    def _measured(self, path: str, answers: list[tuple[float, Response | NoAnswer]]) -> Measured:
        judged = [self._judged(answer) for _, answer in answers]
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
            leads_to=self._same_but_a_slash(path, answer),
        )

    def _judged(self, answer: Response | NoAnswer) -> Readiness:
        return silent(answer) if isinstance(answer, NoAnswer) else judge(answer, self.elsewhere)

    def _same_but_a_slash(self, path: str, answer: Response) -> str | None:
        location = answer.headers.get("location")
        if not location or not 300 <= answer.status < 400:
            return None
        target = self._target.own_path(path, location)
        is_same = target is not None and target != path and target.rstrip("/") == path.rstrip("/")
        return target if is_same else None


def _digest(answer: Response) -> str:
    """What tells two bodies apart; numbers (times, uptimes) do not."""
    return hashlib.sha256(re.sub(rb"\d+", b"0", answer.body)).hexdigest()


def _with_share(readiness: Readiness, ready: int, tries: int) -> Readiness:
    if ready in (0, tries):
        return readiness
    return Readiness(False, False, f"was ready in only {ready} of {tries} tries; one {readiness.why}")


def shows_database(response: Response) -> bool:
    """Whether an answer tells of a database: then, as far as can be seen, the endpoint asks it."""
    return not is_page(response) and bool(_DATABASE.search(_HUMP.sub(" ", response.text)))
