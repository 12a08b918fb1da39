"""The platform's own logs of a deployment: where they are, and their bytes as they come."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterpush.deploy.logs.follow import follow_log
from afterpush.digitalocean.client import ApiFailure, AppPlatform, path_of
from afterpush.digitalocean.deployment import Deployment
from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import Client

TYPES = ("build", "deploy", "run")
_QUIET_SECONDS = 120  # A connection that says nothing for so long may be dead; a new one costs little.
_RUN_PATIENCE = 3
_OVER = frozenset({"ERROR", "CANCELED", "SUPERSEDED"})
# The phases in which nothing is added to a log of this type any more.
_PAST = {
    "build": _OVER | {"PENDING_DEPLOY", "DEPLOYING", "ACTIVE"},
    "deploy": _OVER | {"ACTIVE"},
    "run": _OVER,
}


@dataclass(frozen=True)
class LogPlaces:
    """Where a log is: whole and archived, or live and growing."""

    urls: tuple[str, ...]
    is_archive: bool


def log_places(api: AppPlatform, app_id: str, deployment_id: str, kind: str, *, follow: bool) -> LogPlaces:
    """Where the logs of this type are: archived ones first, else the live one. Raises ApiFailure.

    The live URL may be given as wss: the same host serves it over https, and both carry their own token.
    """
    answer = api.get(
        path_of("apps", app_id, "deployments", deployment_id, "logs"),
        type=kind.upper(),
        follow="true" if follow else "false",
        pod_connection_timeout="3m",
    )
    listed = answer.get("historic_urls")
    archived = tuple(url for url in listed if isinstance(url, str)) if isinstance(listed, list) else ()
    live = answer.get("live_url")
    if isinstance(live, str) and live and (follow or not archived):
        scheme, _, rest = live.partition("://")
        return LogPlaces((f"{ {'wss': 'https', 'ws': 'http'}.get(scheme, scheme) }://{rest}",), False)
    return LogPlaces(archived, True)


def log_urls(api: AppPlatform, app_id: str, deployment_id: str, kind: str, *, follow: bool) -> list[str]:
    """The URLs of the logs of this type. Raises ApiFailure."""
    return list(log_places(api, app_id, deployment_id, kind, follow=follow).urls)


def read_logs(http: Client, urls: list[str], *, quiet_seconds: float) -> Iterator[bytes]:
    """The bytes behind the URLs, one after another; without our token, which is none of their business."""
    for url in urls:
        yield from http.stream(url, timeout_seconds=quiet_seconds)


def platform_logs(
    api: AppPlatform, http: Client, app_id: str, deployment: Deployment, kind: str
) -> Iterator[bytes]:
    """The log of one type, as far as it is written. Raises AfterpushError that says what is left to try."""
    places = _places(api, app_id, deployment, kind, follow=False)
    yield from read_logs(http, list(places.urls), quiet_seconds=20)


def followed_logs(
    api: AppPlatform,
    http: Client,
    app_id: str,
    deployment: Deployment,
    kind: str,
    phase: Callable[[], str | None],
    clock: Clock,
) -> Iterator[bytes]:
    """The same, and what is added until the `phase` (None: not known now) is past it.

    Running logs have no such end: they are followed while the platform says something new. Raises
    AfterpushError.
    """
    first = [_places(api, app_id, deployment, kind, follow=True)]

    def connect() -> tuple[Iterator[bytes], bool]:
        places = first.pop() if first else log_places(api, app_id, deployment.id, kind, follow=True)
        return read_logs(http, list(places.urls), quiet_seconds=_QUIET_SECONDS), places.is_archive

    def is_over() -> bool:
        return (phase() or deployment.phase) in _PAST[kind]

    patience = _RUN_PATIENCE if kind == "run" else math.inf
    yield from follow_log(connect, is_over, clock, patience=patience)


def _places(api: AppPlatform, app_id: str, deployment: Deployment, kind: str, *, follow: bool) -> LogPlaces:
    if kind not in TYPES:
        raise AfterpushError(f"--type={kind}: valid: {', '.join(TYPES)}")
    try:
        places = log_places(api, app_id, deployment.id, kind, follow=follow)
    except ApiFailure as failure:
        if failure.status != 400:
            raise
        raise AfterpushError(
            f"the platform has no {kind} log of deployment {deployment.id}: {failure}; "
            f"its phase is {deployment.phase}, try another --type",
            ExitCode.BAD_ANSWER,
        ) from failure
    if not places.urls:
        raise AfterpushError(
            f"the platform has no {kind} log of deployment {deployment.id} yet", ExitCode.BAD_ANSWER
        )
    return places
