"""One look at the sources, without lock or log."""

from collections.abc import Callable
from pathlib import Path

from afterpush.deploy.monitor.setup import prepare
from afterpush.deploy.watch.loop import Finished, begin, next_state
from afterpush.deploy.watch.outcome import Outcome, outcome
from afterpush.infra.clock import Clock
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.configuration.variables import Environment


def check_once(
    repo: Path,
    sha: str,
    settings: Settings,
    environment: Environment,
    clock: Clock,
    random: Callable[[], float],
    timeout_seconds: float | None = None,
) -> Outcome | None:
    """The outcome if there is a verdict already, else None. Raises AfterpushError (exit 2)."""
    prepared = prepare(
        repo, sha, settings, environment, clock, random=random, timeout_seconds=timeout_seconds
    )
    began = clock.now()
    state = next_state(begin(sha, began), prepared.sources.look(), began, prepared.limits)
    if not isinstance(state, Finished):
        return None
    return outcome(state, prepared.app_told(state), requests=prepared.requests, log_path=None)
