"""swarm.*: many agents, one main."""

from typing import TYPE_CHECKING, Any
from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.tasks._task import Json, answer, number, task, whole_number
from afterpush.workflows.app_repository import AppRepository, app_repository

if TYPE_CHECKING:
    from afterpush.swarm.context import RunRequest
    from afterpush.swarm.merge_queue.mainline import Mainline
    from afterpush.swarm.plan import RunPlan
    from afterpush.swarm.run import RunReport
    from afterpush.swarm.selection import Selection
    from afterpush.workflows.swarm import Roadmap


@task(optional=["ready"])
def run(
    tasks: Flag[Any, "IDs of the roadmap, separated by commas"] = None,
    ready: Flag[Any, "all tasks that are ready and unblocked, or the first N of them by priority"] = None,
    agents: Flag[Any, "how many agents work at once (default: swarm.agents)"] = None,
    command: Flag[Any, "the shell command of an agent, run in its worktree (default: swarm.command)"] = None,
    check: Flag[Any, "a shell command that must succeed on the merged tree (default: swarm.check)"] = None,
    timeout: Flag[Any, "seconds until an agent is ended (default: swarm.timeout_seconds)"] = None,
    engine: Flag[Any, "local or dask (default: swarm.engine)"] = None,
    scheduler: Flag[Any, "address of a running dask scheduler (default: swarm.scheduler)"] = None,
    hosts: Flag[
        Any, "machines that ssh reaches, separated by commas, as workers (default: swarm.hosts)"
    ] = None,
    dry_run: Flag[bool, "show what would be run, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Give tasks to agents, each in its own worktree, and merge what passes the check into main."""
    from afterpush.workflows.swarm_engines import choice, run_here

    here = app_repository()
    chosen = choice(here, engine, scheduler, hosts)
    order = _order(here, agents, command, check, timeout)

    def select(roadmap: "Roadmap", mainline: "Mainline") -> "Selection":
        return _selection(roadmap, mainline, tasks, ready)

    return _answer(run_here(here, order, chosen, select, dry_run=dry_run), json=json)


@task()
def merge(
    tasks: Flag[
        Any, "only these IDs, separated by commas (default: all that are finished and not merged)"
    ] = None,
    check: Flag[Any, "a shell command that must succeed on the merged tree (default: swarm.check)"] = None,
    dry_run: Flag[bool, "show what would be merged, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Merge work that agents finished earlier: after a resolved conflict, a failed check or a crash."""
    from afterpush.swarm.selection import select_finished
    from afterpush.workflows.swarm import journal_of, merge_order, split
    from afterpush.workflows.swarm_engines import LOCAL, EngineChoice, run_here

    here = app_repository()
    order = merge_order(here, check)

    def select(roadmap: "Roadmap", mainline: "Mainline") -> "Selection":
        return select_finished(journal_of(here).records(), split(tasks), lambda: roadmap.tasks)

    found = run_here(here, order, EngineChoice(LOCAL), select, dry_run=dry_run)
    return _answer(found, "nothing waits to be merged", json=json)


@task()
def status(
    once: Flag[bool, "print the table once, also while a manager runs"] = False,
    json: Json = False,
) -> ExitCode:
    """Show the state of every task; in a terminal, live while a manager runs."""
    from afterpush.infra.clock import SystemClock
    from afterpush.infra.console import is_terminal
    from afterpush.swarm import status as states
    from afterpush.workflows.swarm import journal_of, state_of

    here, clock = app_repository(), SystemClock()
    state, journal = state_of(here), journal_of(here)
    if is_terminal() and not (once or json):
        found = states.watch_status(lambda: states.status(state, journal, clock.now()), clock)
    else:
        found = states.status(state, journal, clock.now())
    return answer(found, states.status_text, json=json)


@task()
def stop(
    dry_run: Flag[bool, "show what would be ended, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """End every manager and agent of this clone; worktrees and branches stay."""
    from afterpush.infra.clock import SystemClock
    from afterpush.swarm.context import tag_of
    from afterpush.swarm.stop import stop_swarm, stopped_text, would_stop
    from afterpush.workflows.swarm import journal_of, state_of

    here = app_repository()
    state = state_of(here)
    tag = tag_of(state)
    found = would_stop(state, tag) if dry_run else stop_swarm(state, tag, journal_of(here), SystemClock())
    return answer(found, lambda found: stopped_text(found, dry_run=dry_run), json=json)


@task()
def cleanup(
    dry_run: Flag[bool, "show what would be removed, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Remove worktrees and branches whose change is in main, and claims that have expired."""
    from afterpush.swarm.cleanup import clean_up, cleaned_text
    from afterpush.swarm.merge_queue.mainline import Mainline
    from afterpush.swarm.run import clone_name
    from afterpush.workflows.swarm import swarm_context, target_of

    here = app_repository()
    with swarm_context(here) as context:
        cleaned = clean_up(
            context, Mainline(here.repo, target_of(here)), clone_name(context), dry_run=dry_run
        )
    return answer(cleaned, cleaned_text, json=json)


def _order(here: AppRepository, agents: Any, command: Any, check: Any, timeout: Any) -> "RunRequest":
    from afterpush.swarm.context import RunRequest
    from afterpush.workflows.swarm import bounds_of

    settings = here.settings.swarm
    wanted = command or settings.command
    if not wanted:
        raise AfterpushError("which command is an agent? give --command='...', or set swarm.command")
    seconds = number(timeout, "--timeout", default=settings.timeout_seconds) or 0.0
    count = whole_number(agents, "--agents", default=settings.agents, least=1)
    return RunRequest(str(wanted), check or settings.check, count, bounds_of(here, seconds))


def _selection(roadmap: "Roadmap", mainline: "Mainline", tasks: Any, ready: Any) -> "Selection":
    from afterpush.swarm.selection import select_named, select_ready
    from afterpush.workflows.swarm import split

    ids = split(tasks)
    if bool(ids) == bool(ready):
        raise AfterpushError("which tasks? give --tasks=ID,ID or --ready (or --ready=N), one of them")
    if ids:
        return select_named(roadmap.tasks, ids, mainline.landed)
    limit = None if ready is True else whole_number(ready, "--ready", default=0, least=1)
    return select_ready(roadmap.tasks, limit, lambda task: mainline.landed(task) is not None)


def _answer(found: "RunReport | RunPlan", nothing: str = "no task is ready", *, json: bool) -> ExitCode:
    from afterpush.swarm.plan import RunPlan, plan_text
    from afterpush.swarm.report import document, text

    if isinstance(found, RunPlan):
        return answer(found, plan_text, json=json)
    answer(document(found), lambda _: text(found, nothing), json=json)
    return found.exit_code


ns = Collection("swarm", run, status, stop, cleanup, merge)
