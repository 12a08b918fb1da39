"""The platform's answer to a request: the token before the routes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate

from afterpush.simulator.api import log_addresses
from afterpush.simulator.api.exchange import Answer, Refused, Request
from afterpush.simulator.api.routes import ROUTES, Entry, routed
from afterpush.simulator.model import FakePlatform


def respond(platform: FakePlatform, request: Request, routes: Sequence[Entry] = ROUTES) -> Answer:
    """The platform's answer to a request."""
    with platform.lock:
        platform.advance()
        try:
            return dated(platform, _found(platform, request, routes))
        except Refused as instead:
            return dated(platform, instead.answer)


def dated(platform: FakePlatform, answer: Answer) -> Answer:
    """An answer with the platform's date."""
    date = formatdate(platform.clock.now() + platform.date_skew_seconds, usegmt=True)
    return replace(answer, headers={"Date": date, **answer.headers})


def _found(platform: FakePlatform, request: Request, routes: Sequence[Entry]) -> Answer:
    if log_addresses.is_log_address(request.path):
        return log_addresses.answer(platform, request)
    scopes = platform.tokens.get(request.token or "")
    if scopes is None:
        raise Refused(401, "unauthorized", "Unable to authenticate you")
    content = json.dumps(routed(platform, request, scopes, routes)).encode()
    return Answer(200, content, {"Content-Type": "application/json; charset=utf-8"})
