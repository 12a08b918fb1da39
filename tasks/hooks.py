"""The git hooks: every push is looked at, and watched once it has landed."""

from typing import Any

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task

JSON = "print one JSON document on stdout"
MANAGER = "who runs the hooks: auto (the owner of core.hooksPath), husky or git"


@task(
    help={
        "remote": "the remote's name, as git gives it to the hook",
        "url": "the remote's URL, as git gives it to the hook",
        "hook": "for git's hook: exit 40 when a guard stops the push, so that no other failure does",
        "landing": "for --enforce: PID@STARTt of the git push whose tracking refs are on stdin",
        "prepare": "for git's hook: write which program works here, and look at no push",
    }
)
def pre_push(
    context: Any,
    remote: str = "",
    url: str = "",
    hook: bool = False,
    landing: str | None = None,
    prepare: bool = False,
) -> ExitCode | int:
    """Check a push and start its watcher; git runs this, with the ref lines on stdin."""
    from afterpush.workflows import hooks

    if prepare:
        return hooks.prepare()
    if landing:
        return hooks.watch_landing(landing)
    return hooks.look_at_push(remote, url, as_hook=hook)


@task(
    help={
        "sha": "the commit that was pushed (default: HEAD)",
        "ref": "the branch that it was pushed to, to be checked against deploy.branches",
        "unproved": "it is not known whether the push landed; its deployment would show it",
        "json": JSON,
    }
)
def post_push(
    context: Any, sha: Any = None, ref: str | None = None, unproved: bool = False, json: bool = False
) -> ExitCode:
    """Start the background monitor of a landed push, unless it is live already."""
    from afterpush.workflows.hooks import watch_pushed

    return watch_pushed(sha, ref, unproved=unproved, json=json)


@task(
    help={
        "manager": MANAGER,
        "enforce": "also watch pushes made with --no-verify (a reference-transaction hook)",
        "hint": "what a clone without afterpush prints: how your team gets it (hooks.install_hint)",
        "dry_run": "print what would be written, write nothing",
        "json": JSON,
    }
)
def install(
    context: Any,
    manager: str = "auto",
    enforce: bool = False,
    hint: str | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> ExitCode:
    """Install the git hooks; existing hooks keep running."""
    from afterpush.workflows.hooks_install import install_hooks

    return install_hooks(manager, enforce=enforce, hint=hint, dry_run=dry_run, json=json)


@task(help={"manager": MANAGER, "dry_run": "print what would be undone, undo nothing", "json": JSON})
def uninstall(context: Any, manager: str = "auto", dry_run: bool = False, json: bool = False) -> ExitCode:
    """Remove our lines from the hooks; what was there before is restored."""
    from afterpush.workflows.hooks_install import uninstall_hooks

    return uninstall_hooks(manager, dry_run=dry_run, json=json)


@task(help={"manager": MANAGER, "json": JSON})
def status(context: Any, manager: str = "auto", json: bool = False) -> ExitCode:
    """Prove with a trial push into a temporary repository that pushes are watched here."""
    from afterpush.workflows.hooks import show_status

    return show_status(manager, json=json)


ns = Collection("hooks", pre_push, post_push, install, uninstall, status)
