"""push, push.check: getting local commits onto the shared branch, however many push at once."""

from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, answer, task, whole_number
from afterpush.workflows.app_repository import app_repository


@task(default=True)
def run(
    remote: Flag[str | None, "where to push to (default: push.remote)"] = None,
    branch: Flag[str | None, "the remote's branch (default: push.branch)"] = None,
    attempts: Flag[str | None, "lost races before it gives up (default: push.attempts)"] = None,
    dry_run: Flag[bool, "show what would be pushed or be in conflict; change nothing"] = False,
    autostash: Flag[bool, "set uncommitted changes aside meanwhile"] = False,
    json: Json = False,
) -> ExitCode:
    """Fetch, rebase, merge documents by meaning, check and push; retry a lost race, undo on a conflict."""
    from afterpush.infra.console import print_json, say
    from afterpush.infra.processes.signals import interruptible
    from afterpush.workflows.push import Wanted, push_here, watch_push

    here = app_repository()
    tries = whole_number(attempts, "--attempts", default=here.settings.push.attempts, least=1)
    with interruptible():
        outcome = push_here(here, Wanted(remote, branch, tries, autostash), dry_run=dry_run)
    if not json:
        say(outcome.text)
    watch = watch_push(here, outcome) if outcome.pushed else None
    if json:
        print_json(outcome.document | {"watch": watch})
    return outcome.exit_code


@task()
def check(
    remote: Flag[str | None, "where inv push would push to (default: push.remote)"] = None,
    branch: Flag[str | None, "the remote's branch (default: push.branch)"] = None,
    json: Json = False,
) -> ExitCode:
    """Show how far ahead and behind the branch is, and what would conflict; changes nothing."""
    from afterpush.workflows.push import Wanted, predict_here

    seen = predict_here(app_repository(), Wanted(remote, branch, autostash=True))
    answer(seen.document, lambda _: seen.text, json=json)
    return seen.exit_code


ns = Collection("push", run, check)
