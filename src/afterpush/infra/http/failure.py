"""Why no answer came, in few words; and what of a URL may be shown."""

import ipaddress
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, RemoteDisconnected
from urllib.parse import urlsplit

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http.library import urllib3

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


def no_answer(request: str, error: BaseException, *, is_connected: bool = False) -> NoAnswer:
    """What an exception of a connection means to the caller that made the `request`."""
    causes = list(_causes(error))
    return NoAnswer(
        request,
        _cause(error),
        refused=any(isinstance(cause, ConnectionRefusedError) for cause in causes),
        connected=is_connected or isinstance(error, _AFTER_CONNECTING),
        untrusted=any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes),
    )


def is_loopback(url: str) -> bool:
    """Whether the host of a URL can only be this machine.

    Read by the parser that will connect: of `http://evil.example\\@127.0.0.1/` the standard library takes the
    last part for the host, and urllib3 the first. What the two read differently is nobody's address.
    """
    try:
        read = urllib3.util.parse_url(url)
        host, other = (read.host or "").strip("[]").rstrip("."), urlsplit(url).hostname or ""
    except (ValueError, urllib3.exceptions.LocationParseError):
        return False
    if host.lower() != other.rstrip(".").lower() or "\\" in url:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # A name, and names can lead anywhere, also 127.0.0.1.example.com.


def shown_url(url: str) -> str:
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
    # urllib3 2 calls a refused connection a ConnectTimeoutError too; what it was is below.
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError) and not is_refused:
        return "no answer in time"
    for seen in _causes(error):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted ({seen.verify_message})"
        if isinstance(seen, ssl.SSLError) and seen.reason:
            # Its own text holds a line number of OpenSSL's.
            return f"no TLS could be agreed on: {seen.reason.lower().replace('_', ' ')}"
        if isinstance(seen, BadStatusLine) and not isinstance(seen, RemoteDisconnected):
            return "what answers there speaks no HTTP"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror.lower()
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection broke off"
    return type(error).__name__
