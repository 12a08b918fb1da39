"""A simulated platform to which faults are injected by rule: what can be wrong between it and a client."""

import contextlib
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from afterpush import simulator
from afterpush.simulator.api.exchange import Answer, Request, error
from afterpush.simulator.api.respond import dated, respond
from afterpush.simulator.api.server import PlatformHandler
from tests.support.limits import Limiter
from tests.support.more_routes import MORE_ROUTES

_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>api.digitalocean.com | {status}</title></head>"
    "<body><center><h1>{status}</h1></center><hr><center>cloudflare</center></body></html>\n"
)


def proxy_page(status: int) -> Answer:
    """The page of a proxy in the API's place: 502, 504, 524; even 200, or 403 as a security check."""
    return Answer(status, _PAGE.format(status=status).encode(), {"Content-Type": "text/html; charset=UTF-8"})


class Wire(Enum):
    """How the answer leaves the server."""

    WHOLE = "whole"
    RESET = "reset"
    HANG = "hang"
    CUT_OFF = "cut off"


@dataclass(frozen=True)
class Fault:
    """A failure instead of an answer; without `status` the true answer is spoilt on the wire.

    `keeps` is the part of the true body that is sent (for JSON that ends early in a complete answer).
    """

    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire = Wire.WHOLE
    seconds: float = 0
    keeps: float = 1

    @classmethod
    def error(
        cls, status: int = 500, id: str = "server_error", message: str = "Unexpected server-side error"
    ) -> "Fault":
        """An error in the API's own form."""
        return cls._of(error(status, id, message))

    @classmethod
    def _of(cls, answer: Answer) -> "Fault":
        return cls(answer.status, answer.body.decode(), headers=answer.headers)

    @classmethod
    def html(cls, status: int = 502) -> "Fault":
        """The page of a proxy in the API's place: 502, 504, 524; even 200, or 403 as a security check."""
        return cls._of(proxy_page(status))

    @classmethod
    def too_many_requests(cls, retry_after: str | None = None) -> "Fault":
        """429; `retry_after` in seconds or as an HTTP date, which only the burst limit sends."""
        fault = cls.error(429, "too_many_requests", "API Rate limit exceeded.")
        more = {"retry-after": retry_after} if retry_after is not None else {}
        return replace(fault, headers={**fault.headers, **more})

    @classmethod
    def unauthorized(cls) -> "Fault":
        """401 as published."""
        return cls.error(401, "unauthorized", "Unable to authenticate you")

    @classmethod
    def forbidden(cls) -> "Fault":
        """403, as a token without the scope gets it."""
        return cls.error(403, "forbidden", "You are not authorized to perform this operation")

    @classmethod
    def not_found(cls) -> "Fault":
        """404 as published."""
        return cls.error(404, "not_found", "The resource you requested could not be found.")

    @classmethod
    def reset(cls) -> "Fault":
        """The connection is reset before an answer."""
        return cls(wire=Wire.RESET)

    @classmethod
    def hang(cls, seconds: float = 3600) -> "Fault":
        """Nothing comes for this long (real time), then the connection closes."""
        return cls(wire=Wire.HANG, seconds=seconds)

    @classmethod
    def cut_off(cls) -> "Fault":
        """The connection breaks in the middle of the body."""
        return cls(wire=Wire.CUT_OFF)

    @classmethod
    def truncated(cls, keeps: float = 0.5) -> "Fault":
        """A complete answer whose JSON ends early."""
        return cls(keeps=keeps)


@dataclass
class Rule:
    """A fault for the requests that match: `METHOD path` against `pattern`; `left` None is until healed."""

    fault: Fault
    pattern: "re.Pattern[str]"
    left: int | None

    def matches(self, method: str, path: str) -> bool:
        return self.left != 0 and self.pattern.search(f"{method} {path}") is not None


class Faults:
    """The rules in force; the first that matches counts."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, fault: Fault, times: int | None, path: str) -> None:
        self._rules.append(Rule(fault, re.compile(path), times))

    def clear(self) -> None:
        self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted as used."""
        for rule in self._rules:
            if rule.matches(method, path):
                rule.left = None if rule.left is None else rule.left - 1
                return rule.fault
        return None


@dataclass(frozen=True)
class SpoiltAnswer(Answer):
    """An answer that does not reach the client whole."""

    wire: Wire = Wire.WHOLE
    seconds: float = 0


@dataclass(frozen=True)
class Seen:
    """A request that reached the platform, as a test wants to count it. Tokens are not kept."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    at: float


LONG_PAGE = 20


@dataclass(eq=False)
class FakePlatform(simulator.FakePlatform):
    """The simulated platform with limits, behind a network that can fail.

    With more than `list_limit` deployments, a long page of them takes too long for the proxy.
    """

    faults: Faults = field(default_factory=Faults)
    requests: list[Seen] = field(default_factory=list)
    list_limit: int = 150
    hourly_limit: int = 5000
    limiters: dict[str, Limiter] = field(default_factory=dict)

    def fail(self, *faults: Fault, times: int | None = 1, path: str = "") -> None:
        """The next `times` requests (None: all until `heal`) meet this fault; several faults queue up.

        `path` is a regular expression that `METHOD /path` must contain.
        """
        with self.lock:
            for fault in faults:
                self.faults.add(fault, times, path)

    def heal(self) -> None:
        """No fault any more."""
        with self.lock:
            self.faults.clear()

    def answer(self, request: Request) -> Answer:
        """What comes back, a fault or the true answer; the request is remembered."""
        with self.lock:
            self.advance()
            now = self.clock.now()
            fault = self.faults.take(request.method, request.path)
            told = self._told(request, fault)
            self.requests.append(Seen(request.method, request.path, request.query, told.status, now))
            if fault is None:
                return told
            kept = told.body[: int(len(told.body) * fault.keeps)]
            return SpoiltAnswer(told.status, kept, told.headers, None, fault.wire, fault.seconds)

    def _told(self, request: Request, fault: Fault | None) -> Answer:
        if fault and fault.status is not None:
            headers = {"Content-Type": "application/json", **fault.headers}
            return dated(self, Answer(fault.status, fault.body.encode(), headers))
        if request.token not in self.tokens or not request.path.startswith("/v2/"):
            return respond(self, request)
        limiter, now = self.limiter(request.token), self.clock.now()
        wait = limiter.admit(now)
        if wait is not None:
            told = dated(self, error(429, "too_many_requests", "API Rate limit exceeded."))
            more = {"retry-after": str(round(wait))} if wait > 0 else {}
        elif self._list_times_out(request):
            told, more = dated(self, proxy_page(524)), {}
        else:
            told, more = respond(self, request, MORE_ROUTES), {}
        return replace(told, headers={**told.headers, **limiter.headers(now), **more})

    def limiter(self, token: str) -> Limiter:
        """The counter of a token's requests."""
        return self.limiters.setdefault(token, Limiter(self.hourly_limit))

    def _list_times_out(self, request: Request) -> bool:
        """A long page of very many deployments does (terraform-provider-digitalocean issue 1466)."""
        found = re.fullmatch("/v2/apps/([^/]+)/deployments", request.path)
        if not found or request.method != "GET" or request.values("deployment_types"):
            return False
        is_long = int(request.query.get("per_page", 20)) >= LONG_PAGE
        return is_long and len(self.history(found[1])) > self.list_limit


class _Handler(PlatformHandler):
    """Spoils answers as they are meant to be."""

    platform: FakePlatform

    def respond(self, request: Request) -> Answer:
        return self.platform.answer(request)

    def send(self, answer: Answer) -> None:
        wire = answer.wire if isinstance(answer, SpoiltAnswer) else Wire.WHOLE
        if wire is Wire.WHOLE:
            super().send(answer)
            return
        self.close_connection = True
        if wire is Wire.RESET:
            # Closing with a linger time of zero makes the kernel send RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif wire is Wire.HANG:
            assert isinstance(answer, SpoiltAnswer)
            self.loopback.closing.wait(answer.seconds)
        else:
            self.head(answer, {"Content-Length": str(len(answer.body))})
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.wfile.flush()


@contextlib.contextmanager
def serve(platform: FakePlatform) -> Iterator[str]:
    """Serves the platform; gives its base URL."""
    with simulator.serve(platform, _Handler) as url:
        yield url
