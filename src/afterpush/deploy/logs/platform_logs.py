"""The platform's own logs of a deployment: where they are, and their bytes as they come.

Those of a failed deployment are where the monitor kept them, or what the platform still has.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path

from afterpush.deploy.logs.follow import LINE_START, Connection
from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.live import live_pieces, together
from afterpush.deploy.watch.sources.platform import PlatformSource
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.deployment import Deployment, Spec
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import SystemClock, rfc3339
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import NoAnswer
from afterpush.infra.state import StateFolder

TYPES = ("build", "deploy", "run", "run_restarted")
RECONNECT_TAIL = 1000
_CLOSED_AFTER_SECONDS = 5  # Nobody says that a live log which is only read has given all there is.
_SINGLE_READ_SECONDS = 20
# The phases in which a log of a type grows no more.
_OVER = frozenset({"ERROR", "CANCELED", "SUPERSEDED"})
PAST = {
    "build": _OVER | {"PENDING_DEPLOY", "DEPLOYING", "ACTIVE"},
    "deploy": _OVER | {"ACTIVE"},
    "run": _OVER,
    "run_restarted": _OVER,
}


@dataclass(frozen=True)
class LogPlaces:
    """Where a log is: whole and archived, or live and growing. No URL: there is none yet."""

    urls: tuple[str, ...]
    is_archive: bool


@dataclass(frozen=True)
class PlatformLog:
    """One type of log of one deployment, of one `component` or of all; `tail`: only so many last lines.

    `apart` names the components to ask for one by one where the log of all is refused: the platform does so
    where an app has functions too (doctl issue 1525), which have no such log. `job_run` is the id of an
    invocation of the job `component`.
    """

    api: AppPlatform
    app_id: str
    deployment_id: str
    type: str
    component: str | None = None
    tail: int | None = None
    apart: tuple[str, ...] = ()
    job_run: str | None = None

    @classmethod
    def of(
        cls, api: AppPlatform, app_id: str, deployment: Deployment, type: str, app_spec: Spec | None = None
    ) -> "PlatformLog":
        """The log of all components."""
        return cls(api, app_id, deployment.id, type, apart=separate_parts(deployment, app_spec))

    def again_and_again(self) -> Iterator["PlatformLog"]:
        """What to ask for on one connection after another, where only the last lines are wanted at first.

        What came while there was no connection is not lost: later ones ask for more, and what is older than
        the first line that was passed on already is skipped.
        """
        yield self
        yield from repeat(replace(self, tail=max(self.tail, RECONNECT_TAIL)) if self.tail else self)

    def places(self, *, follow: bool) -> LogPlaces:
        """Where it is: in archives, or else live. Raises ApiFailure."""
        path, named = self._path()
        answer = self.api.get(
            path,
            timeout_seconds=None,
            follow="true" if follow else "false",
            pod_connection_timeout="3m",
            **named,
            **({"tail_lines": self.tail} if self.tail else {}),
        )
        listed = answer.get("historic_urls")
        archived = tuple(url for url in listed if isinstance(url, str)) if isinstance(listed, list) else ()
        live = answer.get("live_url")
        if isinstance(live, str) and live and (follow or not archived):
            return LogPlaces((live,), False)
        return LogPlaces(archived, True)

    def _path(self) -> tuple[str, dict[str, str]]:
        app = ("apps", self.app_id)
        if self.job_run and self.component:
            path = path_of(*app, "jobs", self.component, "invocations", self.job_run, "logs")
            return path, {"type": "JOB_INVOCATION", "deployment_id": self.deployment_id}
        named = {"component_name": self.component} if self.component else {}
        path = path_of(*app, "deployments", self.deployment_id, "logs")
        return path, {"type": self.type.upper(), **named}

    def connect(self, *, quiet_seconds: float) -> Connection:
        """A connection that goes on while the log grows. Raises ApiFailure."""
        return self._connection(self.places(follow=True), quiet_seconds, follow=True)

    def read(self, places: LogPlaces | None = None) -> Iterator[bytes]:
        """What there is by now. Raises ApiFailure, NoAnswer."""
        now = SystemClock().now()
        connection = self._connection(places or self.places(follow=False), _SINGLE_READ_SECONDS, follow=False)
        return connection.pieces if connection.is_archive else up_to_now(connection.pieces, now)

    def _connection(self, places: LogPlaces, quiet_seconds: float, *, follow: bool) -> Connection:
        if places.is_archive:
            return Connection(self._archived(places.urls, quiet_seconds), is_archive=bool(places.urls))
        connection = Connection(iter(()))
        connection.pieces = self._live(connection, places.urls[0], quiet_seconds, follow=follow)
        return connection

    def _archived(self, urls: tuple[str, ...], quiet_seconds: float) -> Iterator[bytes]:
        """One archive after another, each from its own line on; without our token."""
        for number, url in enumerate(urls):
            if number:
                yield b""
            yield from self.api.http.stream(url, timeout_seconds=quiet_seconds)

    def _live(
        self, connection: Connection, url: str, quiet_seconds: float, *, follow: bool
    ) -> Iterator[bytes]:
        one_by_one = partial(self._one_by_one, quiet_seconds, follow=follow) if self.apart else None
        connection.is_closed = yield from live_pieces(
            self.api.http, url, quiet_seconds=quiet_seconds, refused=one_by_one
        )

    def _one_by_one(self, quiet_seconds: float, *, follow: bool) -> Generator[bytes, None, bool]:
        """The live logs of the components, line by line as they come."""
        connections = []
        for name in self.apart:
            part = replace(self, component=name, apart=())
            try:
                connections.append(part._connection(part.places(follow=follow), quiet_seconds, follow=follow))
            except ApiFailure as failure:
                if failure.status != 400:  # 400: this component has no log of this type, or not yet.
                    raise
        yield from together([connection.pieces for connection in connections])
        return bool(connections) and all(connection.is_closed for connection in connections)


def separate_parts(deployment: Deployment, app_spec: Spec | None = None) -> tuple[str, ...]:
    """The components whose logs must be asked for one by one; none where the app has no functions."""
    spec = deployment.spec or app_spec
    functions = {entry.name for entry in (spec.functions if spec else None) or ()}
    functions |= {entry.name for entry in deployment.functions or ()}
    names = [entry.name for entry in (spec.components if spec else deployment.components)]
    return tuple(name for name in names if name and name not in functions) if functions else ()


def up_to_now(pieces: Iterator[bytes], now: float) -> Iterator[bytes]:
    """The pieces of a live log up to a line of `now` (epoch seconds) or to some seconds without any.

    What breaks off later has given all there was.
    """
    had, ticks, stamp = False, 0, rfc3339(now).encode().rstrip(b"Z")
    try:
        for piece in pieces:
            had, ticks = had or bool(piece), 0 if piece else ticks + 1
            yield piece
            last = LINE_START.match(piece.rstrip(b"\n").rpartition(b"\n")[2])
            if ticks >= _CLOSED_AFTER_SECONDS or (last and last[1] >= stamp):
                return
    except NoAnswer:
        if not had:
            raise


# In the order in which things happen. RUN_RESTARTED is the log of the instance before a restart.
KINDS = ("build", "deploy", "run_restarted", "run")


def captured_logs(folder: StateFolder, sha: str) -> list[Path]:
    """The files in which a monitor kept the logs of a commit, in the order of a deployment."""
    paths = (folder.captured_log(sha, kind) for kind in KINDS)
    return [path for path in paths if path.is_file() and path.stat().st_size]


def remaining_logs(source: PlatformSource, sha: str) -> Iterator[bytes]:
    """What the platform still has of a commit's logs; a type that it refuses or loses is left out.

    Raises AfterpushError when there is no deployment, or when not one log can be had.
    """
    deployment = source.own_deployment()
    if deployment is None or source.app is None:
        raise AfterpushError(f"no deployment of {sha[:7]} is there", ExitCode.NO_DEPLOYMENT)
    had, refusals = False, []
    for kind in KINDS:
        try:
            log = PlatformLog.of(source.api, source.app.id, deployment, kind, source.app.spec)
            for line in lines(log.read()):
                had = True
                yield line
        except (ApiFailure, NoAnswer) as failure:
            refusals.append(f"{kind}: {failure}")
        yield b"\n"
    if not had and len(refusals) == len(KINDS):
        raise AfterpushError(
            f"the platform has no log of {sha[:7]} any more ({refusals[-1]}); "
            "a monitor that watches the deployment keeps it",
            ExitCode.UNREACHABLE,
        )
