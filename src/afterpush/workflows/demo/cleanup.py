"""Who tidies up after a demo that was killed: `python -m afterpush.workflows.demo.cleanup FOLDER`.

Its stdin is the lifeline, a pipe. A demo that ends in its own way says so in it; when it was killed, the
kernel closes it without a word, and what the demo would have removed is removed here.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import hold_folder
from afterpush.infra.processes.detached import start_on_lifeline
from afterpush.infra.processes.signals import uninterrupted

_GOODBYE = b"."
_TRIES = 50
_STEP_SECONDS = 0.1


@contextmanager
def looked_after(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """For a block: should this process be killed, its monitors end and the folder goes."""
    command = [sys.executable, "-P", "-m", "afterpush.workflows.demo.cleanup", str(folder)]
    process = start_on_lifeline(command, log=None, cwd=Path("/"), env=environment)
    try:
        yield
    finally:
        with uninterrupted():
            process.cut(_GOODBYE)
            while process.wait(_STEP_SECONDS) is None:
                pass


def tidy_up(folder: Path, clock: Clock) -> None:
    """Ends the monitors of every repository in the folder, then removes it.

    What a git command of the killed demo was still writing is met by trying again.
    """
    from afterpush.deploy.monitor.stopping import stop_all
    from afterpush.infra.state import state_folder

    for repository in folder.glob("*/.git"):
        try:
            stop_all(state_folder(repository.parent), clock)
        except AfterpushError:
            continue  # Half made: no monitor can have begun to watch it.
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        clock.sleep(_STEP_SECONDS)
        if not folder.exists():
            return


def main(folder: Path) -> None:
    """Waits for the demo's end, and does what it could not do."""
    hold_folder(folder)  # Until we end: another run would take it for a leftover, monitors and all.
    if not os.read(sys.stdin.fileno(), 1):
        tidy_up(folder, SystemClock())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
