"""The git hooks: every push is looked at, and watched once it has landed."""

from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, task

MANAGER = "who runs the hooks: auto (the owner of core.hooksPath), husky or git"


@task()
def pre_push(
    remote: Flag[str, "the remote's name, as git gives it to the hook"] = "",
    url: Flag[str, "the remote's URL, as git gives it to the hook"] = "",
    hook: Flag[
        bool, "for git's hook: exit 40 when a guard stops the push, so that no other failure does"
    ] = False,
    landing: Flag[
        str | None, "for --enforce: PID@STARTt of the git push whose tracking refs are on stdin"
    ] = None,
    prepare: Flag[bool, "for git's hook: write which program works here, and look at no push"] = False,
) -> ExitCode | int:
    """Check a push and start its watcher; git runs this, with the ref lines on stdin."""
    from afterpush.workflows import hooks

    if prepare:
        return hooks.prepare()
    if landing:
        return hooks.watch_landing(landing)
    return hooks.look_at_push(remote, url, as_hook=hook)


@task()
def post_push(
    sha: Flag[Any, "the commit that was pushed (default: HEAD)"] = None,
    ref: Flag[str | None, "the branch that it was pushed to, to be checked against deploy.branches"] = None,
    unproved: Flag[bool, "it is not known whether the push landed; its deployment would show it"] = False,
    json: Json = False,
) -> ExitCode:
    """Start the background monitor of a landed push, unless it is live already."""
    from afterpush.workflows.hooks import watch_pushed

    return watch_pushed(sha, ref, unproved=unproved, json=json)


@task()
def install(
    manager: Flag[str, MANAGER] = "auto",
    enforce: Flag[bool, "also watch pushes made with --no-verify (a reference-transaction hook)"] = False,
    hint: Flag[
        str | None, "what a clone without afterpush prints: how your team gets it (hooks.install_hint)"
    ] = None,
    dry_run: Flag[bool, "print what would be written, write nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Install the git hooks; existing hooks keep running."""
    from afterpush.workflows.hooks_install import install_hooks

    return install_hooks(manager, enforce=enforce, hint=hint, dry_run=dry_run, json=json)


@task()
def uninstall(
    manager: Flag[str, MANAGER] = "auto",
    dry_run: Flag[bool, "print what would be undone, undo nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Remove our lines from the hooks; what was there before is restored."""
    from afterpush.workflows.hooks_install import uninstall_hooks

    return uninstall_hooks(manager, dry_run=dry_run, json=json)


@task()
def status(manager: Flag[str, MANAGER] = "auto", json: Json = False) -> ExitCode:
    """Prove with a trial push into a temporary repository that pushes are watched here."""
    from afterpush.workflows.hooks import show_status

    return show_status(manager, json=json)


ns = Collection("hooks", pre_push, post_push, install, uninstall, status)
