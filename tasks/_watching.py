"""What several doors share about watching: a commit's watch, started or looked at once."""

import os
from typing import TYPE_CHECKING

from afterpush.ground.errors import AfterpushError
from afterpush.tasks._door import Site

if TYPE_CHECKING:
    from afterpush.deploy.background import Started
    from afterpush.deploy.outcome import Outcome


def commit_of(site: Site, sha: str | None) -> str:
    """The full sha that is meant: `--sha`, else what HEAD is here. Raises AfterpushError."""
    from afterpush.ground.git import current_branch, resolve_commit

    if sha == "":
        raise AfterpushError("--sha is empty; give a commit, or leave the flag out for HEAD")
    branch = current_branch(site.repo)
    try:
        return resolve_commit(site.repo, sha or "HEAD")
    except AfterpushError:
        if sha is None:
            raise AfterpushError(
                f"{site.repo} has no commit yet{f' on {branch}' if branch else ''}"
            ) from None
        raise


def start_background(
    site: Site, sha: str, *, timeout_seconds: float | None = None, strict: bool = False
) -> "Started":
    """Starts a background monitor of a full sha unless one runs. Raises AfterpushError."""
    from afterpush.deploy.background import start_monitor
    from afterpush.ground.clock import SystemClock

    return start_monitor(
        site.repo,
        site.state,
        sha,
        os.environ,
        SystemClock(),
        settings=site.settings,
        timeout_seconds=timeout_seconds,
        strict=strict,
    )


def look_once(site: Site, sha: str) -> "Outcome | None":
    """What the sources say of a full sha right now, as an outcome; None without a final verdict.

    Raises AfterpushError when no source is configured, or one wrongly.
    """
    import random

    from afterpush.deploy.glance import glance
    from afterpush.ground.clock import SystemClock

    return glance(site.repo, sha, site.settings, site.environment, SystemClock(), random.random)
