"""Who tidies up after a demo that was killed: `python -m afterpush.workflows.demo.cleanup LIFELINE FOLDER`.

The lifeline is a pipe. A demo that ends in its own way says so in it; when it was killed, the kernel closes
it without a word, and what the demo would have removed is removed here.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes.detached import exit_code_of_child, start_detached
from afterpush.infra.processes.signals import uninterrupted

_GOODBYE = b"."
_TRIES = 50
_STEP_SECONDS = 0.1


@contextmanager
def looked_after(folder: Path, environment: Mapping[str, str], clock: Clock) -> Iterator[None]:
    """For a block: should this process be killed, its monitors end and the folder goes."""
    theirs, ours = os.pipe()
    command = [sys.executable, "-P", "-m", "afterpush.workflows.demo.cleanup", str(theirs), str(folder)]
    try:
        pid = start_detached(command, log=None, cwd=Path("/"), env=environment, keep=(theirs,))
    finally:
        os.close(theirs)
    try:
        yield
    finally:
        with uninterrupted():
            os.write(ours, _GOODBYE)
            os.close(ours)
            while exit_code_of_child(pid) is None:
                clock.sleep(_STEP_SECONDS / 10)


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


def main(lifeline: int, folder: Path) -> None:
    """Waits for the demo's end, and does what it could not do."""
    if not os.read(lifeline, 1):
        tidy_up(folder, SystemClock())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
