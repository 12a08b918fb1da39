"""A thin client of the App Platform API: authentication, errors, paging, rate limits.

Facts: the published OpenAPI description of DigitalOcean (resources/apps, description.yml, headers.yml).
"""

import json
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from afterpush.digitalocean.failure import ApiFailure, Budget, complaint, error_told
from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.configuration.environment_variables import PUBLIC_API
from afterpush.infra.errors import AfterpushError
from afterpush.infra.http import Client, NoAnswer, Response, is_loopback
from afterpush.infra.secrets import Secret

Parameter = str | int | tuple[str, ...]  # A list is given as one parameter for each entry.
PAGE_SIZE = 20  # Long lists of deployments time out upstream (HTTP 524), so pages stay small.
MAX_PAGES = 100
MAX_DOCUMENT_BYTES = 4 << 20  # Twenty times what the largest page of real lists has.
MAX_RETRY_AFTER_SECONDS = 120.0
ALMOST_DUE_SECONDS = 0.01


class AppPlatform:
    """The API below one base URL with one token. Counts its requests, failed ones too."""

    def __init__(
        self,
        http: Client,
        token: Secret,
        base_url: str = PUBLIC_API,
        clock: Clock | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.http = http
        self._token = checked_token(token)
        self._base_url = checked_base_url(base_url)
        self._clock = clock or SystemClock()
        self._budget = budget or Budget()
        self.clock_skew_seconds: float | None = None

    @property
    def base_url(self) -> str:
        """Where the token goes."""
        return self._base_url

    @property
    def is_public(self) -> bool:
        """Whether that is DigitalOcean's own API."""
        return self._base_url == PUBLIC_API

    @property
    def requests(self) -> int:
        """Requests sent so far, failed ones too, by all clients that come from one another."""
        return self._budget.requests

    @property
    def remaining(self) -> int | None:
        """Requests that the rate limit leaves; None when no answer has told."""
        return self._budget.remaining

    def apart(self) -> "AppPlatform":
        """The same API and limit with connections of its own, and no end of a watch in view."""
        return AppPlatform(Client(), self._token, self._base_url, self._clock, self._budget)

    def get(
        self, path: str, *, timeout_seconds: float | None = None, **parameters: Parameter
    ) -> dict[str, Any]:
        """GET `/v2/PATH`; the decoded object. Raises ApiFailure."""
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        return self.request("GET", f"{path}{query}", timeout_seconds=timeout_seconds)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        """One request; the decoded object of a 2xx answer. Raises ApiFailure for everything else."""
        doing = f"{method} {self._base_url}/v2/{path.partition('?')[0]}"
        self._budget.count(self._clock.monotonic(), doing)
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            url = f"{self._base_url}/v2/{path}"
            answer = self.http.request(method, url, headers, content, timeout_seconds)
        except NoAnswer as error:
            raise ApiFailure(str(error)) from error
        self._note_headers(answer)
        return self._decoded(answer, doing)

    def _note_headers(self, answer: Response) -> None:
        remaining = _number(answer.headers.get("ratelimit-remaining"))
        if remaining is not None:
            self._budget.remaining = int(remaining)
        sent_at = _http_date(answer.headers.get("date"))
        if sent_at is not None:
            self.clock_skew_seconds = self._clock.now() - sent_at

    def _decoded(self, answer: Response, doing: str) -> dict[str, Any]:
        if answer.status == 204:
            return {}
        if not 200 <= answer.status < 300:
            said, retry_after = error_told(answer), self._retry_after(answer)
            if answer.status == 429 and retry_after:
                self._budget.rest(self._clock.monotonic() + retry_after - ALMOST_DUE_SECONDS)
            raise ApiFailure(
                f"{doing}: {complaint(answer, said)}",
                answer.status,
                retry_after,
                is_refused=answer.status in (401, 403) and said is not None,
            )
        if len(answer.body) > MAX_DOCUMENT_BYTES:
            raise ApiFailure(f"{doing}: the answer is larger than {MAX_DOCUMENT_BYTES >> 20} MiB")
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise ApiFailure(f"{doing}: answered {answer.status} with a body that is not JSON") from error
        if not isinstance(document, dict):
            raise ApiFailure(f"{doing}: answered {answer.status} with JSON that is not an object")
        return document

    def _retry_after(self, answer: Response) -> float | None:
        """Seconds to wait: Retry-After (seconds or date); after a 429 without it, until the limit's reset."""
        text = answer.headers.get("retry-after")
        seconds = _number(text)
        if seconds is None and (at := _http_date(text)) is not None:
            seconds = at - self._clock.now()
        reset = _number(answer.headers.get("ratelimit-reset")) if answer.status == 429 else None
        if seconds is None and reset is not None:
            seconds = reset - self._clock.now()
        return None if seconds is None else min(max(seconds, 1.0), MAX_RETRY_AFTER_SECONDS)

    def pages(
        self, path: str, key: str, *, timeout_seconds: float | None = None, **parameters: Parameter
    ) -> Iterator[list[Any]]:
        """The pages of a list, as far as the caller reads on. Raises ApiFailure."""
        page, had, before = 1, 0, None
        while True:
            asked: dict[str, Parameter] = {"page": page, "per_page": PAGE_SIZE} | parameters
            answer = self.get(path, timeout_seconds=timeout_seconds, **asked)
            entries = answer.get(key)
            if not isinstance(entries, list) or not entries or entries == before:
                return  # The same page again: a proxy that drops the query would keep us here for ever.
            yield entries
            if page >= MAX_PAGES or self.http.is_over:
                raise ApiFailure(
                    f"GET {self._base_url}/v2/{path}: the list does not end after {page} pages",
                    retry_after_seconds=MAX_RETRY_AFTER_SECONDS,
                )
            page, had, before = page + 1, had + len(entries), entries
            if not _has_more(answer, had):
                return


def _has_more(answer: Mapping[str, Any], had: int) -> bool:
    """Whether a list goes on behind this page: it links to the next one, or counts more than we `had`."""
    links, meta = answer.get("links"), answer.get("meta")
    pages = links.get("pages") if isinstance(links, dict) else None
    if isinstance(pages, dict) and pages.get("next"):
        return True
    total = meta.get("total") if isinstance(meta, dict) else None
    return isinstance(total, int) and had < total


def path_of(*parts: str) -> str:
    """A path of the API with each part quoted."""
    return "/".join(quote(part, safe="") for part in parts)


def checked_token(token: Secret) -> Secret:
    """The token without white space and quotes around it, as an env file that is read literally gives it.

    Raises AfterpushError for what no header can carry.
    """
    text = token.reveal().strip().strip("'\"").strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise AfterpushError(
            "DIGITALOCEAN_TOKEN is no token: it holds white space or characters that no token has; "
            "copy it again"
        )
    return Secret(text)


def checked_base_url(text: str) -> str:
    """The base URL without a trailing slash. Raises AfterpushError unless https, or http to this machine."""
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or parts.scheme not in ("https", "http") or parts.query or parts.username:
        raise AfterpushError(f"DIGITALOCEAN_API_URL is no URL of an API; the default is {PUBLIC_API}")
    if parts.scheme == "http" and not is_loopback(url):
        raise AfterpushError(
            "DIGITALOCEAN_API_URL must be https: over http the token could be read on the way"
        )
    return url.removesuffix("/v2")


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 1e12 else None


def _http_date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, TypeError, OverflowError):
        return None
