"""The merge queue of this clone: its branches, its check, and what became of what landed."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from afterpush.infra.clock import SystemClock, parse_rfc3339
from afterpush.infra.git import resolve_commit
from afterpush.infra.state import feature_folder
from afterpush.swarm.context import SwarmContext
from afterpush.swarm.merge_queue import report
from afterpush.swarm.merge_queue.branches import Branch, Wanted, find_branches
from afterpush.swarm.merge_queue.mainline import Mainline
from afterpush.swarm.merge_queue.model import Entry, Queue
from afterpush.swarm.merge_queue.report import Deployed
from afterpush.swarm.merge_queue.store import FileStore

if TYPE_CHECKING:
    from afterpush.swarm.merge_queue.checks import CheckEngine

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from afterpush.infra.console import note, print_json, say
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.workflows.app_repository import AppRepository
from afterpush.workflows.swarm import show_commands, split, swarm_context, target_of

NO_CHECK = "none: what merges lands"
_NOT_LIVE = ("failed", "canceled", "rolled_back", "timeout", "unreachable", "crashed")


def store_of(here: AppRepository) -> FileStore:
    """Where this clone keeps its queue."""
    return FileStore(feature_folder(here.repo, "queue"))


def wanted(branch: str | None, pattern: str | None, author: str | None) -> Wanted:
    """The branches that the flags name."""
    return Wanted(split(branch), split(pattern), author or "")


def add(here: AppRepository, asked: Wanted, priority: int, *, dry_run: bool, json: bool) -> ExitCode:
    """Adds branches. Raises AfterpushError when none is named."""
    if not asked:
        raise AfterpushError("which branches? give --branch=NAME,NAME, --pattern='agents/*' or --author=NAME")
    found = _found(here, asked)
    names = {branch.name for branch in found}
    queue = _with(here, found, priority, retry=True, dry_run=dry_run)
    _show(here, queue, dry_run=dry_run, json=json, only=lambda entry: entry.branch in names)
    return ExitCode.GOOD


def run(
    here: AppRepository,
    asked: Wanted,
    priority: int,
    *,
    check: str | None,
    parallel: int | None,
    hosts: str | None,
    hold_on_failure: bool,
    dry_run: bool,
    json: bool,
) -> ExitCode:
    """Adds what is asked for, and runs the queue."""
    from afterpush.swarm.merge_queue.session import QueueRun, run_queue

    command = check or here.settings.swarm.check
    if hold_on_failure:
        _require_source(here)
    if asked or dry_run:
        found = _found(here, asked) if asked else []
        queue = _with(here, found, priority, retry=False, dry_run=dry_run)
    if dry_run:
        said = f"check: {command or NO_CHECK}"
        _show(here, queue, dry_run=True, json=json, message=said)
        return ExitCode.GOOD
    show_commands(check=command or NO_CHECK, workers=hosts or "")
    places = parallel or min(2, os.cpu_count() or 1)
    with swarm_context(here) as context:
        engine = _engine(here, context, command, places, hosts) if command else None
        order = QueueRun(
            command,
            engine,
            places,
            here.settings.push.attempts,
            _hold(here) if hold_on_failure else lambda: None,
        )
        try:
            ran = run_queue(context, store_of(here), Mainline(here.repo, target_of(here)), order)
        finally:
            if engine:
                engine.close()
    _show(here, ran.queue, json=json, message=ran.halted)
    return ran.exit_code


def remove(
    here: AppRepository, branch: str | None, pattern: str | None, *, dry_run: bool, json: bool
) -> ExitCode:
    """Takes branches out of the queue. Raises AfterpushError when none is named, or one is not in it."""
    from afterpush.swarm.merge_queue.session import without_branches

    names, patterns = split(branch), split(pattern)
    if not names and not patterns:
        raise AfterpushError("which branches? give --branch=NAME,NAME or --pattern='agents/*'")

    def change(queue: Queue) -> Queue:
        return without_branches(queue, names, lambda name: any(fnmatchcase(name, p) for p in patterns))

    store = store_of(here)
    queue = change(store.load()) if dry_run else store.update(change)
    _show(here, queue, dry_run=dry_run, json=json)
    return ExitCode.GOOD


def status(here: AppRepository, *, json: bool) -> ExitCode:
    """Shows the queue."""
    _show(here, store_of(here).load(), json=json)
    return ExitCode.GOOD


def _found(here: AppRepository, asked: Wanted) -> list[Branch]:
    return find_branches(here.repo, target_of(here), asked)


def _with(
    here: AppRepository, found: Sequence[Branch], priority: int, *, retry: bool, dry_run: bool
) -> Queue:
    from afterpush.swarm.merge_queue.session import lost_landings, with_branches

    store = store_of(here)
    lost = lost_landings(here.repo, Mainline(here.repo, target_of(here)), store.load(), found)

    def change(queue: Queue) -> Queue:
        return with_branches(queue, found, priority, lost, retry=retry)

    return change(store.load()) if dry_run else store.update(change)


def _engine(
    here: AppRepository, context: SwarmContext, command: str, places: int, hosts: str | None
) -> "CheckEngine":
    """Where checks run: here, or on the machines that are named."""
    from afterpush.swarm.merge_queue.checks import LocalChecks

    local = LocalChecks(context, command, here.settings.swarm.timeout_seconds, context.explain)
    if not hosts:
        return local
    from afterpush.swarm.remote.checks import RemoteChecks
    from afterpush.workflows.swarm_engines import DASK, choice, opened_workers

    workers = opened_workers(here, context, places, choice(here, DASK, None, hosts))()
    return RemoteChecks(local, workers, context.token())


def _require_source(here: AppRepository) -> None:
    from afterpush.deploy.monitor.setup import require_source

    require_source(here, resolve_commit(here.repo, "HEAD"))


def _hold(here: AppRepository) -> Callable[[], str | None]:
    """Why nothing may land: what landed last is not live. "" as long as its monitor runs."""

    def hold() -> str | None:
        heads = [entry for entry in store_of(here).load().entries if entry.head]
        if not heads:
            return None
        last = max(heads, key=lambda entry: entry.landed_at or 0)
        deployed = _deployed(here, str(last.head))
        if deployed is None or deployed.verdict not in (*_NOT_LIVE, "running"):
            return None
        if deployed.verdict == "running":
            return ""
        return (
            f"nothing more lands: {str(last.head)[:7]} is not live ({deployed.verdict}): {deployed.message}"
        )

    return hold


def _deployed(here: AppRepository, sha: str) -> Deployed | None:
    """What its monitor knows of a commit; None when none was started."""
    from afterpush.deploy.monitor.status import status as monitor_status

    with suppress(AfterpushError):
        found = monitor_status(here.state, sha, SystemClock().now())
        if found.verdict == "none" and found.started_at is None:
            return None
        at = parse_rfc3339(found.finished_at) if found.finished_at else None
        return Deployed(str(found.verdict), at, found.message)
    return None


def _show(
    here: AppRepository,
    queue: Queue,
    *,
    json: bool,
    dry_run: bool = False,
    message: str = "",
    only: Callable[[Entry], bool] = lambda entry: True,
) -> None:
    heads = {entry.head for entry in queue.entries if entry.head}
    verdicts = {head: found for head in heads if (found := _deployed(here, head))}
    shown = report.report(
        queue, verdicts, running=store_of(here).is_running, message=message, dry_run=dry_run, only=only
    )
    if json:
        print_json(shown)
        return
    say(report.text(queue, shown, verdicts, SystemClock().now()))
    if dry_run:
        note("nothing was changed")
