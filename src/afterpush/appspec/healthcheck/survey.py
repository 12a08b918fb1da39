"""Looking at a running app from outside: the endpoint in question, its neighbours, its start."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from afterpush.appspec.healthcheck.probe import Measured, Origin, survey
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client

_NOWHERE = "/afterpush-asks-for-a-path-that-nobody-has"


@dataclass(frozen=True)
class HealthTarget:
    """Where to ask. `path` is the component's own; `base` is what stands before it: scheme, host, prefix."""

    base: str
    path: str
    query: str = ""

    @property
    def shown(self) -> str:
        """The address without user and query, which may be secret."""
        parts = urlsplit(self.base)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path + self.path, "", ""))


@dataclass(frozen=True)
class Observed:
    """What came over the wire. `nowhere` is the answer of a path that nobody has."""

    endpoint: Measured
    others: tuple[Measured, ...] = ()
    nowhere: Measured | None = None
    start_seconds: float | None = None

    @property
    def any_path_answers_ready(self) -> bool:
        """Then the endpoint's answer proves only that somebody listens."""
        return bool(self.nowhere and self.nowhere.readiness.ready and _alike(self.nowhere, self.endpoint))

    @property
    def any_path_answers_a_page(self) -> bool:
        """A single-page app's catch-all route: a wrong http_path would pass unnoticed."""
        return bool(self.nowhere and self.nowhere.is_page and self.nowhere.status == 200)


def target_of(url: str, path: str | None, flag: str = "--url") -> HealthTarget:
    """Where a URL points; its own path wins over `path`. Raises AfterpushError when it is no http(s) URL."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise AfterpushError(f"{flag}: expected http://HOST/PATH or https://HOST/PATH")
    own = parts.path if parts.path not in ("", "/") else path or "/"
    base = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    return HealthTarget(base, own, f"?{parts.query}" if parts.query else "")


def look_at(
    client: Client,
    target: HealthTarget,
    clock: Clock,
    *,
    wait_seconds: float,
    tries: int,
    also: Collection[str] = (),
    notice: Callable[[str], None] = lambda _: None,
) -> Observed:
    """Follows a start, measures the endpoint, looks at its neighbours (well-known ones, and those in `also`).

    Raises AfterpushError (exit 6) when nobody listened within `wait_seconds`.
    """
    origin = Origin(client, target.base, target.query, clock)
    start = origin.follow_start(target.path, wait_seconds, notice)
    if not start.was_listening:
        raise AfterpushError(
            f"asking {target.shown}: nobody listened there within {wait_seconds:g} s; "
            "start the app, correct the address, or wait longer with --wait",
            ExitCode.UNREACHABLE,
        )
    endpoint = origin.measure(target.path, tries)
    if endpoint.status is None:
        return Observed(endpoint, start_seconds=start.seconds)
    nowhere = origin.look(_NOWHERE)
    others = survey(origin, target.path, also) if nowhere.status is not None else []
    telling = tuple(other for other in others if other.status != 404 and not _alike(other, nowhere))
    return Observed(endpoint, telling, nowhere, start.seconds)


def _alike(one: Measured, other: Measured) -> bool:
    """Two paths that answer the same: nothing of its own is behind either."""
    return (one.status, one.content_type, one.digest) == (other.status, other.content_type, other.digest)
