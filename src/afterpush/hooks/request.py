"""The request to watch a push, and starting the watcher that serves it."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.hooks.journal import Journal
from afterpush.hooks.notes import leave_note
from afterpush.hooks.updates import RefUpdate
from afterpush.infra.git import clean_environment
from afterpush.infra.processes.detached import start_detached
from afterpush.infra.processes.identity import Identity, boot_id, identity_from_ticks
from afterpush.infra.processes.process_table import ProcessEntry

# Python starts on the processor that the push needs, and there is nothing to see before it has ended: sh
# waits for that, though not for long. A push over a network is then seen to move the tracking ref.
WAIT = """\
for _ in 1 2 3 4 5; do
    sleep 0.04
    [ -d "/proc/$pid" ] || break
done
"""
SHELL = "/bin/sh"  # As for git itself: a push may come with an empty PATH.
PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP")
"""What a program that brings its own Python (an AppImage) sets for itself, and ours must not take."""


@dataclass(frozen=True)
class Request:
    """Wait for `push` to end (None: there is nothing to wait for), then prove and report `updates`."""

    remote: str
    push: Identity | None
    updates: Sequence[RefUpdate] = field(default_factory=tuple)

    @property
    def word(self) -> str:
        """Which push, as an argument and in the name of its note: `4711@1234t`, in clock ticks."""
        if self.push is None:
            return "-"
        ticks = round(self.push.started_at * os.sysconf("SC_CLK_TCK"))
        return f"{self.push.pid}@{ticks}t" if Path("/proc/self/stat").exists() else _elsewhere(self.push)

    def words(self) -> list[str]:
        """As arguments. A remote is given by name, so that no URL with a password is among them."""
        return [self.remote, self.word, *(f"{each.sha}:{each.old}:{each.ref}" for each in self.updates)]

    @classmethod
    def from_words(cls, words: Sequence[str]) -> "Request":
        remote, push, *updates = words
        parts = (update.split(":", 2) for update in updates)
        return cls(remote, identity_of(push), tuple(RefUpdate("", sha, ref, old) for sha, old, ref in parts))


def identity_of(word: str) -> Identity | None:
    """The process that a word names: `PID@TICKSt` as a shell reads it, `PID@SECONDS` without /proc."""
    pid, _, started = word.partition("@")
    if not started:
        return None
    if started.endswith("t"):
        return identity_from_ticks(int(pid), int(started.removesuffix("t")))
    return Identity(int(pid), float(started), boot_id())


def _elsewhere(push: Identity) -> str:
    return f"{push.pid}@{push.started_at!r}"


def identity_of_push(push: ProcessEntry | None) -> Identity | None:
    return Identity(push.pid, push.started_at, boot_id()) if push else None


def arm(request: Request, *, repo: Path, folder: Path) -> int:
    """Leaves the note in `folder`, and starts the watcher in a session of its own, with its log there too;
    returns its pid. Raises AfterpushError."""
    leave_note(folder, request.word, request.remote, request.updates)
    # -P: a module in the app repository must not shadow ours.
    python = [sys.executable, "-P", "-m", "afterpush.hooks", *request.words()]
    pid = request.push.pid if request.push else 0
    argv = [SHELL, "-c", f'pid={pid}\n{WAIT}exec "$@"', "sh", *python]
    log = folder / "watcher.log"
    Journal(log).turn_over()
    return start_detached(argv, log=log, cwd=repo, env=watcher_environment(os.environ))


def watcher_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The watcher and what it runs act on the repository that is pushed."""
    env = clean_environment(environment)
    for name in ("AFTERPUSH_REPO", "AFTERPUSH_AGAIN", *PYTHON_VARIABLES):
        env.pop(name, None)
    return env
