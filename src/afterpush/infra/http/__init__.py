"""HTTP: one request, one bounded answer. No retries here: whoever polls is the retry."""

import functools
import ipaddress
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from afterpush import __version__
from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http.deadline import PunctualResponse

MAX_BODY_BYTES = 16 * 1024 * 1024
USER_AGENT = f"afterpush/{__version__}"
# However little time is left to whoever waits, a server that answers at all gets to answer.
LEAST_SECONDS = 1.0
_AFTER_CONNECTING = (
    urllib3.exceptions.ReadTimeoutError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.SSLError,
)


class NoAnswer(AfterpushError):
    """Nothing usable came back: refused, reset, hung, cut off, TLS not trusted, or too large.

    `cause` is the message without the request that it is about. `refused`: nobody listens there (yet).
    `connected`: somebody does, but hangs, breaks off, or speaks something else. `untrusted`: the certificate
    authorities do not vouch for who does. `endless`: somebody answers, with more than anybody reads.
    """

    def __init__(
        self,
        request: str,
        cause: str,
        *,
        refused: bool = False,
        connected: bool = False,
        untrusted: bool = False,
        endless: bool = False,
    ) -> None:
        super().__init__(f"{request}: {cause}", ExitCode.UNREACHABLE)
        self.cause = cause
        self.refused = refused
        self.connected = connected or untrusted or endless
        self.untrusted = untrusted
        self.endless = endless


@dataclass(frozen=True)
class Response:
    """An answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def is_loopback(url: str) -> bool:
    """Whether the host of a URL can only be this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # A name, and names can lead anywhere, also 127.0.0.1.example.com.


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

    Redirects are answers, not followed. `ca_file` replaces the system's certificate authorities. `left`
    tells how many seconds whoever waits for the answers still has: no request takes much longer.
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
    def _tls(self) -> ssl.SSLContext:
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
            trust = self._tls if kind[0] else None
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
                        f"{method} {_shown(url)}",
                        f"the answer is larger than {MAX_BODY_BYTES >> 20} MiB",
                        endless=True,
                    )
                if self._clock.monotonic() > deadline:
                    raise NoAnswer(
                        f"{method} {_shown(url)}",
                        f"the answer was not complete after {limit:g} s",
                        connected=True,
                    )
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, names, bytes(content))

    def stream(
        self, url: str, headers: Mapping[str, str] | None = None, timeout_seconds: float | None = None
    ) -> Iterator[bytes]:
        """The body of a 200 answer in pieces as they come, without a limit of size or total time.

        `timeout_seconds` bounds the silence between two pieces. Raises NoAnswer.
        """
        limit = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        pool = self._pool(url, is_punctual=False)
        with self._answer(pool, "GET", url, headers, None, limit) as answer:
            if answer.status != 200:
                raise NoAnswer(f"GET {_shown(url)}", f"answered {answer.status}")
            while chunk := answer.read1(65536):
                yield chunk

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
            causes = list(_causes(error))
            raise NoAnswer(
                f"{method} {_shown(url)}",
                _cause(error),
                refused=any(isinstance(cause, ConnectionRefusedError) for cause in causes),
                connected=answer is not None or isinstance(error, _AFTER_CONNECTING),
                untrusted=any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes),
            ) from error
        finally:
            if answer is not None and not answer.closed:
                answer.close()

    def close(self) -> None:
        """Closes the pooled connections."""
        for pool in self._pools.values():
            pool.clear()


def _shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(a malformed URL)"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _cause(error: BaseException) -> str:
    """The innermost reason in few words: `connection refused`, `no answer in time`."""
    # urllib3 2 calls a refused connection a ConnectTimeoutError too; what it was stands below.
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    if isinstance(error, urllib3.exceptions.TimeoutError) and not is_refused:
        return "no answer in time"
    for seen in _causes(error):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted ({seen.verify_message})"
        if isinstance(seen, ssl.SSLError) and seen.reason:
            # Its own text holds a line number of OpenSSL's.
            return f"no TLS could be agreed on: {seen.reason.lower().replace('_', ' ')}"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror.lower()
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection broke off"
    return type(error).__name__
