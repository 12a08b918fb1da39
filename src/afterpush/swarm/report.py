"""Runs, plans and states as documents and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.infra.clock import duration
from afterpush.infra.console import table
from afterpush.swarm.run import RunReport
from afterpush.swarm.states import Result


@dataclass(frozen=True)
class Run:
    """The keys of `swarm.run --json`."""

    tasks: tuple[Result, ...]
    merged: Annotated[int, "tasks whose work is in main"]
    elapsed_seconds: Annotated[float, "seconds"]


def document(report: RunReport) -> Run:
    """What `--json` prints."""
    merged = sum(result.state.value == "merged" for result in report.tasks)
    return Run(report.tasks, merged, round(report.seconds, 3))


def text(report: RunReport, nothing: str) -> str:
    """A table, and one line that sums it up; `nothing` when there was nothing to do."""
    if not report.tasks:
        return nothing
    merged = sum(result.state.value == "merged" for result in report.tasks)
    summary = f"{merged} of {len(report.tasks)} merged in {duration(report.seconds)}"
    return f"{result_table(report.tasks)}\n\n{summary}"


HEADINGS = ("task", "state", "attempt", "time", "commit", "reason")


def result_row(result: Result) -> tuple[str, ...]:
    """One task's line, by the headings."""
    return (
        result.task,
        result.state.value,
        str(result.attempt or ""),
        duration(result.seconds) if result.seconds else "",
        (result.sha or "")[:7],
        result.reason,
    )


def result_table(results: Sequence[Result]) -> str:
    """One line a task."""
    return table(HEADINGS, [result_row(result) for result in results])
