"""A request to the simulated platform and its answer, without a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from afterpush.simulator.faults import Fault, Wire


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
    wire: Wire = Wire.WHOLE
    seconds: float = 0
    follow: GrowingLog | None = None


class Refused(Exception):
    """The request cannot be answered: an error in the API's form, or the page of a proxy before it."""

    def __init__(self, status: int, id: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault.error(status, id, message)

    @classmethod
    def by_proxy(cls, status: int) -> "Refused":
        """The API itself was never reached, or did not answer the proxy in time."""
        refused = cls(status, "", "")
        refused.fault = Fault.html(status)
        return refused
