"""What a push and its prediction are made of: the merge driver of the conflicts feature, and the watch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, NotRequired, TypedDict

from afterpush.infra.clock import SystemClock
from afterpush.infra.configuration.approvals import commands_with, configured
from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.invocation import program
from afterpush.infra.state import feature_folder
from afterpush.push.outcome import Prediction, PushResult
from afterpush.push.predict import dry_run as predicted
from afterpush.push.predict import predict
from afterpush.push.request import PushContext, PushRequest
from afterpush.push.run import push
from afterpush.workflows.app_repository import AppRepository, redacted
from afterpush.workflows.trust import command_environment, require


class Watch(TypedDict):
    """Who watches the deployment of what was pushed."""

    pid: NotRequired[Annotated[int | None, "the monitor of the pushed commit"]]
    log_path: NotRequired[Annotated[str, "its log"]]
    reason: NotRequired[Annotated[str, "why nothing watches it; then `pid` and `log_path` are absent"]]


class PushDocument(TypedDict):
    """The keys of `push --json`."""

    pushed: Annotated[bool, "whether the remote has the commit"]
    sha: Annotated[str, "full sha of what was pushed, else of where the branch is"]
    attempts: Annotated[int, "pushes that were tried"]
    resolved: Annotated[list[str], "paths that were merged by their meaning"]
    unresolved: Annotated[list[str], "paths in conflict"]
    reasons: Annotated[dict[str, list[str]], "why each of them is, by path"]
    conflicting_commit: Annotated[str | None, "full sha of the commit that does not fit; null otherwise"]
    remote: Annotated[str, "the remote's name"]
    branch: Annotated[str, "the remote's branch"]
    commits: Annotated[int, "how many commits went out"]
    recovery_ref: Annotated[str | None, "a ref that keeps the branch as it was; null when it did not move"]
    message: Annotated[str, "one sentence for people"]
    dry_run: Annotated[bool, "whether nothing was to be changed"]
    watch: Annotated[Watch | None, "who watches the deployment; null when nothing was pushed"]


class PredictionDocument(TypedDict):
    """The keys of `push.check --json`."""

    behind: Annotated[int, "commits that the remote has and we do not"]
    ahead: Annotated[int, "commits that we have and the remote does not"]
    conflicts: Annotated[list[str], "paths that would be in conflict"]
    reasons: Annotated[dict[str, list[str]], "why each of them would, by path"]
    conflicting_commit: Annotated[str | None, "full sha of the commit that does not fit; null otherwise"]
    resolved: Annotated[list[str], "paths that would be merged by their meaning"]
    remote: Annotated[str, "the remote's name"]
    branch: Annotated[str, "the remote's branch"]
    sha: Annotated[str, "full sha of where the branch is"]


@dataclass(frozen=True)
class Wanted:
    """Where to push to and how; None is what is configured."""

    remote: str | None = None
    branch: str | None = None
    attempts: int | None = None
    autostash: bool = False


def push_here(here: AppRepository, wanted: Wanted, *, dry_run: bool = False) -> PushResult:
    """Pushes, or tells what a push would do. Raises AfterpushError, also for a check without a yes."""
    order = _order(here, wanted)
    if order.check and not dry_run:
        require(here, commands_with(here.settings, configured("push.check", order.check)))
    with _world(here) as context:
        return predicted(order, context) if dry_run else push(order, context)


def predict_here(here: AppRepository, wanted: Wanted) -> Prediction:
    """How far ahead and behind the branch is, and what would conflict."""
    with _world(here) as context:
        return predict(_order(here, wanted), context)


def _order(here: AppRepository, wanted: Wanted) -> PushRequest:
    settings = here.settings.push
    return PushRequest(
        Target(
            wanted.remote or settings.remote, (wanted.branch or settings.branch).removeprefix("refs/heads/")
        ),
        settings.attempts if wanted.attempts is None else wanted.attempts,
        settings.strategy,
        settings.check,
        wanted.autostash,
    )


@contextmanager
def _world(here: AppRepository) -> Iterator[PushContext]:
    """A push's context: the merge driver comes from the conflicts feature."""
    import random

    from afterpush.conflicts.git.on_the_fly import merging_documents

    with merging_documents(here.repo, here.settings.documents) as merging:
        variables = command_environment(here)
        state = feature_folder(here.repo, "push")
        yield PushContext(here.repo, state, merging, SystemClock(), random.random, note, variables)


def watch_push(here: AppRepository, outcome: PushResult) -> Watch:
    """Starts the watch over the deployment: its process and log, or why there is none.

    The push has landed, whatever comes of the watch.
    """
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
