"""One look at the sources, without lock, log or history."""

from collections.abc import Callable
from pathlib import Path

from afterpush.deploy.history import History
from afterpush.deploy.outcome import Outcome, outcome
from afterpush.deploy.setup import prepare
from afterpush.deploy.watching import Finished, begin, next_state
from afterpush.ground.clock import Clock
from afterpush.ground.config import Environment
from afterpush.ground.settings import Settings
from afterpush.ground.state import state_folder


def glance(
    repo: Path,
    sha: str,
    settings: Settings,
    environment: Environment,
    clock: Clock,
    random: Callable[[], float],
) -> Outcome | None:
    """The outcome if there is a verdict already, else None. Raises AfterpushError (exit 2)."""
    history = History(state_folder(repo, settings.deploy.state_dir).history)
    prepared = prepare(repo, sha, settings, environment, clock, history=history, random=random)
    began = clock.now()
    state = next_state(begin(sha, began), prepared.sources.look(), began, prepared.limits)
    if not isinstance(state, Finished):
        return None
    return outcome(state, app=prepared.app_id, requests=prepared.requests, log_path=None)
