"""Catching a deployment's logs while they exist: after a rollback the platform gives them away no more.

Each type of log has a thread of its own that follows it and comes back when the connection breaks. The
watch only tells what it sees (`observe`, which returns at once) and how it ended (`finish`).
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.logs.bounded_log import LogFile
from afterpush.deploy.logs.follow import Connection, Following
from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.platform_logs import KINDS, PAST, PlatformLog
from afterpush.deploy.watch.facts import State, Verdict, Watching
from afterpush.digitalocean.client import AppPlatform
from afterpush.digitalocean.deployment import Deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import Clock
from afterpush.infra.http import NoAnswer
from afterpush.infra.secrets.redaction import Redactor
from afterpush.infra.state import StateFolder

FLUSH_SECONDS = 2.0
INGEST_SECONDS = 2.0
LAST_LOOK_SECONDS = 8.0
SILENCE_SECONDS = 120.0
# A crash loop needs time until there is a restarted instance whose log can be had.
_FIRST_WAIT_SECONDS = {"run_restarted": 15.0}
_KEPT_VERDICTS = frozenset({Verdict.FAILED, Verdict.TIMEOUT, Verdict.STOPPED})
_FOLLOWED = {"BUILDING": ("build",), "DEPLOYING": ("deploy", "run", "run_restarted")}


@dataclass(frozen=True)
class CapturedLogs:
    """The files that were kept, in the order of a deployment; `problems` are for the monitor's log."""

    paths: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


class Capture:
    """The logs of one commit's deployment, followed over an API client of their own.

    `log_ended` is called from another thread with the type of a live log that the server has ended: a reason
    to look at the deployment at once, never a fact about it. `phase` is the last that the watch has seen.
    """

    def __init__(
        self,
        folder: StateFolder,
        sha: str,
        redactor: Redactor,
        api: AppPlatform,
        clock: Clock,
        log_ended: Callable[[str], None] = lambda kind: None,
    ) -> None:
        self._folder = folder
        self._sha = sha
        self._redactor = redactor
        self._api = api
        self.clock = clock
        self.log_ended = log_ended
        self.stop = threading.Event()
        self.phase = ""
        self._streams: dict[str, _Stream] = {}
        self._target: tuple[str, Deployment] | None = None

    def is_following(self, kind: str) -> bool:
        """Whether a live log of this type is connected right now."""
        stream = self._streams.get(kind)
        return stream is not None and stream.is_connected

    def observe(self, state: State, app_id: str | None) -> None:
        """What the watch knows now: begins to follow the logs of the phase that runs."""
        known = state.known
        if known.deployment is None or app_id is None or known.source != "platform":
            return
        self.phase = known.phase or ""
        before = self._target and self._target[1].id
        if before != known.deployment.id:  # The first, or the same commit was deployed again.
            self._abandon()
            self._target = (app_id, known.deployment)
        if isinstance(state, Watching):
            for kind in _FOLLOWED.get(self.phase, ()):
                if kind not in self._streams:
                    self._stream(kind).start()

    def so_far(self) -> tuple[Path, ...]:
        """The files of the build and deploy logs, with all that was caught until now."""
        caught = [self._streams[kind].log for kind in KINDS[:2] if kind in self._streams]
        for log in caught:
            log.flush()
        return tuple(log.path for log in caught if log.lines)

    def finish(self, verdict: Verdict) -> CapturedLogs:
        """Ends the capture; the logs of a failure, of a timeout and of a stopped watch are kept.

        Waits a moment for the last lines of a failure, then fetches what is missing. No thread asks where a
        log is afterwards, so that the requests can be counted.
        """
        if self._target is None or verdict not in _KEPT_VERDICTS:
            streams = list(self._streams.values())
            self._abandon()
            self._wait_for_requests(streams)
            return CapturedLogs()
        if verdict is Verdict.FAILED:
            self._wait(self._streams.values(), INGEST_SECONDS)
        self.stop.set()
        self._wait_for_requests(self._streams.values())
        if verdict is Verdict.FAILED:
            self._fetch_missing()
        for stream in self._streams.values():
            stream.log.flush()
        kept = [self._streams[kind] for kind in KINDS if kind in self._streams]
        failures = [(stream.kind, stream.log.failure) for stream in kept if stream.log.failure]
        return CapturedLogs(
            tuple(stream.log.path for stream in kept if stream.log.lines),
            tuple(f"cannot keep the {kind} log ({failure.strerror})" for kind, failure in failures),
        )

    def _fetch_missing(self) -> None:
        """One last look for logs that were not followed to their end: all at once, and not for long."""
        kinds = KINDS if "deploy" in self._streams else KINDS[:2]
        missing = [stream for kind in kinds if not (stream := self._stream(kind)).is_whole]
        threads = [
            threading.Thread(target=stream.catch_up, name=f"afterpush-last-{stream.kind}", daemon=True)
            for stream in missing
        ]
        for thread in threads:
            thread.start()
        self._wait(threads, LAST_LOOK_SECONDS)

    def _wait_for_requests(self, streams: "Iterable[_Stream]") -> None:
        """Waits for threads that are asking where a log is, but not for one that reads: it sees only with the
        log's next second that it should stop, too late for somebody who waits for a verdict.
        """
        for stream in streams:
            if stream.asking.acquire(timeout=LAST_LOOK_SECONDS):
                stream.asking.release()

    def _wait(self, threads: Iterable[threading.Thread], seconds: float) -> None:
        deadline = self.clock.monotonic() + seconds
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - self.clock.monotonic()))

    def _stream(self, kind: str) -> "_Stream":
        if kind not in self._streams:
            assert self._target
            path = self._folder.captured_log(self._sha, kind)
            log = LogFile(path, lambda line: redact_log(line, self._redactor))
            log.remove()  # What an earlier watch of this commit left.
            self._streams[kind] = _Stream(PlatformLog.of(self._api, *self._target, kind), log, self)
        return self._streams[kind]

    def _abandon(self) -> None:
        """Ends the streams and drops what they caught; a thread that still reads is let go."""
        self.stop.set()
        self.stop = threading.Event()
        for stream in self._streams.values():
            stream.log.close()
        self._streams = {}


class _Stream(threading.Thread):
    """Follows one log until it ends or the watch does."""

    def __init__(self, platform_log: PlatformLog, log: LogFile, capture: "Capture") -> None:
        super().__init__(name=f"afterpush-log-{platform_log.type}", daemon=True)
        self.kind = platform_log.type
        self.log = log
        self.is_whole = False
        self.is_connected = False
        self.asking = threading.Lock()  # Held while it asks where the log is.
        self._platform_log = platform_log
        self._capture = capture
        self._stop_asked = capture.stop
        self._following = Following(
            self._connect, lambda: capture.phase in PAST[self.kind], capture.stop.wait, self._ended
        )

    def run(self) -> None:
        if self._stop_asked.wait(_FIRST_WAIT_SECONDS.get(self.kind, 0)):
            return
        try:
            for line in self._following.lines():
                self.log.add(line)
            self.is_whole = not self._stop_asked.is_set()
        except (ApiFailure, NoAnswer):
            return  # The last look may still have it.
        finally:
            self.is_connected = False
            self.log.flush()

    def _connect(self) -> Connection:
        self.is_connected = False
        with self.asking:
            if self._stop_asked.is_set():
                return Connection(iter(()))
            connection = self._platform_log.connect(quiet_seconds=SILENCE_SECONDS)
        connection.pieces = self._kept(connection.pieces)
        return connection

    def _kept(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces as they come, until the watch is over; what came so far is written now and then."""
        flushed_at = self._capture.clock.monotonic()
        for piece in pieces:
            self.is_connected = True
            if self._stop_asked.is_set():
                return
            yield piece
            if self._capture.clock.monotonic() - flushed_at > FLUSH_SECONDS:
                self.log.flush()
                flushed_at = self._capture.clock.monotonic()
        self.is_connected = False

    def _ended(self) -> None:
        if not self._stop_asked.is_set():
            self._capture.log_ended(self.kind)

    def catch_up(self) -> None:
        """Adds the lines that the platform has and that are not here yet."""
        with contextlib.suppress(ApiFailure, NoAnswer):
            told = self._following.told.again()
            for line in lines(self._platform_log.read()):
                if told.is_new(line):
                    self.log.add(line)
