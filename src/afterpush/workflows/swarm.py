"""What the swarm's tasks share: the context of a run, composed of conflicts, prompts and deploying."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from afterpush.infra.clock import SystemClock
from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.globs import matches_any
from afterpush.infra.invocation import program, program_in
from afterpush.infra.printable import command_line
from afterpush.infra.safe_paths import Gate, Refused
from afterpush.infra.state import feature_folder
from afterpush.roadmap import Task
from afterpush.swarm.context import Bounds, RunRequest, SwarmContext
from afterpush.swarm.journal import JOURNAL, TaskJournal
from afterpush.swarm.plan import tasks_on
from afterpush.workflows.app_repository import DEFAULTS, AppRepository, redacted, warn_on_error
from afterpush.workflows.trust import command_environment

WORKTREES_VARIABLE = "AFTERPUSH_WORKTREES"


class Roadmap:
    """The tasks on the remote's main."""

    def __init__(self, here: AppRepository, commit: str) -> None:
        self._here, self._commit = here, commit

    @cached_property
    def tasks(self) -> dict[str, Task]:
        globs = self._here.settings.prompts.roadmap
        return tasks_on(self._here.repo, self._commit, lambda path: matches_any(path, globs))


def target_of(here: AppRepository) -> Target:
    """The branch that everything lands on."""
    return Target(here.settings.push.remote, here.settings.push.branch)


def state_of(here: AppRepository) -> Path:
    """The swarm's own folder in the git folder."""
    return feature_folder(here.repo, "swarm")


def worktrees_of(here: AppRepository) -> Path:
    """Where worktrees lie: `swarm.worktrees`, else next to the repository."""
    named = os.environ.get(WORKTREES_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    configured = here.settings.swarm.worktrees
    if configured:
        try:
            return Gate(here.root).folder(configured)
        except Refused as error:
            raise Refused(
                f"swarm.worktrees: {error}; a folder elsewhere is yours to name, by the variable "
                f"{WORKTREES_VARIABLE}"
            ) from error
    return here.root.resolve().parent / f"{here.root.resolve().name}-swarm"


@contextmanager
def swarm_context(here: AppRepository, tasks: Callable[[], dict[str, Task]] = dict) -> Iterator[SwarmContext]:
    """The context that the swarm acts on; the merge driver comes from the conflicts feature."""
    from afterpush.conflicts.git.on_the_fly import merging_documents

    main = target_of(here).tracking_ref
    with merging_documents(here.repo, here.settings.documents, branch=main) as merging:
        yield SwarmContext(
            repo=here.repo,
            state=state_of(here),
            worktrees=worktrees_of(here),
            target=target_of(here),
            merging=merging,
            clock=SystemClock(),
            environment=command_environment(here),
            note=note,
            redact=here.environment.redactor(),
            prompt_for=_prompts(here, tasks),
            watch=_Watching(here),
            explain=_explainer(here),
            token=lambda: secrets.token_hex(8),
            host=socket.gethostname(),
        )


def _prompts(here: AppRepository, tasks: Callable[[], dict[str, Task]]) -> Callable[[Task], str]:
    """Renders the prompt of a task, as `prompts.regen` would write it."""
    from afterpush.documents.prompts.template import PromptContext, find_template

    push = here.settings.push
    around = PromptContext(push.remote, push.branch, program_in(here.repo))

    def render(task: Task) -> str:
        template = find_template(here.repo, here.settings.prompts.template, DEFAULTS)
        return template.render(task, tasks(), around)

    return render


class _Watching:
    """Starts a deployment monitor for each landed commit, until that turns out not to be configured."""

    def __init__(self, here: AppRepository) -> None:
        self._here = here
        self._is_hopeless = here.settings.push.branch not in here.settings.deploy.branches
        self._is_checked = False

    def __call__(self, sha: str) -> None:
        from afterpush.workflows.deploy.watch import start_background

        if not self._is_checked and not self._is_hopeless and not _has_source(self._here):
            note(f"landed commits are not watched: no source is configured ({program()} env.check says how)")
            self._is_hopeless = True
        self._is_checked = True
        if self._is_hopeless:
            return
        with warn_on_error("the commit landed, but its deployment is not watched"):
            try:
                started = start_background(self._here, sha)
            except AfterpushError:
                self._is_hopeless = True
                raise
            note(f"watching the deployment of {sha[:7]} (pid {started.pid})")


def _explainer(here: AppRepository) -> Callable[[Path], str]:
    """What `deploy.explain` says of the log of a check, in a sentence; "" when it does not know."""

    def explain(log: Path) -> str:
        from afterpush.deploy.explain.explanation import explain_files
        from afterpush.deploy.explain.signature_files import load_failures
        from afterpush.deploy.explain.signatures import UNKNOWN

        with warn_on_error("the check failed, and its log was not explained"):
            found = explain_files([log], load_failures(here.root), redact=here.environment.redactor())
            if found.category not in (None, UNKNOWN):
                return f"{found.category}: {found.title} {found.line.strip()}"
        return ""

    return explain


def _has_source(here: AppRepository) -> bool:
    """Whether there is anything to ask about deployments: else each monitor would only end at once."""
    from afterpush.deploy.monitor.setup import health_url

    names = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DB_HOST")
    return bool(health_url(here) or any(map(here.environment.source_of, names)))


def show_commands(agent: str = "", check: str | None = None, workers: str = "") -> None:
    """Shows what is about to be run, and on which machines: to start it by hand is the user's yes to what is
    shown."""
    for name, text in (("agent", agent), ("check", check), ("workers", workers)):
        if text:
            note(f"{name}: {redacted(command_line(text))}")


def bounds_of(here: AppRepository, timeout_seconds: float) -> Bounds:
    """The bounds of a run, from the configuration."""
    settings = here.settings.swarm
    return Bounds(
        timeout_seconds,
        settings.memory_megabytes,
        settings.disk_free_megabytes,
        settings.attempts,
        here.settings.push.attempts,
        settings.claim_seconds,
    )


def merge_order(here: AppRepository, check: str | None) -> RunRequest:
    """The order of a queue without agents."""
    settings = here.settings.swarm
    bounds = bounds_of(here, settings.timeout_seconds)
    return RunRequest("", check or settings.check, settings.agents, bounds, only_merge=True)


def journal_of(here: AppRepository) -> TaskJournal:
    """The journal of this clone's swarm."""
    return TaskJournal(state_of(here) / JOURNAL, SystemClock())


def split(ids: str | None) -> list[str]:
    """`A,B` as a list."""
    return [word for word in (ids or "").replace(",", " ").split() if word]
