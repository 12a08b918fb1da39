"""What can be wrong between a client and the platform, injected by rule."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

_HTML = (
    "<!DOCTYPE html>\n<html><head><title>api.digitalocean.com | {status}</title></head>"
    "<body><center><h1>{status}</h1></center><hr><center>cloudflare</center></body></html>\n"
)

REQUEST_ID = "6f1ed002-ab5c-4a4e-9a3d-5f0f2f2b3c4d"
"""Every error names its request, and the official clients print it."""


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
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire = Wire.WHOLE
    seconds: float = 0
    keeps: float = 1

    @classmethod
    def error(
        cls, status: int = 500, id: str = "server_error", message: str = "Unexpected server-side error"
    ) -> "Fault":
        """An error in the API's own form."""
        body = {"id": id, "message": message, "request_id": REQUEST_ID}
        return cls(status, json.dumps(body), headers={"x-request-id": REQUEST_ID})

    @classmethod
    def html(cls, status: int = 502) -> "Fault":
        """The page of a proxy in the API's place: 502, 504, 524; even 200, or 403 as a security check."""
        return cls(status, _HTML.format(status=status), "text/html; charset=UTF-8")

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
