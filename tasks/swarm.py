"""swarm.*: many agents, one main."""

from typing import TYPE_CHECKING, Any

from invoke import Collection

from afterpush.ground.errors import AfterpushError, ExitCode
from afterpush.tasks._door import Site, door, number, site, whole_number

if TYPE_CHECKING:
    from afterpush.swarm.mainline import Mainline
    from afterpush.swarm.selection import Selection
    from afterpush.swarm.world import RunOrder
    from afterpush.tasks._swarming import Roadmap

JSON = "print one JSON document on stdout"


@door(
    optional=["ready"],
    help={
        "tasks": "IDs of the roadmap, separated by commas",
        "ready": "all tasks that are ready and unblocked, or the first N of them by priority",
        "agents": "how many agents work at once (default: swarm.agents)",
        "command": "the shell command of an agent, run in its worktree (default: swarm.command)",
        "check": "a shell command that must succeed on the merged tree (default: swarm.check)",
        "timeout": "seconds until an agent is ended (default: swarm.timeout_seconds)",
        "engine": "local or dask (default: swarm.engine)",
        "dry_run": "show what would be run, change nothing",
        "json": JSON,
    },
)
def run(
    context: Any,
    tasks: Any = None,
    ready: Any = None,
    agents: Any = None,
    command: Any = None,
    check: Any = None,
    timeout: Any = None,
    engine: Any = None,
    dry_run: bool = False,
    json: bool = False,
) -> ExitCode:
    """Give tasks to agents, each in its own worktree, and merge what passes the check into main."""
    from afterpush.ground.console import print_json, say
    from afterpush.swarm import planning, report
    from afterpush.swarm.mainline import Mainline
    from afterpush.swarm.run import open_journal, run_swarm
    from afterpush.tasks._swarming import Roadmap, opened_engine, target_of, world_of

    here = site()
    order = _order(here, agents, command, check, timeout)
    mainline = Mainline(here.repo, target_of(here))
    roadmap = Roadmap(here, mainline.look()[0])
    selection = _selection(roadmap, mainline, tasks, ready)
    with world_of(here, lambda: roadmap.tasks) as world:
        engine_of = opened_engine(here, world, order, engine)
        if dry_run:
            records = open_journal(world).records()
            planned = planning.plan(
                selection, records, world, mainline, order.command, order.check, order.agents
            )
            print_json(planned) if json else say(planning.plan_text(planned))
            return ExitCode.GOOD
        ended = run_swarm(selection, order, world, mainline, engine_of)
    print_json(report.document(ended)) if json else say(report.text(ended))
    return ended.exit_code


def _order(here: Site, agents: Any, command: Any, check: Any, timeout: Any) -> "RunOrder":
    from afterpush.swarm.world import RunOrder
    from afterpush.tasks._swarming import bounds_of

    settings = here.settings.swarm
    wanted = command or settings.command
    if not wanted:
        raise AfterpushError("which command is an agent? give --command='...', or set swarm.command")
    seconds = number(timeout, "--timeout", default=settings.timeout_seconds) or 0.0
    count = whole_number(agents, "--agents", default=settings.agents, least=1)
    return RunOrder(str(wanted), check or settings.check, count, bounds_of(here, seconds))


def _selection(roadmap: "Roadmap", mainline: "Mainline", tasks: Any, ready: Any) -> "Selection":
    from afterpush.swarm.selection import select_named, select_ready
    from afterpush.tasks._swarming import split

    ids = split(tasks)
    if bool(ids) == bool(ready):
        raise AfterpushError("which tasks? give --tasks=ID,ID or --ready (or --ready=N), one of them")
    if ids:
        return select_named(roadmap.tasks, ids)
    limit = None if ready is True else whole_number(ready, "--ready", default=0, least=1)
    return select_ready(roadmap.tasks, limit, lambda task: mainline.landed(task) is not None)


ns = Collection("swarm", run)
