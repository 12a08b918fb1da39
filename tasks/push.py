"""push, push.check: getting local commits onto the shared branch, however many push at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from invoke import Collection

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.invocation import program
from afterpush.tasks._task import task, whole_number
from afterpush.workflows.app_repository import AppRepository, app_repository, redacted

if TYPE_CHECKING:
    from afterpush.push.outcome import PushResult
    from afterpush.push.request import PushContext, PushRequest


@task(
    default=True,
    help={
        "remote": "where to push to (default: push.remote)",
        "branch": "the remote's branch (default: push.branch)",
        "attempts": "lost races before it gives up (default: push.attempts)",
        "dry_run": "show what would be pushed or be in conflict; change nothing",
        "autostash": "set uncommitted changes aside meanwhile",
        "json": "print one JSON document on stdout",
    },
)
def run(
    context: Any,
    remote: str | None = None,
    branch: str | None = None,
    attempts: str | None = None,
    dry_run: bool = False,
    autostash: bool = False,
    json: bool = False,
) -> ExitCode:
    """Fetch, rebase, merge documents by meaning, check and push; retry a lost race, undo on a conflict."""
    from afterpush.infra.configuration.trust import commands_with, configured
    from afterpush.infra.console import print_json, say
    from afterpush.infra.processes.signals import interruptible
    from afterpush.push.predict import dry_run as predicted
    from afterpush.push.run import push
    from afterpush.workflows.trust import require

    here = app_repository()
    order = _order(here, remote, branch, attempts, autostash)
    if order.check and not dry_run:
        require(here, commands_with(here.settings, configured("push.check", order.check)))
    with interruptible(), _world(here) as context:
        outcome = predicted(order, context) if dry_run else push(order, context)
    if not json:
        say(outcome.text)
    watch = _watch(here, outcome) if outcome.pushed else None
    if json:
        print_json(outcome.document | {"watch": watch})
    return outcome.exit_code


@task(
    help={
        "remote": "where inv push would push to (default: push.remote)",
        "branch": "the remote's branch (default: push.branch)",
        "json": "print one JSON document on stdout",
    }
)
def check(context: Any, remote: str | None = None, branch: str | None = None, json: bool = False) -> ExitCode:
    """Show how far ahead and behind the branch is, and what would conflict; changes nothing."""
    from afterpush.infra.console import print_json, say
    from afterpush.push.predict import predict

    here = app_repository()
    with _world(here) as context:
        seen = predict(_order(here, remote, branch, None, autostash=True), context)
    print_json(seen.document) if json else say(seen.text)
    return seen.exit_code


def _order(
    here: AppRepository, remote: str | None, branch: str | None, attempts: str | None, autostash: bool
) -> "PushRequest":
    from afterpush.infra.git.fetch_push import Target
    from afterpush.push.request import PushRequest

    settings = here.settings.push
    return PushRequest(
        Target(remote or settings.remote, (branch or settings.branch).removeprefix("refs/heads/")),
        whole_number(attempts, "--attempts", default=settings.attempts, least=1),
        settings.strategy,
        settings.check,
        autostash,
    )


@contextmanager
def _world(here: AppRepository) -> "Iterator[PushContext]":
    """A push's context: the merge driver comes from the conflicts feature."""
    import random
    import sys

    from afterpush.conflicts.git.on_the_fly import driver_options, is_document, why_in_conflict
    from afterpush.infra.clock import SystemClock
    from afterpush.infra.console import note
    from afterpush.infra.state import feature_folder
    from afterpush.push.combine import Merging
    from afterpush.push.request import PushContext
    from afterpush.workflows.trust import command_environment

    documents = here.settings.documents
    with driver_options(here.repo, documents, sys.executable) as options:
        merging = Merging(
            options,
            lambda path, base, ours, theirs: why_in_conflict(path, base, ours, theirs, documents),
            lambda path: is_document(path, documents),
        )
        variables = command_environment(here)
        state = feature_folder(here.repo, "push")
        yield PushContext(here.repo, state, merging, SystemClock(), random.random, note, variables)


def _watch(here: AppRepository, outcome: "PushResult") -> dict[str, Any]:
    """Starts the watch over the deployment: its process and log, or why there is none.

    The push has landed, whatever comes of the watch.
    """
    from afterpush.infra.console import note
    from afterpush.workflows.deploy.watch import start_background

    if outcome.target.branch not in here.settings.deploy.branches:
        return {"reason": f"{outcome.target.branch} is not in deploy.branches"}
    try:
        started = start_background(here, outcome.sha)
    except AfterpushError as error:
        reason = redacted(str(error))
        note(f"afterpush: the push landed, but its deployment is not watched: {reason}")
        return {"reason": reason}
    note(
        f"watching the deployment of {outcome.sha[:7]} (pid {started.pid}): {program()} deploy.status --wait"
    )
    return {"pid": started.pid, "log_path": started.log_path}


ns = Collection("push", run, check)
