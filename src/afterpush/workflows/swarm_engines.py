"""A run of the swarm, and the engine that it is on: this machine, a dask scheduler, or hosts over SSH."""

from typing import TYPE_CHECKING

from afterpush.infra.git import remote_urls
from afterpush.infra.git.urls import without_credentials
from afterpush.swarm.agent.attempt import AttemptSpec
from afterpush.swarm.context import RunRequest, SwarmContext
from afterpush.swarm.engines import Engine, LocalEngine
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.plan import RunPlan, plan
from afterpush.swarm.run import RunReport, run_swarm
from afterpush.swarm.selection import Selection

if TYPE_CHECKING:
    from afterpush.swarm.remote.checks import Workers
    from afterpush.swarm.remote.worker import CloneSource

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.swarm import Roadmap, journal_of, show_commands, split, swarm_context, target_of

LOCAL, DASK = "local", "dask"


@dataclass(frozen=True)
class EngineChoice:
    """The engine that was asked for; with dask exactly one of the two is given."""

    name: str
    scheduler: str | None = None
    hosts: tuple[str, ...] = ()

    @property
    def workers(self) -> str:
        """Where agents run, for people; empty on this machine."""
        return ", ".join(self.hosts) or self.scheduler or ""


def choice(here: AppRepository, engine: str | None, scheduler: str | None, hosts: str | None) -> EngineChoice:
    """From flags, else from the configuration. Raises AfterpushError for what does not fit together."""
    settings = here.settings.swarm
    named = bool(scheduler or hosts)
    name = engine or (DASK if named else settings.engine)
    if name not in (LOCAL, DASK):
        raise AfterpushError(f"--engine={name}: expected local or dask")
    if name == LOCAL:
        if named:
            raise AfterpushError("--hosts and --scheduler go with --engine=dask; leave --engine=local out")
        return EngineChoice(LOCAL)
    if scheduler and hosts:
        raise AfterpushError("--hosts makes a scheduler of its own; give it or --scheduler, not both")
    machines = tuple(split(hosts)) or (() if scheduler else tuple(settings.hosts))
    if machines:
        if len(set(machines)) != len(machines):
            raise AfterpushError(f"--hosts={','.join(machines)}: one of them is named twice")
        return EngineChoice(DASK, hosts=machines)
    address = scheduler or settings.scheduler
    if not address:
        raise AfterpushError(
            "where are the workers? give --hosts=user@box,user@box, or --scheduler=tcp://127.0.0.1:8786 "
            "(or tls://...), or set swarm.hosts or swarm.scheduler"
        )
    return EngineChoice(DASK, scheduler=address)


def run_here(
    here: AppRepository,
    order: RunRequest,
    chosen: EngineChoice,
    select: Callable[[Roadmap, Mainline], Selection],
    *,
    dry_run: bool,
) -> RunReport | RunPlan:
    """Runs the tasks that `select` chooses, or only plans it. Raises AfterpushError."""
    if not dry_run:
        show_commands(order.command, order.check, chosen.workers)
    mainline = Mainline(here.repo, target_of(here))
    roadmap = Roadmap(here, mainline.look()[0])
    selection = select(roadmap, mainline)
    with swarm_context(here, lambda: roadmap.tasks) as context:
        engine = _opened_engine(here, context, order, chosen)
        if dry_run:
            return plan(selection, journal_of(here).records(), order, context, mainline)
        return run_swarm(selection, order, context, mainline, engine)


def _opened_engine(
    here: AppRepository, context: SwarmContext, order: RunRequest, chosen: EngineChoice
) -> Callable[[], Engine[AttemptSpec]]:
    """What opens the engine. Raises AfterpushError for an address that is not safe to use."""
    if chosen.name == LOCAL:
        return lambda: LocalEngine(here.repo, order.agents, context.environment, context.clock)
    return opened_workers(here, context, order.agents, chosen)


def opened_workers(
    here: AppRepository, context: SwarmContext, places: int, chosen: EngineChoice
) -> "Callable[[], Workers]":
    """What opens the workers on other machines, with so many places in all."""
    if chosen.hosts:
        from afterpush.swarm.remote.hosts import HostsEngine

        return lambda: HostsEngine(chosen.hosts, places, _source(here, context), context.note)
    from afterpush.swarm.remote.dask_engine import DaskEngine, checked_address

    address = checked_address(chosen.scheduler or "")
    return lambda: DaskEngine(address, _source(here, context), context.token())


def _source(here: AppRepository, context: SwarmContext) -> "CloneSource":
    """Where workers find the code; they have credentials of their own."""
    from afterpush.swarm.remote.worker import CloneSource

    urls = remote_urls(here.repo, context.target.remote)
    return CloneSource(without_credentials(urls[0]) if urls else context.target.remote, context.target.ref)
