"""The pid file: which process watches a commit, beyond doubt, and how far it has got."""

import contextlib
import json
import socket
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from afterpush.deploy.watch.facts import Watching
from afterpush.infra.files import read_bytes, write_atomic
from afterpush.infra.processes.identity import Identity, is_running, own_identity


@dataclass(frozen=True)
class PidFile:
    """What a monitor writes about itself. Times are epoch seconds; `pid_started_at` is the process's own.

    `seen` is the state of its watch, for who follows it (`noted_state`).
    """

    pid: int
    pid_started_at: float
    boot_id: str
    host: str
    sha: str
    started_at: float
    phase: str | None = None
    source: str | None = None
    app: str | None = None
    requests: int = 0
    app_name: str | None = None
    seen: dict[str, Any] | None = None

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.pid_started_at, self.boot_id)

    @property
    def is_of_running_process(self) -> bool:
        return self.host == socket.gethostname() and is_running(self.identity)


def own_pid_file(began: Watching) -> PidFile:
    """What this process writes when it begins to watch."""
    own, host = own_identity(), socket.gethostname()
    return PidFile(own.pid, own.started_at, own.boot_id, host, began.sha, began.started_at)


def noted_state(state: Watching) -> dict[str, Any]:
    """What another process needs to show the same view."""
    import msgspec

    deployment = state.deployment
    if deployment:  # Specs are long, and nobody looks at them.
        deployment = msgspec.structs.replace(deployment, spec=None)
    return {
        "phases": state.phases,
        "troubles": state.troubles,
        "deployment": msgspec.to_builtins(deployment) if deployment else None,
    }


def state_of(recorded: PidFile, now: float) -> Watching:
    """The state that a monitor noted last, at the moment `now`."""
    from afterpush.digitalocean.deployment import read_deployment

    state = Watching(recorded.sha, recorded.started_at, now, source=recorded.source)
    seen = recorded.seen or {}
    with contextlib.suppress(ValueError, TypeError, LookupError):
        deployment = read_deployment(seen["deployment"]) if seen.get("deployment") else None
        phases = tuple((str(phase), float(at)) for phase, at in seen["phases"])
        troubles = tuple(map(str, seen["troubles"]))
        return replace(state, deployment=deployment, phases=phases, troubles=troubles)
    return state


_REQUIRED: dict[str, Any] = {
    "pid": int,
    "pid_started_at": (int, float),
    "boot_id": str,
    "host": str,
    "sha": str,
}


def write_pid_file(path: Path, content: PidFile) -> None:
    """Writes it whole, mode 0600. Raises OSError."""
    write_atomic(path, json.dumps(asdict(content)) + "\n", mode=0o600)


def read_pid_file(path: Path) -> PidFile | None:
    """The pid file, or None when there is none or it is corrupt."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        document = json.loads(read_bytes(path, limit=1 << 20, follow=False))
        if all(isinstance(document.get(name), kind) for name, kind in _REQUIRED.items()):
            names = {entry.name for entry in fields(PidFile)}
            return PidFile(**{name: value for name, value in document.items() if name in names})
    return None
