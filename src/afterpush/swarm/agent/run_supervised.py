"""Running a command under a supervisor, from the side of the worker that waits for it."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.errors import AfterpushError
from afterpush.infra.processes.detached import OnLifeline, start_on_lifeline
from afterpush.infra.processes.tagged import end_all, with_tag
from afterpush.swarm.agent.supervisor import TAG, UNWRITTEN, Ended, SupervisorRequest

_LOOK_SECONDS = 0.1
# What a supervisor needs beyond its grace to find and end everything; past it, it is ended itself.
_PATIENCE_SECONDS = 20.0


def run_supervised(
    order: SupervisorRequest, env: Mapping[str, str], *, is_stopped: Callable[[], bool], clock: Clock
) -> Ended:
    """Runs the order's command; nothing that carries the tag in `env` is left when it returns.

    When `is_stopped` says so, everything is ended. A supervisor that was killed leaves `lost`, one that
    could not write (a full disk) `unwritten`. Raises AfterpushError when none can be started.
    """
    began = clock.monotonic()
    result = Path(order.result)
    supervisor = _started(order, env)
    deadline: float | None = None
    try:
        while (code := supervisor.wait(_LOOK_SECONDS)) is None:
            if deadline is None and is_stopped():
                supervisor.cut()
                deadline = clock.monotonic() + order.grace_seconds + _PATIENCE_SECONDS
            if deadline is not None and clock.monotonic() > deadline:
                supervisor.kill()
    finally:
        supervisor.cut()
    if (ended := read_ended(result)) is not None:
        return ended
    end_all(lambda: with_tag(TAG, env[TAG]), clock, grace_seconds=0)
    how = "unwritten" if code == UNWRITTEN else "stopped" if is_stopped() else "lost"
    return Ended(how, code, clock.monotonic() - began)


def _started(order: SupervisorRequest, env: Mapping[str, str]) -> OnLifeline:
    try:
        Path(order.result).unlink(missing_ok=True)
        return start_on_lifeline(
            (sys.executable, "-P", "-m", "afterpush.swarm.agent.supervisor", json.dumps(asdict(order))),
            log=Path(order.log),
            cwd=Path(order.cwd),
            env=env,
        )
    except OSError as error:
        raise AfterpushError(f"starting a supervisor in {order.cwd}: {error.strerror}") from error


def read_ended(result: Path) -> Ended | None:
    """How it ended, from the supervisor's file; None when it wrote none."""
    try:
        return Ended(**json.loads(result.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
