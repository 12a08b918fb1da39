"""The request to watch a push, and starting the watcher that serves it."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.hooks.journal import Journal
from afterpush.hooks.notes import leave_note
from afterpush.hooks.push_process import identity_of, word_of
from afterpush.hooks.ref_updates import RefUpdate
from afterpush.infra.git import clean_environment
from afterpush.infra.processes.detached import start_detached
from afterpush.infra.processes.identity import Identity

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
        return word_of(self.push) if self.push else "-"

    def words(self) -> list[str]:
        """As arguments. A remote is given by name, so that no URL with a password is among them."""
        return [self.remote, self.word, *(f"{each.sha}:{each.old}:{each.ref}" for each in self.updates)]

    @classmethod
    def from_words(cls, words: Sequence[str]) -> "Request":
        remote, push, *updates = words
        parts = (update.split(":", 2) for update in updates)
        return cls(remote, identity_of(push), tuple(RefUpdate(sha, ref, old) for sha, old, ref in parts))


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
