"""What several tasks share about watching: a commit's watch, started or looked at once."""

import os
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.infra.invocation import program
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.deploy.monitor.background import Started
    from afterpush.deploy.watch.outcome import Outcome


def commit_of(repository: AppRepository, sha: str | None) -> str:
    """The full sha that is meant: `--sha`, else what HEAD is here. Raises AfterpushError."""
    from afterpush.infra.git import current_branch, resolve_commit

    if sha == "":
        raise AfterpushError("--sha is empty; give a commit, or leave the flag out for HEAD")
    branch = current_branch(repository.repo)
    try:
        return resolve_commit(repository.repo, sha or "HEAD")
    except AfterpushError:
        if sha is None:
            raise AfterpushError(
                f"{repository.repo} has no commit yet{f' on {branch}' if branch else ''}"
            ) from None
        raise


def start_background(
    repository: AppRepository, sha: str, *, timeout_seconds: float | None = None, strict: bool = False
) -> "Started":
    """Starts a background monitor of a full sha unless one runs. Raises AfterpushError."""
    from afterpush.deploy.monitor.background import start_monitor
    from afterpush.deploy.monitor.setup import require_source
    from afterpush.infra.clock import SystemClock

    require_source(repository, sha)
    return start_monitor(
        repository.repo,
        repository.state,
        sha,
        os.environ,
        SystemClock(),
        settings=repository.settings,
        timeout_seconds=timeout_seconds,
        strict=strict,
    )


def look_once(repository: AppRepository, sha: str, *, timeout_seconds: float | None = None) -> "Outcome":
    """What the sources say of a full sha right now: a verdict, `running` while there is none, `unreachable`
    when nobody answered. A grace that began with a push of long ago is over.

    Raises AfterpushError when no source is configured, or one wrongly.
    """
    from dataclasses import replace

    from afterpush.deploy.monitor.setup import prepare
    from afterpush.deploy.watch.facts import Finished
    from afterpush.deploy.watch.outcome import outcome
    from afterpush.deploy.watch.verdict import begin, next_state
    from afterpush.infra.clock import SystemClock

    here, clock = repository, SystemClock()
    prepared = prepare(here, sha, clock, timeout_seconds=timeout_seconds)
    now, limits = clock.now(), prepared.limits
    pushed = prepared.commit.push
    waited = max(0.0, min(now - pushed.since, limits.grace_seconds)) if pushed else 0.0
    # Only the grace has run: the time limit is for who waits.
    limits = replace(limits, timeout_seconds=limits.timeout_seconds + waited)
    began, fact = begin(sha, now - waited), prepared.sources.look()
    state = next_state(began, fact, now, limits)
    if not isinstance(state, Finished) and state.answered_at is None:
        state = next_state(began, fact, now, replace(limits, grace_seconds=0))
    return outcome(state, prepared.app_told(state), requests=prepared.requests, log_path=None)


def started_text(started: "Started") -> str:
    """What a background monitor is, and how to ask for its verdict."""
    verb = "already watched" if started.already_running else "watching"
    return (
        f"{verb} {started.sha[:7]} in the background (pid {started.pid})\nlog: {started.log_path}\n"
        f"ask: {program()} deploy.status --sha={started.sha[:7]}"
    )
