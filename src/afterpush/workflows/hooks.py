"""What the doors of the hooks do: reading what git hands over, and composing hooks with deploying."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.infra.console import note, print_json, say
from afterpush.infra.errors import ExitCode
from afterpush.workflows.app_repository import AppRepository, app_repository

if TYPE_CHECKING:
    from afterpush.hooks.changes import Plan
    from afterpush.hooks.policy import Policy


def policy_of(here: AppRepository) -> "Policy":
    """The part of the configuration that concerns pushes."""
    from afterpush.hooks.policy import load_policy

    return load_policy(here.root)


def look_at_push(remote: str, url: str, *, as_hook: bool) -> ExitCode | int:
    """Everything that happens before a push. Reads stdin to its end in any case."""
    from afterpush.hooks.prepush import BLOCKED_EXIT_CODE, Push, before_push

    text = _stdin()
    here = pushed_repository(as_hook=as_hook)
    answer = before_push(Push(here.repo, remote, url, text, os.environ), policy_of(here))
    for line in answer.lines:
        note(line)
    if not answer.blocked:
        return ExitCode.GOOD
    return BLOCKED_EXIT_CODE if as_hook else ExitCode.BAD_ANSWER


def _stdin() -> str:
    """All of it, at once; names of refs need not be UTF-8. Nobody is waited for at a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def pushed_repository(*, as_hook: bool) -> AppRepository:
    """Where git runs the hook is what is pushed, whatever AFTERPUSH_REPO says."""
    if not as_hook:
        return app_repository()
    from afterpush.infra.git import top_level

    return AppRepository(top_level(Path.cwd()))


def watch_landing(process: str) -> ExitCode:
    """Arms the watcher for a push that skipped the hook; called by the reference-transaction hook."""
    from afterpush.hooks.prepush import after_tracking_moved

    here = pushed_repository(as_hook=True)
    after_tracking_moved(here.repo, policy_of(here), process, _stdin(), os.environ)
    return ExitCode.GOOD


def watch_pushed(sha: Any, ref: str | None, *, json: bool) -> ExitCode:
    """Asks the sources once, then starts the monitor that asks again."""
    from afterpush.hooks.postpush import reason_not_to_watch
    from afterpush.workflows.watch import commit_of, look_once, start_background

    here = app_repository()
    reason = reason_not_to_watch(ref, policy_of(here), os.environ)
    if reason:
        return _said(json, {"watched": False, "reason": reason}, f"not watched: {reason}")
    commit = commit_of(here, sha)
    outcome = look_once(here, commit)
    if outcome and outcome.verdict == "live":
        document = {"watched": False, "reason": outcome.message, "sha": commit, "verdict": outcome.verdict}
        return _said(json, document, f"not watched: {outcome.message}")
    started = start_background(here, commit)
    how = "is watched already" if started.already_running else "is watched"
    document = {"watched": True, **vars(started)}
    return _said(json, document, f"{commit[:7]} {how} (pid {started.pid}, log {started.log_path})")


def _said(json: bool, document: dict[str, Any], line: str) -> ExitCode:
    print_json(document) if json else say(line)
    return ExitCode.GOOD


def report_changes(plan: "Plan", *, dry_run: bool, json: bool) -> ExitCode:
    """What was or would be changed, and what stands in the way."""
    from afterpush.hooks.changes import as_document, describe

    print_json(as_document(plan, dry_run=dry_run)) if json else say(describe(plan, dry_run=dry_run))
    return ExitCode.BAD_ANSWER if plan.problems else ExitCode.GOOD
