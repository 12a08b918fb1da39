"""One prompt for each task of the roadmap, never stale."""

from typing import TYPE_CHECKING
from typing import Annotated as Flag

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, answer, task
from afterpush.workflows.app_repository import DEFAULTS, AppRepository, app_repository

if TYPE_CHECKING:
    from afterpush.documents.prompts.regen import PromptFolder
    from afterpush.documents.prompts.template import PromptContext
    from afterpush.roadmap import Task

IDS = "only these tasks, separated by commas (default: all)"


@task()
def regen(
    ids: Flag[str, IDS] = "",
    adopt: Flag[bool, "take over hand-written and hand-edited prompts too, showing what changes"] = False,
    dry_run: Flag[bool, "show what would be written, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Write the prompt of every task from the roadmap and the template."""
    from afterpush.documents.prompts import regen as regen_prompts
    from afterpush.documents.prompts.report import regenerated, regenerated_text
    from afterpush.documents.prompts.template import find_template

    here = app_repository()
    tasks = _tasks(here)
    template = find_template(here.repo, here.settings.prompts.template, DEFAULTS)
    wanted = regen_prompts.chosen(tasks, ids.replace(",", " ").split())
    prompts = regen_prompts.plan(wanted, tasks, template, _around(here), _shelf(here), adopt=adopt)
    if not dry_run:
        regen_prompts.apply(prompts, here.repo)
    return answer(
        regenerated(prompts), lambda _: regenerated_text(prompts, dry_run=dry_run, adopt=adopt), json=json
    )


@task()
def check(
    ids: Flag[str, IDS] = "",
    dry_run: Flag[bool, "changes nothing here: a check never writes"] = False,
    json: Json = False,
) -> ExitCode:
    """Find prompts and instructions of agents that are stale, false, lose work or hang."""
    from functools import cache

    from afterpush.documents.prompts.check import check as look
    from afterpush.documents.prompts.report import checked_text
    from afterpush.documents.prompts.template import find_template
    from afterpush.infra.git.tracked_files import files_of
    from afterpush.tasks._task_catalog import catalog
    from afterpush.workflows.manual import facts_here, for_agents_here

    here = app_repository()
    template = cache(lambda: find_template(here.repo, here.settings.prompts.template, DEFAULTS))
    facts = facts_here(here, files_of(here.repo), catalog(here.repo))
    told = for_agents_here(here)
    found = look(
        _shelf(here), _tasks(here), template, _around(here), facts, told, ids.replace(",", " ").split()
    )
    return answer(found, checked_text, json=json, is_good=found.is_good)


def _tasks(here: AppRepository) -> "dict[str, Task]":
    from afterpush.infra.globs import matching
    from afterpush.infra.safe_paths import Gate
    from afterpush.roadmap import read, tasks_by_id

    paths = matching(here.repo, here.settings.prompts.roadmap)
    gate = Gate(here.repo)
    return tasks_by_id(read(gate.read(path), path) for path in paths)


def _shelf(here: AppRepository) -> "PromptFolder":
    from afterpush.documents.prompts.regen import PromptFolder, generated_pattern

    settings = here.settings.prompts
    return PromptFolder(here.repo, settings.output, generated_pattern(settings.generated_pattern))


def _around(here: AppRepository) -> "PromptContext":
    from afterpush.documents.prompts.template import PromptContext
    from afterpush.infra.invocation import program_in

    push = here.settings.push
    return PromptContext(push.remote, push.branch, program_in(here.repo))


ns = Collection("prompts", regen, check)
