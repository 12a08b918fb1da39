"""Which managers run in this clone, and what they hold: pid files with identity, and a lock a task."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from afterpush.infra.files import private_folder, write_private
from afterpush.infra.locks import PROBE_SECONDS, HeldLock, try_lock
from afterpush.infra.processes.identity import Identity, is_running, own_identity


@dataclass(frozen=True)
class ManagerFile:
    """A manager that has registered; the file outlives it only when it was killed."""

    identity: Identity
    path: Path

    @property
    def is_running(self) -> bool:
        return is_running(self.identity)


@contextmanager
def registered(state: Path) -> Iterator[None]:
    """Makes this process known to status and stop, for a block."""
    own = own_identity()
    path = private_folder(state / "managers") / f"{own.pid}.json"
    write_private(path, json.dumps(asdict(own)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def managers(state: Path) -> list[ManagerFile]:
    """Every manager that has registered here, dead ones too."""
    found = []
    for path in sorted((state / "managers").glob("*.json")):
        try:
            found.append(ManagerFile(Identity(**json.loads(path.read_text(encoding="utf-8"))), path))
        except (ValueError, TypeError, FileNotFoundError):
            continue
    return found


def task_lock(state: Path, task: str) -> HeldLock | None:
    """The right to work on a task in this clone; None when another manager here has it."""
    return try_lock(private_folder(state / "locks") / f"{task}.lock", wait_seconds=PROBE_SECONDS)
