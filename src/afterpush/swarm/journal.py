"""What has happened to each task, on disk before it goes on: a restarted manager reads it and goes on.

One line of JSON an event, appended and fsynced; nothing is ever rewritten. A line that a crash has cut off is
left out in reading. Managers of one clone share the file.
"""

import errno
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afterpush.infra.clock import Clock, parse_rfc3339, rfc3339
from afterpush.infra.errors import AfterpushError
from afterpush.swarm.states import Result, TaskState

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class TaskRecord:
    """What the journal says of one task's latest attempt. `tip` is what an agent has finished with."""

    task: str
    state: TaskState = TaskState.QUEUED
    attempt: int = 0
    branch: str | None = None
    base: str | None = None
    tip: str | None = None
    worktree: str | None = None
    host: str = ""
    sha: str | None = None
    reason: str = ""
    seconds: float = 0.0
    began_at: float = 0.0

    @property
    def waits_for_merge(self) -> bool:
        """Whether its agent has finished, and nothing has been said against its work yet."""
        return self.tip is not None and self.state in (TaskState.MERGING, TaskState.STOPPED)

    def result(self, now: float | None = None) -> Result:
        """The line for the user; a task under way has run until `now`."""
        is_running = now is not None and not self.state.is_final and self.began_at
        seconds = max(0.0, now - self.began_at) if is_running and now is not None else self.seconds
        return Result(
            self.task, self.state, self.attempt, self.branch, self.sha, self.reason, round(seconds, 3)
        )


class TaskJournal:
    """The file, for appending from many threads. Raises AfterpushError where that cannot be."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()

    def queued(self, task: str) -> None:
        self._append(task, "queued")

    def started(self, task: str, attempt: int, branch: str, base: str, worktree: str) -> None:
        self._append(task, "started", attempt=attempt, branch=branch, base=base, worktree=worktree)

    def finished(self, task: str, attempt: int, tip: str, seconds: float) -> None:
        """The agent is done and its branch is pushed: from here on only merging is left."""
        self._append(task, "finished", attempt=attempt, tip=tip, seconds=seconds)

    def ended(self, result: Result) -> None:
        self._append(
            result.task,
            "ended",
            attempt=result.attempt,
            state=result.state.value,
            branch=result.branch,
            sha=result.sha,
            reason=result.reason,
            seconds=result.seconds,
        )

    def records(self) -> dict[str, TaskRecord]:
        """The latest record of each task."""
        return fold(self._lines())

    def _append(self, task: str, event: str, **facts: object) -> None:
        line = json.dumps({"at": rfc3339(self._clock.now()), "task": task, "event": event, **facts})
        try:
            self._write(line.encode() + b"\n")
        except OSError as error:
            raise AfterpushError(f"writing the swarm's journal {self.path}: {error.strerror}") from error

    def _write(self, line: bytes) -> None:
        with self._lock:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                # A line that another process could not finish must not spoil ours.
                is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                whole = (b"\n" if is_torn else b"") + line
                if os.write(descriptor, whole) < len(whole):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AfterpushError(f"reading the swarm's journal {self.path}: {error.strerror}") from error


def fold(lines: Iterable[bytes]) -> dict[str, TaskRecord]:
    """The records that the journal's lines make; what is no line of ours is left out."""
    records: dict[str, TaskRecord] = {}
    for line in lines:
        try:
            event = json.loads(line)
            task = str(event["task"])
            records[task] = _after(records.get(task, TaskRecord(task)), event)
        except (ValueError, KeyError, TypeError):
            continue
    return records


def _after(record: TaskRecord, event: dict[str, Any]) -> TaskRecord:
    match event["event"]:
        case "queued":
            return replace(record, state=TaskState.QUEUED, reason="", sha=None)
        case "started":
            return TaskRecord(
                record.task,
                TaskState.RUNNING,
                int(event["attempt"]),
                event["branch"],
                event["base"],
                worktree=event["worktree"],
                began_at=parse_rfc3339(event["at"]),
            )
        case "finished" if event["attempt"] == record.attempt:
            return replace(record, state=TaskState.MERGING, tip=event["tip"], seconds=float(event["seconds"]))
        case "ended":
            return replace(
                record,
                state=TaskState(event["state"]),
                attempt=max(record.attempt, int(event["attempt"])),
                branch=event["branch"] or record.branch,
                sha=event["sha"],
                reason=str(event["reason"]),
                seconds=float(event["seconds"]),
            )
    return record
