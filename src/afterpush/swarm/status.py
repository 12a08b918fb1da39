"""The state of every task, from the journal and from what really runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afterpush.infra.clock import Clock
from afterpush.infra.invocation import program
from afterpush.infra.locks import is_locked
from afterpush.swarm.journal import TaskJournal, TaskRecord
from afterpush.swarm.manager_files import managers
from afterpush.swarm.report import HEADINGS, result_row, result_table
from afterpush.swarm.states import Result, TaskState

if TYPE_CHECKING:
    from rich.table import Table

_REDRAW_SECONDS = 0.5
_COLOURS = {
    TaskState.MERGED: "green",
    TaskState.RUNNING: "cyan",
    TaskState.MERGING: "blue",
    TaskState.QUEUED: "dim",
    TaskState.STOPPED: "yellow",
    TaskState.SKIPPED: "yellow",
    TaskState.EMPTY: "yellow",
}


@dataclass(frozen=True)
class TaskStatus:
    """The keys of `swarm.status --json`."""

    running: Annotated[bool, "whether a manager runs"]
    managers: Annotated[tuple[int, ...], "pids of the managers that run"]
    tasks: tuple[Result, ...]


def status(state: Path, journal: TaskJournal, now: float) -> TaskStatus:
    """What the journal says, corrected where a manager has died without a last word."""
    records = journal.records()
    while True:
        pids = tuple(manager.identity.pid for manager in managers(state) if manager.is_running)
        tasks = tuple(_seen(state, record, bool(pids), now) for record in records.values())
        # A task may have ended, and its lock gone, since the journal was read: then that says so now.
        is_doubtful = any(seen.state is not records[seen.task].state for seen in tasks)
        again = journal.records() if is_doubtful else records
        if again == records:
            return TaskStatus(bool(pids), pids, tasks)
        records = again


def _seen(state: Path, record: TaskRecord, has_manager: bool, now: float) -> Result:
    if record.state.is_final or (has_manager and record.state is TaskState.QUEUED):
        return record.result()
    if has_manager and is_locked(state / "locks" / f"{record.task}.lock"):
        return record.result(now)
    if record.state is TaskState.MERGING:
        reason = f"its agent has finished, its manager died before the merge: {program()} swarm.merge"
    else:
        reason = f"its manager died; {program()} swarm.run goes on with it"
    return replace(record.result(), state=TaskState.STOPPED, reason=reason)


def status_text(found: TaskStatus) -> str:
    """A table for a reader."""
    if not found.tasks:
        return "no task was ever run here"
    head = f"running (pid {', '.join(map(str, found.managers))})" if found.running else "no manager runs"
    return f"{result_table(found.tasks)}\n\n{head}"


def watch_status(look: Callable[[], TaskStatus], clock: Clock) -> TaskStatus:
    """Redraws the table in the terminal as long as a manager runs; returns the last state."""
    from rich.live import Live

    found = look()
    with Live(_drawn(found), refresh_per_second=4, transient=True) as live:
        while found.running:
            clock.sleep(_REDRAW_SECONDS)
            found = look()
            live.update(_drawn(found))
    return found


def _drawn(found: TaskStatus) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "reason")
    for result in found.tasks:
        task, state, *middle, reason = result_row(result)
        table.add_row(task, Text(state, style=_COLOURS.get(result.state, "red")), *middle, Text(reason))
    return table
