"""What is known of a commit: the answer of `deploy.status`, and one look where nobody watched it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from afterpush.infra.git import is_pushed

if TYPE_CHECKING:
    from afterpush.deploy.watch.outcome import Outcome

import contextlib
from typing import TYPE_CHECKING, Any

from afterpush.infra.clock import SystemClock
from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository

ASK_SECONDS = 10.0
_STILL_OPEN = frozenset(("running", "crashed", "stopped"))


def known(here: AppRepository, sha: str) -> "Outcome":
    """What `deploy.status` says; of a commit that nobody watched, what one look shows."""
    from afterpush.workflows.deploy.status import status_here
    from afterpush.workflows.deploy.watch import look_once

    found = status_here(here, sha, wait=False, timeout_seconds=None, json=True)
    if found.verdict != "none" or found.started_at is not None:
        return found
    seen = look_once(here, sha, timeout_seconds=ASK_SECONDS)
    if seen.verdict == "running" and seen.deployment_id is None and not is_on_remote(here, sha):
        remote = here.settings.push.remote
        return replace(
            seen, verdict="none", message=f"{sha[:7]} is on no branch of {remote} yet; push it first"
        )
    return seen


def with_production(here: AppRepository, found: "Outcome") -> "Outcome":
    """While a monitor watches, what production runs meanwhile is asked for once."""
    from afterpush.deploy.monitor.setup import app_platform, wanted_app
    from afterpush.deploy.watch.production import production_if_told

    if found.production or found.verdict not in _STILL_OPEN:
        return found
    seen = None
    with contextlib.suppress(AfterpushError):  # The verdict does not depend on it.
        api = app_platform(here.environment, SystemClock(), timeout_seconds=ASK_SECONDS)
        wanted = wanted_app(here)
        seen = production_if_told(api, wanted, note) if api else None
    if seen is None or seen.live is None:
        return found
    return replace(found, production=seen.live)


def is_on_remote(here: AppRepository, sha: str) -> bool:
    """Whether a branch of the push remote contains the commit, as far as git here knows."""
    return is_pushed(here.repo, here.settings.push.remote, sha)


def explanation_of(here: AppRepository, found: "Outcome") -> dict[str, Any] | None:
    """The explanation that the monitor left, else one of the logs that the platform still has."""
    from afterpush.deploy.explain.rendering import document
    from afterpush.workflows.deploy.explain import explain_commit

    if found.explanation:
        return found.explanation
    with contextlib.suppress(AfterpushError):
        return document(explain_commit(here, found.sha, None))
    return None
