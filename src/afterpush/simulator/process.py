"""Starting the simulated platform as a process that cannot outlive its starter."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes.detached import exit_code_of_child, start_detached
from afterpush.infra.processes.identity import identity_of, signal_process
from afterpush.infra.processes.signals import uninterrupted

_START_SECONDS = 30.0
_END_SECONDS = 5.0
_STEP_SECONDS = 0.02


@dataclass(frozen=True)
class Running:
    """Where the platform and its app answer."""

    pid: int
    url: str
    app_url: str


@contextlib.contextmanager
def platform_process(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], clock: Clock
) -> Iterator[Running]:
    """Runs `python -m afterpush.simulator ARGUMENTS` for a block; its log lies in `folder`.

    The pipe is its lifeline: when this process ends, in whatever way, the kernel closes our end.
    Raises AfterpushError when it does not come up.
    """
    log = folder / "platform.log"
    theirs, ours = os.pipe()
    command = [sys.executable, "-P", "-m", "afterpush.simulator", f"--lifeline={theirs}", *arguments]
    try:
        pid = start_detached(command, log=log, cwd=folder, env=environment, keep=(theirs,))
    finally:
        os.close(theirs)
    try:
        url, app_url = _addresses(pid, log, clock)
        yield Running(pid, url, app_url)
    finally:
        with uninterrupted():
            os.close(ours)
            _wait_for_end(pid, clock)


def _addresses(pid: int, log: Path, clock: Clock) -> list[str]:
    deadline = clock.monotonic() + _START_SECONDS
    while clock.monotonic() < deadline:
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        if len(lines) >= 2 and lines[1].endswith("\n"):
            return [line.strip() for line in lines[:2]]
        if exit_code_of_child(pid) is not None:
            break
        clock.sleep(_STEP_SECONDS)
    said = log.read_text(encoding="utf-8").splitlines()
    raise AfterpushError(f"the simulated platform did not start: {said[-1] if said else 'it said nothing'}")


def _wait_for_end(pid: int, clock: Clock) -> None:
    identity = identity_of(pid)
    deadline = clock.monotonic() + _END_SECONDS
    while exit_code_of_child(pid) is None:
        if clock.monotonic() > deadline and identity:
            signal_process(identity, signal.SIGKILL)
        clock.sleep(_STEP_SECONDS)
