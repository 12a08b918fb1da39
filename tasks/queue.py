"""queue.*: branches of any agent onto main, in batches, each checked before it lands."""

from typing import Any

from invoke import Collection

from afterpush.infra.errors import ExitCode
from afterpush.tasks._task import task, whole_number
from afterpush.workflows.app_repository import app_repository

JSON = "print one JSON document on stdout"
BRANCH = "names of branches, here or on the remote, separated by commas"
PATTERN = "branches whose names match, as a shell matches: 'agents/*'"
AUTHOR = "only branches whose last commit is by this author (part of a name or an address)"
PRIORITY = "a number; lower ones land first (default: 2)"


def _priority(text: Any) -> int:
    from afterpush.swarm.merge_queue.model import USUAL_PRIORITY

    return whole_number(text, "--priority", default=USUAL_PRIORITY)


@task(
    help={
        "branch": BRANCH,
        "pattern": PATTERN,
        "author": AUTHOR,
        "priority": PRIORITY,
        "dry_run": "show what would be added, change nothing",
        "json": JSON,
    }
)
def add(
    context: Any,
    branch: Any = None,
    pattern: Any = None,
    author: Any = None,
    priority: Any = None,
    dry_run: bool = False,
    json: bool = False,
) -> ExitCode:
    """Add branches to the merge queue; queue.run lands them."""
    from afterpush.workflows import queue

    asked = queue.wanted(branch, pattern, author)
    return queue.add(app_repository(), asked, _priority(priority), dry_run=dry_run, json=json)


@task(
    help={
        "branch": f"{BRANCH}: added first",
        "pattern": f"{PATTERN}: added first",
        "author": AUTHOR,
        "priority": PRIORITY,
        "check": "a shell command that must succeed on what lands (default: swarm.check)",
        "parallel": "how many checks run at once (default: 2, or 1 on a single core)",
        "hosts": "machines that ssh reaches, separated by commas, on which checks run",
        "hold_on_failure": "land nothing while what landed last is not live",
        "dry_run": "show what would be landed, change nothing",
        "json": JSON,
    }
)
def run(
    context: Any,
    branch: Any = None,
    pattern: Any = None,
    author: Any = None,
    priority: Any = None,
    check: Any = None,
    parallel: Any = None,
    hosts: Any = None,
    hold_on_failure: bool = False,
    dry_run: bool = False,
    json: bool = False,
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


@task(help={"json": JSON})
def status(context: Any, json: bool = False) -> ExitCode:
    """Show the queue: what waits, what landed and is live, what failed and why."""
    from afterpush.workflows import queue

    return queue.status(app_repository(), json=json)


@task(
    help={
        "branch": "names of branches in the queue, separated by commas",
        "pattern": PATTERN,
        "dry_run": "show what would be removed, change nothing",
        "json": JSON,
    }
)
def remove(
    context: Any, branch: Any = None, pattern: Any = None, dry_run: bool = False, json: bool = False
) -> ExitCode:
    """Take branches out of the queue; those that have landed stay listed."""
    from afterpush.workflows import queue

    return queue.remove(app_repository(), branch, pattern, dry_run=dry_run, json=json)


ns = Collection("queue", add, run, status, remove)
