"""What is there and what is missing: tools, credentials, services, this repository."""

from functools import partial
from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.clock import SystemClock
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.tasks._task import Json, answer, task
from afterpush.workflows.app_repository import AppRepository, app_repository


@task()
def check(json: Json = False) -> ExitCode:
    """Check tools, credentials, services and repository; name each problem with its cure."""
    from afterpush.environment.check import examine
    from afterpush.environment.report import report_text

    report = examine(_surroundings(app_repository()))
    return answer(report, report_text, json=json, is_good=not report.has_errors)


def _surroundings(here: AppRepository) -> Any:
    """What the check looks at: the same sources, built in the same way, as a watch has them."""
    from afterpush.deploy.monitor import setup
    from afterpush.deploy.watch.sources.health import shown_commit
    from afterpush.environment.check import Surroundings
    from afterpush.environment.database_probe import probe_database
    from afterpush.environment.health_probe import probe_health
    from afterpush.environment.platform_probe import probe_platform
    from afterpush.infra.database import address_from_variables

    problem = _configuration_problem(here)
    clock, settings, environment = SystemClock(), here.settings, here.environment
    return Surroundings(
        configuration_problem=problem,
        repo=here.repo,
        root=here.root,
        state_folder=here.state.path,
        settings=settings,
        environment=environment,
        hooks=_hooks(here),
        probes=(
            partial(
                probe_platform,
                partial(setup.app_platform, environment, clock),
                partial(setup.wanted_app, here),
                clock,
            ),
            partial(
                probe_database,
                partial(address_from_variables, environment),
                settings.deploy.database_table,
                clock,
            ),
            partial(
                probe_health,
                partial(setup.health_url, here),
                partial(shown_commit, field=settings.health.commit_field),
                clock,
            ),
        ),
    )


def _configuration_problem(here: AppRepository) -> str | None:
    """What is wrong with the configuration; then the rest is checked with the defaults."""
    from afterpush.infra.configuration.settings import Settings

    try:
        here.settings  # noqa: B018  # Read here for its errors; it stays read.
    except AfterpushError as error:
        here.settings = Settings()
        return str(error)
    return None


def _hooks(here: AppRepository) -> Any:
    """What the hooks feature knows without trying a push."""
    from afterpush.environment.repository import Hooks
    from afterpush.hooks.install.managers import find_owner
    from afterpush.hooks.install.plan import is_called
    from afterpush.hooks.install.run_script import program_of
    from afterpush.hooks.notes import unwatched_pushes
    from afterpush.hooks.policy import policy_of
    from afterpush.workflows.hooks_install import is_program_good

    owner = find_owner(here.repo)
    program, variables = program_of(here.repo), here.environment.for_child()
    return Hooks(
        manager=owner.manager,
        folder=owner.hooks_path,
        is_prepared=owner.is_prepared,
        calls_us=is_called(here.repo, owner),
        off=policy_of(here.settings).switched_off(variables),
        program=program,
        is_program_good=is_program_good(here),
        unwatched=unwatched_pushes(here.repo),
    )


@task()
def trust(
    show: Flag[bool, "only show what could run, and whether you said yes"] = False,
    revoke: Flag[bool, "take every yes of this clone back"] = False,
    json: Json = False,
) -> ExitCode:
    """Trust what this repository's files make us run, in this clone, until they change."""
    from afterpush.workflows.trust import items_of, report, report_text, trust_of

    here = app_repository()
    if revoke:
        trust_of(here).revoke()
    elif not show:
        trust_of(here).say_yes(items_of(here))
    found = report(here)
    return answer(found, report_text, json=json)


ns = Collection("env", check, trust)
