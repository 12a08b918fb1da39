"""The git hooks: every push is looked at, and watched once it has landed."""

import os
from typing import Any

from invoke import Collection

from afterpush.infra.console import note, print_json, say
from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task
from afterpush.workflows.app_repository import app_repository

JSON = "print one JSON document on stdout"
MANAGER = "who runs the hooks: auto (whoever owns core.hooksPath), husky or git"


@task(
    help={
        "remote": "the remote's name, as git gives it to the hook",
        "url": "the remote's URL, as git gives it to the hook",
        "hook": "for git's hook: exit 40 when a guard stops the push, so that no other failure does",
        "landing": "for --enforce: PID@START of the git push whose tracking refs stand on stdin",
    }
)
def pre_push(
    context: Any, remote: str = "", url: str = "", hook: bool = False, landing: str | None = None
) -> ExitCode | int:
    """Look at a push (ref lines on stdin), and have it watched (run by git)."""
    from afterpush.workflows.hooks import look_at_push, watch_landing

    if landing:
        return watch_landing(landing)
    return look_at_push(remote, url, as_hook=hook)


@task(
    help={
        "sha": "the commit that was pushed (default: HEAD)",
        "ref": "the branch that it was pushed to, to be checked against deploy.branches",
        "json": JSON,
    }
)
def post_push(context: Any, sha: Any = None, ref: str | None = None, json: bool = False) -> ExitCode:
    """Start the background monitor of a landed push, unless it is live already."""
    from afterpush.workflows.hooks import watch_pushed

    return watch_pushed(sha, ref, json=json)


@task(
    help={
        "manager": MANAGER,
        "enforce": "also watch pushes made with --no-verify (a reference-transaction hook)",
        "dry_run": "print what would be written, write nothing",
        "json": JSON,
    }
)
def install(
    context: Any, manager: str = "auto", enforce: bool = False, dry_run: bool = False, json: bool = False
) -> ExitCode:
    """Have git call us on every push; hooks that are there keep running."""
    from afterpush.hooks.changes import apply
    from afterpush.hooks.installing import plan_install
    from afterpush.workflows.hooks import policy_of, report_changes

    here = app_repository()
    plan = plan_install(here.repo, policy_of(here), manager, enforce=enforce, program=_own_program())
    if not dry_run:
        apply(plan, here.repo)
    return report_changes(plan, dry_run=dry_run, json=json)


@task(help={"manager": MANAGER, "dry_run": "print what would be undone, undo nothing", "json": JSON})
def uninstall(context: Any, manager: str = "auto", dry_run: bool = False, json: bool = False) -> ExitCode:
    """Take our lines out of the hooks again; what was there before comes back."""
    from afterpush.hooks.changes import apply
    from afterpush.hooks.installing import plan_uninstall
    from afterpush.workflows.hooks import report_changes

    here = app_repository()
    plan = plan_uninstall(here.repo, manager)
    if not dry_run:
        apply(plan, here.repo)
    return report_changes(plan, dry_run=dry_run, json=json)


@task(help={"manager": MANAGER, "json": JSON})
def status(context: Any, manager: str = "auto", json: bool = False) -> ExitCode:
    """Prove by a push into a temporary repository that pushes are watched here."""
    from afterpush.hooks.status import describe, find_out
    from afterpush.infra.clock import SystemClock
    from afterpush.workflows.hooks import policy_of

    here = app_repository()
    found = find_out(here.repo, policy_of(here), manager, os.environ, SystemClock(), progress=note)
    print_json(found) if json else say(describe(found))
    return ExitCode.GOOD if found.armed else ExitCode.BAD_ANSWER


def _own_program() -> str | None:
    from afterpush.hooks.installing import own_program

    return own_program()


ns = Collection("hooks", pre_push, post_push, install, uninstall, status)
