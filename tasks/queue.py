"""queue.*: branches of any agent onto main, in batches, each checked before it lands."""

from typing import Annotated as Flag
from typing import Any

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import Json, task, whole_number
from afterpush.workflows.app_repository import app_repository

BRANCH = "names of branches, here or on the remote, separated by commas"
PATTERN = "branches whose names match, as a shell matches: 'agents/*'"
AUTHOR = "only branches whose last commit is by this author (part of a name or an address)"
PRIORITY = "a number; lower ones land first (default: 2)"


def _priority(text: Any) -> int:
    from afterpush.swarm.merge_queue.model import USUAL_PRIORITY

    return whole_number(text, "--priority", default=USUAL_PRIORITY)


@task()
def add(
    branch: Flag[Any, BRANCH] = None,
    pattern: Flag[Any, PATTERN] = None,
    author: Flag[Any, AUTHOR] = None,
    priority: Flag[Any, PRIORITY] = None,
    dry_run: Flag[bool, "show what would be added, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Add branches to the merge queue; queue.run lands them."""
    from afterpush.workflows import queue

    asked = queue.wanted(branch, pattern, author)
    return queue.add(app_repository(), asked, _priority(priority), dry_run=dry_run, json=json)


@task()
def run(
    branch: Flag[Any, f"{BRANCH}: added first"] = None,
    pattern: Flag[Any, f"{PATTERN}: added first"] = None,
    author: Flag[Any, AUTHOR] = None,
    priority: Flag[Any, PRIORITY] = None,
    check: Flag[Any, "a shell command that must succeed on what lands (default: swarm.check)"] = None,
    parallel: Flag[Any, "how many checks run at once (default: 2, or 1 on a single core)"] = None,
    hosts: Flag[Any, "machines that ssh reaches, separated by commas, on which checks run"] = None,
    hold_on_failure: Flag[bool, "land nothing while what landed last is not live"] = False,
    dry_run: Flag[bool, "show what would be landed, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Land the queued branches on main in checked batches; name what fails, and with what."""
    from afterpush.workflows import queue

    return queue.run(
        app_repository(),
        queue.wanted(branch, pattern, author),
        _priority(priority),
        check=check,
        parallel=whole_number(parallel, "--parallel", default=1, least=1) if parallel else None,
        hosts=hosts,
        hold_on_failure=hold_on_failure,
        dry_run=dry_run,
        json=json,
    )


@task()
def status(json: Json = False) -> ExitCode:
    """Show the queue: what waits, what landed and is live, what failed and why."""
    from afterpush.workflows import queue

    return queue.status(app_repository(), json=json)


@task()
def remove(
    branch: Flag[Any, "names of branches in the queue, separated by commas"] = None,
    pattern: Flag[Any, PATTERN] = None,
    dry_run: Flag[bool, "show what would be removed, change nothing"] = False,
    json: Json = False,
) -> ExitCode:
    """Take branches out of the queue; those that have landed stay listed."""
    from afterpush.workflows import queue

    return queue.remove(app_repository(), branch, pattern, dry_run=dry_run, json=json)


ns = Collection("queue", add, run, status, remove)
