"""How another process tells the simulated platform that a push has arrived, as a forge's webhook would."""

import json
from collections.abc import Mapping
from typing import Any

from afterpush.simulator.api.exchange import Refused, Request
from afterpush.simulator.model import FakePlatform

PUSH_PATH = "/simulation/push"


def control(platform: FakePlatform, request: Request) -> dict[str, Any]:
    """Carries out a request below /simulation/, which the real platform has not. Raises Refused."""
    if request.token not in platform.tokens:
        raise Refused(401, "unauthorized", "Unable to authenticate you")
    if (request.method, request.path) != ("POST", PUSH_PATH):
        raise Refused(404, "not_found", f"the simulation knows only POST {PUSH_PATH}")
    try:
        document = json.loads(request.body)
        sha, branch = str(document["sha"]), str(document["branch"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(400, "bad_request", "expected an object with sha and branch") from error
    made = platform.push(sha, branch, _text(document, "message"), _text(document, "author"))
    return {"deployments": [deployment.id for deployment in made]}


def _text(document: Mapping[str, Any], key: str) -> str:
    return str(document.get(key, ""))
