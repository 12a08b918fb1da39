"""How the API says that it does not give the answer; and what a token may still ask."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Response


class ApiFailure(AfterpushError):
    """The API did not give the answer; `status` is 0 when it gave none at all.

    `is_refused`: the credentials are wrong or lack the scope, by the API's own word: asking again is no use.
    """

    def __init__(
        self,
        message: str,
        status: int = 0,
        retry_after_seconds: float | None = None,
        *,
        is_refused: bool = False,
    ) -> None:
        super().__init__(message, ExitCode.UNREACHABLE)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.is_refused = is_refused

    @property
    def is_missing(self) -> bool:
        return self.status == 404


def error_told(answer: Response) -> dict[str, Any] | None:
    """An error as the API describes it: JSON with `id` and `message`, or nothing at all (the official
    Go client's CheckResponse). None for what a proxy in front of it says instead."""
    if not answer.body.strip():
        return {}
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def complaint(answer: Response, said: Mapping[str, Any] | None) -> str:
    """What an error answer says, in one short line; HTML bodies are not quoted."""
    told = " ".join(str((said or {}).get("message") or "").split())[:200]
    request = str((said or {}).get("request_id") or answer.headers.get("x-request-id") or "")
    quoted = (f": {told}" if told else "") + (f" (request {request[:80]})" if request else "")
    if answer.status == 401 and said is not None:
        return (
            f"the token was refused (401){quoted}; set DIGITALOCEAN_TOKEN (or DIGITALOCEAN_ACCESS_TOKEN) "
            "to a valid token with the scope app:read"
        )
    if answer.status == 403 and said is not None:
        return f"the token may not do this (403){quoted}; give DIGITALOCEAN_TOKEN the scope app:read"
    return f"answered {answer.status}{quoted}"


class Budget:
    """What all clients of one token in a process share: one count of requests, and one limit.

    The limits (5,000 an hour, 250 a minute) are the token's, not a client's (description.yml, "Rate Limit").
    `remaining` is how many requests the last answer has left; None before one told.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rest_until = 0.0
        self.requests = 0
        self.remaining: int | None = None

    def count(self, now: float, doing: str) -> None:
        """Counts a request that is about to be sent. Raises ApiFailure while the API asked for a rest."""
        with self._lock:
            left = self._rest_until - now
            if left > 0:
                raise ApiFailure(f"{doing}: the API asked for a rest of {left:.0f} s more (429)", 429, left)
            self.requests += 1

    def rest(self, until: float) -> None:
        """No request before this time (monotonic seconds)."""
        with self._lock:
            self._rest_until = max(self._rest_until, until)
