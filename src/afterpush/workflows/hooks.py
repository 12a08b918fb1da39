"""What the tasks of the hooks do: reading what git hands over, and composing hooks with deploying."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterpush.infra.console import note, print_json, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.workflows.app_repository import AppRepository, app_repository, redacted

if TYPE_CHECKING:
    from afterpush.hooks.policy import Policy


def policy_of(here: AppRepository) -> "Policy":
    """The part of the configuration that concerns pushes."""
    from afterpush.hooks.policy import load_policy

    return load_policy(here.root)


def look_at_push(remote: str, url: str, *, as_hook: bool) -> ExitCode | int:
    """Everything that happens before a push. Reads stdin to its end in any case."""
    from afterpush.hooks.prepush import BLOCKED_EXIT_CODE, Push, before_push

    text = _stdin()
    try:
        here = _pushed_repository(as_hook=as_hook)
        answer = before_push(Push(here.repo, remote, url, text, os.environ), policy_of(here))
    except AfterpushError as error:
        if not as_hook:
            raise
        note(f"afterpush: {redacted(str(error))}; this push is not watched")
        return ExitCode.GOOD
    for line in answer.lines:
        note(line)
    if not answer.blocked:
        return ExitCode.GOOD
    return BLOCKED_EXIT_CODE if as_hook else ExitCode.BAD_ANSWER


def prepare() -> ExitCode:
    """Writes the file that the hooks of this clone read: this program works here."""
    from afterpush.hooks.install.run_script import own_program, write_run_file

    here = _pushed_repository(as_hook=True)
    program = own_program()
    if program is None:
        raise AfterpushError("preparing the hooks: no program named inv or afterpush runs this")
    write_run_file(here.repo, _policy_if_sound(here), program)
    return ExitCode.GOOD


def _policy_if_sound(here: AppRepository) -> "Policy":
    """A faulty configuration is reported at the push, by the program that is found now."""
    from afterpush.hooks.policy import Policy

    try:
        return policy_of(here)
    except AfterpushError:
        return Policy(enabled=False)  # No shortcut, then.


def _stdin() -> str:
    """All of it, at once; names of refs need not be UTF-8. Nobody is waited for at a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def _pushed_repository(*, as_hook: bool) -> AppRepository:
    """Where git runs the hook is what is pushed, whatever AFTERPUSH_REPO says."""
    if not as_hook:
        return app_repository()
    from afterpush.infra.git import pushed_repository

    return AppRepository(pushed_repository(os.environ, Path.cwd()))


def watch_landing(process: str) -> ExitCode:
    """Arms the watcher for a push that skipped the hook; called by the reference-transaction hook."""
    from afterpush.hooks.notes import hooks_folder
    from afterpush.hooks.prepush import after_tracking_moved
    from afterpush.hooks.request import arm

    text = _stdin()
    here = _pushed_repository(as_hook=True)
    request = after_tracking_moved(here.repo, policy_of(here), process, text, os.environ)
    if request:
        arm(request, repo=here.repo, folder=hooks_folder(here.repo))
    return ExitCode.GOOD


def watch_pushed(sha: Any, ref: str | None, *, unproved: bool, json: bool) -> ExitCode:
    """Asks the sources once, then starts the monitor that asks again."""
    from afterpush.workflows.deploy.watch import commit_of, look_once, start_background

    here = _pushed_repository(as_hook=not os.environ.get("AFTERPUSH_REPO"))
    reason = _reason_not_to_watch(ref, policy_of(here))
    if reason:
        return _said(json, {"watched": False, "reason": reason}, f"not watched: {reason}")
    commit = commit_of(here, sha)
    outcome = look_once(here, commit)
    if outcome.verdict == "live":
        document = {"watched": False, "reason": outcome.message, "sha": commit, "verdict": outcome.verdict}
        return _said(json, document, f"not watched: {outcome.message}")
    started = start_background(here, commit)
    how = "is watched already" if started.already_running else "is watched"
    how += ", although its push could not be proved: its deployment would be the proof" if unproved else ""
    document = {"watched": True, **vars(started)}
    return _said(json, document, f"{commit[:7]} {how} (pid {started.pid}, log {started.log_path})")


def _reason_not_to_watch(ref: str | None, policy: "Policy") -> str | None:
    """Why nothing is started; None when the commit is to be watched. `ref` may be a branch's short name."""
    from afterpush.hooks.trial import Trial

    trial = Trial.of(os.environ, None)
    if trial:
        trial.mark("post-push")
        return "this is the trial of hooks.status"
    off = policy.switched_off(os.environ)
    branch = ref.removeprefix("refs/heads/") if ref else None
    if off is None and branch is not None and not policy.is_watched(branch):
        return f"deploy.branches is {', '.join(policy.branches)}, not {branch}"
    return off


def _said(json: bool, document: dict[str, Any], line: str) -> ExitCode:
    print_json(document) if json else say(line)
    return ExitCode.GOOD


def show_status(manager: str, *, json: bool) -> ExitCode:
    """Tries a push, and says what is installed and what it showed."""
    from afterpush.hooks.status import describe, find_out
    from afterpush.infra.clock import SystemClock

    here = app_repository()
    found = find_out(here.repo, policy_of(here), manager, os.environ, SystemClock(), progress=note)
    print_json(found) if json else say(describe(found))
    return ExitCode.GOOD if found.armed else ExitCode.BAD_ANSWER


def tell_unwatched(here: AppRepository) -> None:
    """The pushes that were not watched, and why no further one will be, on stderr: for tasks that tell how
    things stand."""
    from afterpush.hooks.notes import unwatched_pushes
    from afterpush.hooks.status import lost_hook

    for line in (*unwatched_pushes(here.repo), *filter(None, [lost_hook(here.repo)])):
        note(f"afterpush: {line}")
