"""What hooks.install and hooks.uninstall do: writing the hooks, and trying what calls them."""

import os
from dataclasses import replace

from afterpush.hooks.install.apply_plan import Plan, apply, as_document, describe
from afterpush.hooks.install.plan import DEFAULT_HINT, Wanted, call_line, plan_install, plan_uninstall
from afterpush.hooks.install.run_script import (
    choose_program,
    has_hook_task,
    is_invoke,
    own_program,
    program_of,
)
from afterpush.hooks.notes import hooks_folder
from afterpush.hooks.policy import Policy
from afterpush.hooks.status import goal_of_push
from afterpush.hooks.trial import try_push
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import print_json, say
from afterpush.infra.errors import ExitCode
from afterpush.infra.git import has_commits
from afterpush.infra.invocation import command
from afterpush.workflows.app_repository import AppRepository, app_repository
from afterpush.workflows.hooks import policy_of
from afterpush.workflows.trust import hook_item, may_load_tasks, tasks_item, trust_of

UNTRUSTED_TASKS = "nobody said yes to tasks.py in this clone, so the hook calls afterpush without loading it"


def install_hooks(manager: str, *, enforce: bool, hint: str | None, dry_run: bool, json: bool) -> ExitCode:
    """Tries which program has the hook's task here, writes what calls it, and tries what it set aside."""
    here = app_repository()
    policy = policy_of(here)
    if not dry_run:
        hooks_folder(here.repo)  # Somebody else's: what works here could not be written down.
    loads_tasks = tasks_item(here) is None or may_load_tasks(here)
    program = own_program() if dry_run else choose_program(here.repo, os.environ, loads_tasks=loads_tasks)
    wanted = Wanted(manager, enforce, program, hint or policy.install_hint or _home_page() or DEFAULT_HINT)
    plan = plan_install(here.repo, policy, wanted)
    if not dry_run:
        apply(replace(plan, program=own_program()), here.repo)
        plan = _tried(here, policy, plan, manager)
        # To install them by hand is the yes to what they run, which is shown.
        runs = [item for item in (hook_item(here), tasks_item(here) if loads_tasks else None) if item]
        trust_of(here).say_yes(runs)
        plan = replace(plan, advice=[*plan.advice, *(f"a push runs {item.shown()}" for item in runs)])
    if not loads_tasks:
        cure = f"{command('env.trust')}, then {command('hooks.install')}"
        plan = replace(plan, advice=[*plan.advice, f"{UNTRUSTED_TASKS}; to have it call inv: {cure}"])
    return _report(plan, dry_run=dry_run, json=json)


def is_program_good(here: AppRepository) -> bool:
    """Whether the program that the hooks of this clone call has their task, as far as it may be tried: `inv`
    would load a tasks.py that nobody said yes to, so the hook does not call it either."""
    program = program_of(here.repo)
    if program is None or (is_invoke(program) and not may_load_tasks(here)):
        return True
    return has_hook_task(here.repo, program, os.environ)


def _home_page() -> str | None:
    """The address of this project, from its own package."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("afterpush").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    return next((f"see {url.partition(', ')[2]}" for url in urls), None)


def _tried(here: AppRepository, policy: Policy, plan: Plan, manager: str) -> Plan:
    """A hook that was set aside must run as before: else it comes back, and the line to add is printed."""
    if not any(step.moved_to for step in plan.steps) or not has_commits(here.repo):
        return plan
    goal = goal_of_push(here.repo, policy)

    def is_refused() -> bool:
        push = try_push(here.repo, goal.branch, goal.remote, os.environ, SystemClock())
        return push.push_code != 0

    if not is_refused():
        return plan
    apply(replace(plan_uninstall(here.repo, manager), forgets_program=False), here.repo)
    if is_refused():  # It refuses with or without us.
        apply(plan, here.repo)
        return plan
    problem = f"{plan.owner.pre_push} does not run under ours, and is back; make this its last line"
    return replace(
        plan, steps=[], problems=[*plan.problems, problem], advice=[call_line(here.repo, plan.program)]
    )


def uninstall_hooks(manager: str, *, dry_run: bool, json: bool) -> ExitCode:
    """Takes our lines out again."""
    here = app_repository()
    plan = plan_uninstall(here.repo, manager)
    if not dry_run:
        apply(plan, here.repo)
    return _report(plan, dry_run=dry_run, json=json)


def _report(plan: Plan, *, dry_run: bool, json: bool) -> ExitCode:
    print_json(as_document(plan, dry_run=dry_run)) if json else say(describe(plan, dry_run=dry_run))
    return ExitCode.BAD_ANSWER if plan.problems else ExitCode.GOOD
