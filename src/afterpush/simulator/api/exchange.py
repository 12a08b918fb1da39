"""A request to the simulated platform and its answer, without a network."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

REQUEST_ID = "6f1ed002-ab5c-4a4e-9a3d-5f0f2f2b3c4d"
"""Every error names its request, and the official clients print it."""


@dataclass(frozen=True)
class Request:
    """What a client asked: `base` is the address that it used, for the links in answers."""

    method: str
    target: str
    base: str = "http://127.0.0.1"
    token: str | None = None
    body: bytes = b""
    is_upgrade: bool = False

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    def values(self, name: str) -> set[str]:
        """A parameter that may be given several times (as the official clients do), or with commas."""
        given = [value for key, value in parse_qsl(urlsplit(self.target).query) if key == name]
        return {part for value in given for part in value.split(",") if part}


@dataclass(frozen=True)
class GrowingLog:
    """The lines so far, and whether no more will come. A plain GET of it is cut after `cut_seconds`."""

    so_far: Callable[[], tuple[tuple[str, ...], bool]]
    cut_seconds: float


@dataclass(frozen=True)
class Answer:
    """What goes back. `follow`: a log that is sent as it grows, over a WebSocket or badly."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    follow: GrowingLog | None = None


def error(status: int, id: str, message: str) -> Answer:
    """An error in the API's own form."""
    document = {"id": id, "message": message, "request_id": REQUEST_ID}
    headers = {"Content-Type": "application/json", "x-request-id": REQUEST_ID}
    return Answer(status, json.dumps(document).encode(), headers)


class Refused(Exception):
    """The API refuses the request, in its own form: what comes back instead of an answer."""

    def __init__(self, status: int, id: str, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.answer = error(status, id, message)
