"""Whether an answer of a health endpoint means that the app is ready.

The status code alone is no evidence: single-page apps answer any path with a page and 200, and
health endpoints answer 200 with a body that says the opposite. So the body is read as well.
"""

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from afterpush.digitalocean.health_body import Readiness, is_page, judge_body, not_ready, said_by_failure
from afterpush.infra.clock import Clock
from afterpush.infra.http import Client, NoAnswer, Response

__all__ = ["NOWHERE", "Readiness", "answered", "is_page", "judge", "judged_at", "settled", "silent"]
NOWHERE = "/afterpush-asks-for-a-path-that-nobody-has"


def judge(response: Response, elsewhere: Callable[[], Response | None] = lambda: None) -> Readiness:
    """What one answer means. A redirect, a page, or a body that says otherwise is not ready.

    `elsewhere` gives the answer of a path that nobody has. Where that is refused (or sent to a login), a page
    is an endpoint of its own: `/up` of Rails and Laravel "will return a 200 status code if the app has
    booted", with a page. Else all pages are one catch-all route.
    """
    if 300 <= response.status < 400:
        target = _without_query(response.headers.get("location", ""))
        return not_ready(f"answered {response.status}, a redirect{f' to {target}' if target else ''}")
    if not 200 <= response.status < 300:
        said = said_by_failure(response)
        return not_ready(f"answered {response.status}{f', and {said}' if said else ''}")
    told = judge_body(response)
    if told:
        return told
    other = elsewhere()
    if other and 300 <= other.status < 500:
        unknown = f"a path that nobody has answers {other.status}"
        return Readiness(True, False, f"answered {response.status} with a page, and {unknown}")
    return not_ready(
        f"answered {response.status} with an HTML page: "
        "a catch-all route or a proxy answers there, not a health check"
    )


def nowhere_beside(url: str) -> str:
    """The address of a path that nobody has, in the same folder as `url`."""
    parts = urlsplit(url)
    folder = parts.path.rstrip("/").rpartition("/")[0]
    return urlunsplit((parts.scheme, parts.netloc, folder + NOWHERE, "", ""))


def judged_at(client: Client, url: str, response: Response) -> Readiness:
    """What an answer of `url` means; where it is a page, a path that nobody has is asked too."""

    def elsewhere() -> Response | None:
        try:
            return client.get(nowhere_beside(url))
        except NoAnswer:
            return None

    return judge(response, elsewhere)


def answered(client: Client, url: str, judged: Callable[[Response], Readiness] = judge) -> Readiness:
    """The judgement on one answer of an address; no answer is not ready, with the cause."""
    try:
        return judged(client.get(url))
    except NoAnswer as error:
        return silent(error)


def settled(
    ask: Callable[[], Readiness | None], clock: Clock, limit_seconds: float, interval_seconds: float
) -> Readiness | None:
    """Asks until the answer is ready, or nothing, or the time is over; the last judgement."""
    deadline = clock.monotonic() + limit_seconds
    while True:
        readiness = ask()
        left = deadline - clock.monotonic()
        if readiness is None or readiness.ready or left <= 0:
            return readiness
        clock.sleep(min(interval_seconds, left))


def silent(error: NoAnswer) -> Readiness:
    """The judgement on an endpoint that gave no usable answer: not ready, with the cause."""
    return not_ready(f"gave no usable answer: {error.cause}")


def _without_query(location: str) -> str:
    try:
        parts = urlsplit(location)
        host = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    return (host if parts.hostname else "") + parts.path
