"""Workflows of deploying: watching in the terminal, printing logs, reading history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from afterpush.deploy.monitor.completion import last_words
from afterpush.deploy.monitor.reporters import LineReporter, Reporter, how_to_go_on
from afterpush.deploy.monitor.session import exit_code, open_session, watch_or_follow
from afterpush.deploy.watch.facts import Verdict
from afterpush.deploy.watch.outcome import Outcome
from afterpush.infra.clock import Clock, SystemClock
from afterpush.infra.console import is_terminal, note, plain, print_json, say
from afterpush.infra.errors import ExitCode
from afterpush.infra.git import is_pushed
from afterpush.workflows.app_repository import AppRepository, warn_on_error

if TYPE_CHECKING:
    from afterpush.deploy.monitor.history import HistoryRecord


def monitor_here(
    here: AppRepository, sha: str, *, timeout_seconds: float | None, strict: bool, json: bool
) -> ExitCode:
    """Watches in this terminal and prints the outcome; returns its exit code."""
    session = open_session(
        here,
        sha,
        SystemClock(),
        warn=lambda text: note(f"note: {text}"),
        timeout_seconds=timeout_seconds,
    )
    if not is_pushed(here.repo, here.settings.push.remote, sha):
        note(f"note: as far as git here knows, {sha[:7]} is on no branch of {here.settings.push.remote} yet")
    estimate = session.estimate_seconds
    with _reporter(session.clock, estimate, json=json) as reporter:
        result, was_running = watch_or_follow(session, reporter, timeout_seconds=timeout_seconds)
    if not json and (was_running or result.ready is not None):  # What the view or the lines have not said.
        say(f"{result.verdict.upper()}: {result.message}")
    if result.verdict == Verdict.FAILED or (not json and (was_running or is_terminal())):
        for line in last_words(result):
            note(line) if json else say(line)
    if json:
        print_json(plain(result) | {"already_running": was_running})
    elif further := how_to_go_on(result.sha, result.verdict):  # type: ignore[arg-type]
        note(further)
    return exit_code(result, strict=strict)


def wait_here(here: AppRepository, sha: str, *, timeout_seconds: float | None, json: bool) -> Outcome:
    """What the monitor of a commit ends with, shown as it goes; `running` when the time is over first."""
    from afterpush.deploy.monitor.status import APPEAR_SECONDS, follow
    from afterpush.deploy.watch.poll_interval import total_estimate

    clock = SystemClock()
    records: list[HistoryRecord] = []
    with warn_on_error("reading the history"):
        records = read_history(here, 200)
    with _reporter(clock, total_estimate(records), json=json, write=note) as reporter:
        return follow(
            here.state,
            sha,
            clock,
            reporter,
            appear_seconds=min(APPEAR_SECONDS, timeout_seconds or APPEAR_SECONDS),
            timeout_seconds=timeout_seconds,
        )


@contextmanager
def _reporter(
    clock: Clock, estimate_seconds: float | None, *, json: bool, write: Callable[[str], None] = say
) -> Iterator[Reporter]:
    """The live view in a terminal, else lines; with --json on stderr."""
    if json or not is_terminal():
        yield LineReporter(note if json else write, estimate_seconds)
        return
    from afterpush.deploy.monitor.live_view import LiveView

    with LiveView(clock, estimate_seconds) as view:
        yield view


def read_history(here: AppRepository, limit: int | None) -> "list[HistoryRecord]":
    """The records, newest first; a corrupt file is said once."""
    from afterpush.deploy.monitor.history import History

    history = History(here.state.history)
    records = history.records(limit=limit)
    for warning in history.warnings:
        note(f"note: {warning}")
    return records
