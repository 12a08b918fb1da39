"""Workflows of deploying: watching in the terminal, printing logs, reading history."""

import random
from typing import TYPE_CHECKING

from afterpush.deploy.monitor.failure_cause import last_words
from afterpush.deploy.monitor.line_output import how_to_go_on
from afterpush.deploy.monitor.reporters import LineReporter
from afterpush.deploy.monitor.session import Session, exit_code, open_session, watch_or_follow
from afterpush.deploy.watch.outcome import Outcome
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import is_terminal, note, plain, print_json, say
from afterpush.infra.errors import ExitCode
from afterpush.infra.git import is_pushed
from afterpush.workflows.app_repository import AppRepository

if TYPE_CHECKING:
    from afterpush.deploy.monitor.history import HistoryRecord


def monitor_here(
    here: AppRepository, sha: str, *, timeout_seconds: float | None, strict: bool, json: bool
) -> ExitCode:
    """Watches in this terminal and prints the outcome; returns its exit code."""
    session = open_session(
        here.repo,
        sha,
        here.settings,
        here.environment,
        SystemClock(),
        random=random.random,
        warn=lambda text: note(f"note: {text}"),
        timeout_seconds=timeout_seconds,
    )
    if not is_pushed(here.repo, here.settings.push.remote, sha):
        note(f"note: as far as git here knows, {sha[:7]} is on no branch of {here.settings.push.remote} yet")
    result, was_running = watch_or_follow(session, lambda: _watch(session, json=json), _show_followed)
    if json:
        print_json(plain(result) | {"already_running": was_running})
    else:
        _print_end(result, was_running)
    return exit_code(result, strict=strict)


def _watch(session: Session, *, json: bool) -> Outcome:
    if json:
        return session.run(LineReporter(note))
    if not is_terminal():
        return session.run(LineReporter(say))
    from afterpush.deploy.monitor.live_view import LiveView

    with LiveView(session.clock, session.estimate_seconds) as view:
        return session.run(view)


def _show_followed(outcome: Outcome) -> None:
    note(f"another monitor watches {outcome.sha[:7]}; following it ({outcome.phase or 'no deployment yet'})")


def _print_end(result: Outcome, was_running: bool) -> None:
    """What the live view or the lines have not said yet: the app's readiness, the log, what to do next."""
    if was_running or result.ready is not None:
        say(f"{result.verdict.upper()}: {result.message}")
    if was_running or is_terminal():
        for line in last_words(result):
            say(line)
    further = how_to_go_on(result.sha, result.verdict)  # type: ignore[arg-type]
    if further:
        note(further)


def read_history(here: AppRepository, limit: int | None) -> "list[HistoryRecord]":
    """The records, newest first; a corrupt file is said once."""
    from afterpush.deploy.monitor.history import History

    history = History(here.state.history)
    records = history.records(limit=limit)
    for warning in history.warnings:
        note(f"note: {warning}")
    return records
