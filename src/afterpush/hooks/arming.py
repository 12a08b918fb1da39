"""The request to watch a push, and starting the watcher that serves it."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.hooks.updates import RefUpdate
from afterpush.infra.git import clean_environment
from afterpush.infra.processes import start_detached
from afterpush.infra.processes.identity import Identity, boot_id, identity_from_ticks
from afterpush.infra.processes.process_table import ProcessEntry

# Python starts on the processor that the push needs; there is nothing to see before it has ended.
DELAY_SECONDS = 0.2


@dataclass(frozen=True)
class Request:
    """Wait for `push` to end (None: there is nothing to wait for), then prove and report `updates`."""

    remote: str
    push: Identity | None
    updates: Sequence[RefUpdate] = field(default_factory=tuple)

    def words(self) -> list[str]:
        """As arguments. A remote is given by name, so that no URL with a password stands among them."""
        push = f"{self.push.pid}@{self.push.started_at!r}" if self.push else "-"
        return [self.remote, push, *(f"{update.sha}:{update.old}:{update.ref}" for update in self.updates)]

    @classmethod
    def from_words(cls, words: Sequence[str]) -> "Request":
        remote, push, *updates = words
        pid, _, started_at = push.partition("@")
        identity = None
        if started_at.endswith("t"):  # In clock ticks, as a shell reads it.
            identity = identity_from_ticks(int(pid), int(started_at.removesuffix("t")))
        elif started_at:
            identity = Identity(int(pid), float(started_at), boot_id())
        parts = (update.split(":", 2) for update in updates)
        return cls(remote, identity, tuple(RefUpdate("", sha, ref, old) for sha, old, ref in parts))


def identity_of_push(push: ProcessEntry | None) -> Identity | None:
    return Identity(push.pid, push.started_at, boot_id()) if push else None


def arm(request: Request, *, repo: Path, log: Path, environment: Mapping[str, str] | None = None) -> int:
    """Starts the watcher in a session of its own; returns its pid. Raises AfterpushError."""
    # -P: a module in the app repository must not shadow ours.
    python = [sys.executable, "-P", "-m", "afterpush.hooks", *request.words()]
    argv = ["sh", "-c", f'sleep {DELAY_SECONDS:g}; exec "$@"', "sh", *python]
    env = watcher_environment(os.environ if environment is None else environment)
    return start_detached(argv, log=log, cwd=repo, env=env)


def watcher_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The watcher and what it runs act on the repository that is pushed."""
    env = clean_environment(environment)
    env.pop("AFTERPUSH_REPO", None)
    return env
