"""Catching a deployment's logs while they exist: after a rollback the platform gives them away no more.

Each type of log has a thread of its own that follows it and comes back when the connection breaks. The
watch only tells what it sees (`observe`, which returns at once) and how it ended (`finish`).
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from afterpush.deploy.explain.redaction import redact_log
from afterpush.deploy.logs.lines import Lines
from afterpush.deploy.logs.locations import KINDS
from afterpush.deploy.logs.log_file import CaughtLog
from afterpush.deploy.logs.platform_logs import log_places, read_logs
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.loop import Finished, State, Watching
from afterpush.digitalocean.client import ApiFailure, AppPlatform
from afterpush.infra.clock import Clock
from afterpush.infra.http import NoAnswer
from afterpush.infra.redaction import Redactor
from afterpush.infra.state import StateFolder

RECONNECT_SECONDS, RECONNECT_MAX_SECONDS = 1.0, 30.0
FLUSH_SECONDS = 2.0
INGEST_SECONDS = 2.0
LAST_LOOK_SECONDS = 8.0
SILENCE_SECONDS = 120.0
_REMEMBERED_LINES = 10_000
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
    """The logs of one commit's deployment, followed over an API client of their own."""

    def __init__(
        self, folder: StateFolder, sha: str, redactor: Redactor, api: AppPlatform, clock: Clock
    ) -> None:
        self._folder = folder
        self._sha = sha
        self._redactor = redactor
        self._api = api
        self._clock = clock
        self._stop = threading.Event()
        self._streams: dict[str, _Stream] = {}
        self._target: tuple[str, str] | None = None

    def observe(self, state: State, app_id: str | None) -> None:
        """What the watch knows now: begins to follow the logs of the phase that runs."""
        known = state.before if isinstance(state, Finished) else state
        if known.deployment is None or app_id is None or known.source != "platform":
            return
        target = (app_id, known.deployment.id)
        if target != self._target:  # The first, or the same commit was deployed anew.
            self._abandon()
            self._target = target
        if isinstance(state, Watching):
            for kind in _FOLLOWED.get(known.phase or "", ()):
                if kind not in self._streams:
                    self._stream(kind).start()

    def finish(self, verdict: Verdict) -> CapturedLogs:
        """Ends the capture; the logs of a failure, of a timeout and of a stopped watch are kept.

        Waits a moment for the last lines of a failure, then fetches what is missing.
        """
        if self._target is None or verdict not in _KEPT_VERDICTS:
            self._abandon()
            return CapturedLogs()
        if verdict is Verdict.FAILED:
            self._wait(self._streams.values(), INGEST_SECONDS)
        self._stop.set()
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

    def _wait(self, threads: Iterable[threading.Thread], seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - self._clock.monotonic()))

    def _stream(self, kind: str) -> "_Stream":
        if kind not in self._streams:
            assert self._target
            path = self._folder.captured_log(self._sha, kind)
            log = CaughtLog(path, lambda line: redact_log(line, self._redactor))
            log.remove()  # What an earlier watch of this commit left.
            self._streams[kind] = _Stream(self._api, *self._target, kind, log, self._stop, self._clock)
        return self._streams[kind]

    def _abandon(self) -> None:
        """Ends the streams and drops what they caught; a thread that still reads is let go."""
        self._stop.set()
        self._stop = threading.Event()
        for stream in self._streams.values():
            stream.log.close()
        self._streams = {}


class _Stream(threading.Thread):
    """Follows one log until it ends or the watch does."""

    def __init__(
        self,
        api: AppPlatform,
        app_id: str,
        deployment_id: str,
        kind: str,
        log: CaughtLog,
        stop: threading.Event,
        clock: Clock,
    ) -> None:
        super().__init__(name=f"afterpush-log-{kind}", daemon=True)
        self.kind = kind
        self.log = log
        self.is_whole = False
        self._api = api
        self._place = (app_id, deployment_id, kind)
        self._stop_asked = stop
        self._clock = clock
        self._memory: deque[int] = deque(maxlen=_REMEMBERED_LINES)

    def run(self) -> None:
        wait = RECONNECT_SECONDS
        self._stop_asked.wait(_FIRST_WAIT_SECONDS.get(self.kind, 0))
        while not self._stop_asked.is_set():
            before = self.log.lines
            self.is_whole = self._follow_once()
            if self.is_whole:
                return
            wait = RECONNECT_SECONDS if self.log.lines > before else min(wait * 2, RECONNECT_MAX_SECONDS)
            self._stop_asked.wait(wait)

    def _follow_once(self) -> bool:
        """One connection; True when the log is complete."""
        try:
            places = log_places(self._api, *self._place, follow=True)
            lines = Lines(self._taking())
            flushed_at = self._clock.monotonic()
            for piece in read_logs(self._api.http, list(places.urls), quiet_seconds=SILENCE_SECONDS):
                if self._stop_asked.is_set():
                    return False
                lines.feed(piece)
                if self._clock.monotonic() - flushed_at > FLUSH_SECONDS:
                    self.log.flush()
                    flushed_at = self._clock.monotonic()
            lines.end()
        except (ApiFailure, NoAnswer):
            return False
        finally:
            self.log.flush()
        return places.is_archive and bool(places.urls)

    def catch_up(self) -> None:
        """Adds the lines that the platform has and that are not here yet."""
        try:
            places = log_places(self._api, *self._place, follow=False)
            lines = Lines(self._taking())
            for piece in read_logs(self._api.http, list(places.urls), quiet_seconds=LAST_LOOK_SECONDS):
                lines.feed(piece)
            lines.end()
        except (ApiFailure, NoAnswer):
            return

    def _taking(self) -> Callable[[str], None]:
        """Takes lines in; after a reconnection the server repeats lines, and those are known already."""
        known = frozenset(self._memory.copy())

        def take(line: str) -> None:
            nonlocal known
            mark = hash(line)
            if mark in known:
                return
            known = frozenset()
            self._memory.append(mark)
            self.log.add(line)

        return take
