"""HTTP: one request, one bounded answer. No retries here: the caller polls, which is the retry."""

import functools
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from afterpush import __version__
from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http.deadline import PunctualResponse
from afterpush.infra.http.failure import NoAnswer, is_loopback, no_answer, shown_url
from afterpush.infra.http.library import urllib3

__all__ = [
    "MAX_BODY_BYTES",
    "USER_AGENT",
    "Client",
    "NoAnswer",
    "Response",
    "is_loopback",
    "no_answer",
    "shown_url",
]

# Invoke's `-d` shows what every logger says, and urllib3 says each address with its query: signed
# addresses of logs, and the key of a health endpoint.
logging.getLogger("urllib3").setLevel(logging.WARNING)

MAX_BODY_BYTES = 16 * 1024 * 1024
USER_AGENT = f"afterpush/{__version__}"
# However little time is left to the caller, a server that answers at all gets to answer.
LEAST_SECONDS = 1.0
MAX_REDIRECTS = 10


@dataclass(frozen=True)
class Response:
    """An answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class _PunctualConnection(urllib3.connection.HTTPConnection):
    response_class = PunctualResponse


class _PunctualSecureConnection(urllib3.connection.HTTPSConnection):
    response_class = PunctualResponse


class _PunctualPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PunctualConnection


class _PunctualSecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PunctualSecureConnection


class Client:
    """A small pool of connections with one deadline for each request.

    Redirects are answers, followed only by `stream`. `ca_file` replaces the system's certificate
    authorities. `left` tells how many seconds the caller still has: no request takes much
    longer.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = 20,
        ca_file: Path | None = None,
        clock: Clock | None = None,
        left: Callable[[], float] | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self.timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._left = left
        self._pools: dict[tuple[bool, bool], urllib3.PoolManager] = {}

    @functools.cached_property
    def tls(self) -> ssl.SSLContext:
        """Whom this client trusts."""
        # On first use: the certificate authorities take time and 2 MB, which plain http does not need.
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise AfterpushError(
                f"cannot read the certificate authorities in {self._ca_file}: {error.strerror}"
            ) from error

    def _pool(self, url: str, *, is_punctual: bool) -> urllib3.PoolManager:
        kind = (url[:6].lower() == "https:", is_punctual)
        if kind not in self._pools:
            trust = self.tls if kind[0] else None
            pool = urllib3.PoolManager(num_pools=4, maxsize=2, ssl_context=trust)
            if is_punctual:
                pool.pool_classes_by_scheme = {"http": _PunctualPool, "https": _PunctualSecurePool}
            self._pools[kind] = pool
        return self._pools[kind]

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """GET. Raises NoAnswer."""
        return self.request("GET", url, headers)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_seconds: float | None = None,
    ) -> Response:
        """One request; the whole answer must arrive within the limit. Raises NoAnswer."""
        limit = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        if self._left:
            limit = min(limit, max(self._left(), LEAST_SECONDS))
        deadline = self._clock.monotonic() + limit
        pool = self._pool(url, is_punctual=True)
        with self._answer(pool, method, url, headers, body, limit) as answer:
            content = bytearray()
            while chunk := answer.read1(65536):
                content += chunk
                if len(content) > MAX_BODY_BYTES:
                    raise NoAnswer(
                        f"{method} {shown_url(url)}",
                        f"the answer is larger than {MAX_BODY_BYTES >> 20} MiB",
                        endless=True,
                    )
                if self._clock.monotonic() > deadline:
                    raise NoAnswer(
                        f"{method} {shown_url(url)}",
                        f"the answer was not complete after {limit:g} s",
                        connected=True,
                    )
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, names, bytes(content))

    def stream(self, url: str, timeout_seconds: float | None = None) -> Iterator[bytes]:
        """The body of a 200 answer in pieces as they come, without a limit of size or total time.

        Follows redirects (https only, apart from this machine), as other clients of such URLs do.
        `timeout_seconds` bounds the silence between two pieces. Raises NoAnswer.
        """
        limit = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        for _ in range(MAX_REDIRECTS + 1):
            pool = self._pool(url, is_punctual=False)
            with self._answer(pool, "GET", url, None, None, limit) as answer:
                place = answer.get_redirect_location()
                if not place:
                    yield from _pieces(answer, url)
                    return
            url = _redirected(url, str(place))
        raise NoAnswer(f"GET {shown_url(url)}", f"more than {MAX_REDIRECTS} redirects", connected=True)

    @contextmanager
    def _answer(
        self,
        pool: urllib3.PoolManager,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        limit: float,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        answer: urllib3.BaseHTTPResponse | None = None
        try:
            answer = pool.request(
                method,
                url,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"} | dict(headers or {}),
                body=body,
                timeout=urllib3.Timeout(total=limit),
                preload_content=False,
                redirect=False,
                retries=False,
            )
            yield answer
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            request = f"{method} {shown_url(url)}"
            raise no_answer(request, error, is_connected=answer is not None) from error
        finally:
            if answer is not None and not answer.closed:
                answer.close()

    @property
    def is_over(self) -> bool:
        """Whether the caller has no time left."""
        return self._left is not None and self._left() <= 0

    def close(self) -> None:
        """Closes the pooled connections."""
        for pool in self._pools.values():
            pool.clear()


def _pieces(answer: urllib3.BaseHTTPResponse, url: str) -> Iterator[bytes]:
    """The body, unpacked where it comes packed although nobody asked for that."""
    if answer.status != 200:
        raise NoAnswer(f"GET {shown_url(url)}", f"answered {answer.status}")
    while chunk := answer.read1(65536):
        yield chunk


def _redirected(url: str, place: str) -> str:
    """Where a redirect leads; the way may not become readable for others. Raises NoAnswer."""
    target = urljoin(url, place)
    if not target.lower().startswith("https:") and not is_loopback(target):
        raise NoAnswer(f"GET {shown_url(url)}", f"redirected to {shown_url(target)}, which is not https")
    return target
