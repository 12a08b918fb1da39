"""The addresses that the log routes give, and who answers there: archives, and logs that grow.

As far as it is known from the official client, and as unkind: an archive answers with a redirect to where it
is stored; a growing log is a WebSocket whose token lies in the query; a plain GET of it is held back by a
proxy and cut after a minute; the socket of all components is refused where an app has functions.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from afterpush.simulator.api.exchange import Answer, GrowingLog, Refused, Request
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.logs import TYPES, Log, Unavailable, read_log
from afterpush.simulator.model import FakePlatform

CUT_SECONDS = 60.0
_ALL = "-"


@dataclass(frozen=True)
class Address:
    """Whose log of which type."""

    deployment: Deployment
    type: str
    component: str | None

    @property
    def tail(self) -> str:
        return f"{self.deployment.id}/{self.type}/{self.component or _ALL}"

    @property
    def token(self) -> str:
        return hashlib.sha256(self.tail.encode()).hexdigest()[:32]

    @property
    def is_refused_as_socket(self) -> bool:
        """The cause is not known; the effect is (doctl issue 1525)."""
        return self.component is None and bool(self.deployment.spec.get("functions"))


def addresses(base: str, log: Log, address: Address, *, follow: bool) -> dict[str, Any]:
    """Where a log can be fetched: archived when it is complete, else (or on `follow`) as it grows."""
    archived = {"historic_urls": [f"{base}/archive/{address.tail}"]}
    if log.is_complete:
        return archived
    live = {"live_url": f"{base}/live/{address.tail}?token={address.token}"}
    return live if follow else live | archived


def answer(platform: FakePlatform, request: Request) -> Answer:
    """What comes back from such an address; like the real ones, they ask for no token of the API."""
    kind, address = _found(platform, request)
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if kind == "archive":
        return Answer(302, b"", {**headers, "Location": f"{request.base}/stored/{address.tail}"})

    def so_far() -> tuple[tuple[str, ...], bool]:
        with platform.lock:
            platform.advance()
            try:
                log = read_log(address.deployment, address.type, address.component, platform.clock.now())
            except Unavailable:
                return (), True
            return log.lines, log.is_complete

    if kind == "stored":
        return Answer(200, "".join(f"{line}\n" for line in so_far()[0]).encode(), headers)
    if request.query.get("token") != address.token:
        raise Refused(401, "unauthorized", "the token of this log is wrong")
    if request.is_upgrade and (address.is_refused_as_socket or platform.refuses_sockets):
        raise Refused(400, "bad_request", "bad handshake")
    return Answer(200, b"", headers, follow=GrowingLog(so_far, CUT_SECONDS / platform.speed))


def _found(platform: FakePlatform, request: Request) -> tuple[str, Address]:
    _, kind, deployment_id, type, component, *_ = [*request.path.split("/"), "", "", "", ""]
    found = [one for one in platform.deployments if one.id == deployment_id]
    if not found or request.method != "GET" or type not in TYPES:
        raise Refused(404, "not_found", "no such log")
    return kind, Address(found[0], type, None if component == _ALL else component)


def is_log_address(path: str) -> bool:
    return path.startswith(("/archive/", "/stored/", "/live/"))
