"""HTTP: one request, one bounded answer. No retries here: whoever polls is the retry."""

import functools
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from afterpush import __version__
from afterpush.ground.clock import Clock, SystemClock
from afterpush.ground.errors import AfterpushError, ExitCode

MAX_BODY_BYTES = 16 * 1024 * 1024
USER_AGENT = f"afterpush/{__version__}"
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
    return host in ("localhost", "::1") or host.startswith("127.")


class Client:
    """A small pool of connections with one deadline for each request.

    Redirects are answers, not followed. `ca_file` replaces the system's certificate authorities.
    """

    def __init__(
        self, *, timeout_seconds: float = 20, ca_file: Path | None = None, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self.timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._plain = urllib3.PoolManager(num_pools=4, maxsize=2)

    @functools.cached_property
    def _secure(self) -> urllib3.PoolManager:
        # On first use: the certificate authorities take time and 2 MB, which plain http does not need.
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise AfterpushError(
                f"cannot read the certificate authorities in {self._ca_file}: {error.strerror}"
            ) from error
        return urllib3.PoolManager(num_pools=4, maxsize=2, ssl_context=context)

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
        deadline = self._clock.monotonic() + limit
        with self._answer(method, url, headers, body, limit) as answer:
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
        with self._answer("GET", url, headers, None, limit) as answer:
            if answer.status != 200:
                raise NoAnswer(f"GET {_shown(url)}", f"answered {answer.status}")
            while chunk := answer.read1(65536):
                yield chunk

    @contextmanager
    def _answer(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None, limit: float
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        answer: urllib3.BaseHTTPResponse | None = None
        try:
            pool = self._secure if url[:6].lower() == "https:" else self._plain
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
        self._plain.clear()
        self._secure.clear() if "_secure" in vars(self) else None


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
