"""The platform's answer to a request: tokens, limits and faults before and after the routes."""

import json
from collections.abc import Mapping
from email.utils import formatdate

from afterpush.simulator.api import log_addresses
from afterpush.simulator.api.exchange import Answer, Refused, Request
from afterpush.simulator.api.routes import routed
from afterpush.simulator.faults import Fault
from afterpush.simulator.model import FakePlatform, Seen


def respond(platform: FakePlatform, request: Request) -> Answer:
    """The platform's answer to a request, counted, limited and spoilt as the platform's state says."""
    with platform.lock:
        platform.advance()
        now = platform.clock.now()
        headers = {"Date": formatdate(now + platform.date_skew_seconds, usegmt=True)}
        fault = platform.faults.take(request.method, request.path)
        if fault and fault.status is not None:
            answer = _of_fault(fault, headers)
        else:
            answer = _true_answer(platform, request, headers)
        if fault and fault.status is None:
            kept = answer.body[: int(len(answer.body) * fault.keeps)]
            answer = Answer(answer.status, kept, answer.headers, fault.wire, fault.seconds)
        platform.requests.append(Seen(request.method, request.path, request.query, answer.status, now))
        return answer


def _of_fault(fault: Fault, headers: Mapping[str, str]) -> Answer:
    own = {"Content-Type": fault.content_type, **fault.headers}
    return Answer(fault.status or 500, fault.body.encode(), {**headers, **own}, fault.wire, fault.seconds)


def _true_answer(platform: FakePlatform, request: Request, headers: dict[str, str]) -> Answer:
    headers["Content-Type"] = "application/json; charset=utf-8"
    try:
        if log_addresses.is_log_address(request.path):
            return log_addresses.answer(platform, request, headers)
        scopes = _admitted(platform, request, headers)
        document = routed(platform, request, scopes)
    except Refused as refused:
        return _of_fault(refused.fault, headers)
    return Answer(200, json.dumps(document).encode(), headers)


def _admitted(platform: FakePlatform, request: Request, headers: dict[str, str]) -> frozenset[str]:
    """The scopes of the request's token; sets the headers about its limits."""
    scopes = platform.tokens.get(request.token or "")
    if scopes is None:
        raise Refused(401, "unauthorized", "Unable to authenticate you")
    limiter, now = platform.limiter(request.token or ""), platform.clock.now()
    wait = limiter.admit(now)
    headers.update(limiter.headers(now))
    if wait is not None:
        headers.update({"retry-after": str(round(wait))} if wait > 0 else {})
        raise Refused(429, "too_many_requests", "API Rate limit exceeded.")
    return scopes
