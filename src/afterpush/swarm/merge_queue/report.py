"""The queue as a document and as text: `landed 14:02, live 14:07`, or why not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.infra.clock import local_time, rfc3339
from afterpush.infra.console import table
from afterpush.swarm.merge_queue.model import Entry, Queue, State


@dataclass(frozen=True)
class Deployed:
    """What became of a landed commit: its verdict, when that was known (epoch seconds), and the sentence."""

    verdict: str
    at: float | None = None
    message: str = ""


@dataclass(frozen=True)
class BranchRow:
    """One branch: the keys of `queue.status --json`."""

    branch: str
    sha: Annotated[str, "full sha of the branch, as it is queued or was judged"]
    state: Annotated[State, "`flaky`: landed, after a check that was red, then green on the same tree"]
    reason: Annotated[str, "a sentence: the conflict, or the check and the smallest set that fails with it"]
    checks: Annotated[int, "check runs that it was part of"]
    landed_sha: Annotated[str | None, "full sha of its commit on main; null until it has landed"]
    verdict: Annotated[str | None, "the verdict on the deployment it landed with; null where nobody watches"]
    author: Annotated[str, "the author of its last commit"]
    priority: Annotated[int, "lower ones land first"]
    landed_at: Annotated[str | None, "RFC 3339; null until it has landed"]
    verdict_at: Annotated[str | None, "when the watch ended, RFC 3339; null before"]
    verdict_message: Annotated[str | None, "the verdict as a sentence"]
    log: Annotated[str | None, "path of the log of the failed check; null without one"]


@dataclass(frozen=True)
class QueueReport:
    """The keys of every `queue.*` document."""

    branches: tuple[BranchRow, ...]
    check_runs: Annotated[int, "check runs since the queue was last empty"]
    flaky_checks: Annotated[int, "trees on which the check was red and then green"]
    running: Annotated[bool, "whether a queue.run is at work in this clone"]
    message: Annotated[str, "why branches wait that nothing can be done for; empty otherwise"] = ""
    dry_run: bool = False


def report(
    queue: Queue,
    verdicts: Mapping[str, Deployed],
    *,
    running: bool,
    message: str = "",
    dry_run: bool = False,
    only: Callable[[Entry], bool] = lambda entry: True,
) -> QueueReport:
    """The branches in the order of landing: what is done first, then what waits. Verdicts are by commit."""
    checking = {branch for branches in queue.checking for branch in branches} if running else set()
    done = [entry for entry in queue.entries if not entry.state.is_open]
    rows = [_row(entry, checking, verdicts) for entry in (*done, *queue.waiting) if only(entry)]
    return QueueReport(tuple(rows), queue.check_runs, queue.flaky_checks, running, message, dry_run)


def _row(entry: Entry, checking: set[str], verdicts: Mapping[str, Deployed]) -> BranchRow:
    state = State.CHECKING if entry.branch in checking and entry.state.is_open else entry.state
    deployed = verdicts.get(entry.head or "")
    return BranchRow(
        entry.branch,
        entry.sha,
        state,
        entry.reason,
        entry.checks,
        entry.landed_sha,
        deployed.verdict if deployed else None,
        entry.author,
        entry.priority,
        rfc3339(entry.landed_at) if entry.landed_at else None,
        rfc3339(deployed.at) if deployed and deployed.at else None,
        deployed.message if deployed else None,
        entry.log,
    )


def text(queue: Queue, shown: QueueReport, verdicts: Mapping[str, Deployed], now: float) -> str:
    """A table, and a line that sums it up."""
    if not shown.branches:
        return "the queue is empty"
    by_branch = {entry.branch: entry for entry in queue.entries}
    rows = [[row.branch, _where(by_branch[row.branch], row, verdicts, now)] for row in shown.branches]
    return f"{table(['branch', 'where it is'], rows)}\n\n{_summary(shown.branches, shown)}"


def _where(entry: Entry, row: BranchRow, verdicts: Mapping[str, Deployed], now: float) -> str:
    if not entry.state.is_good or entry.landed_at is None:
        return f"{row.state}: {row.reason}" if row.reason else str(row.state)
    words = [f"landed {local_time(entry.landed_at, now)} as {(entry.landed_sha or '')[:7]}"]
    deployed = verdicts.get(entry.head or "")
    if deployed and deployed.verdict == "live" and deployed.at:
        words.append(f"live {local_time(deployed.at, now)}")
    elif deployed:
        words.append(f"not live: {deployed.message}" if deployed.message else deployed.verdict)
    if entry.state is State.FLAKY:
        words.append(entry.reason.partition("; ")[2])
    return ", ".join(words)


def _summary(rows: Sequence[BranchRow], shown: QueueReport) -> str:
    counts = {state: sum(row.state is state for row in rows) for state in State}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    runs = f"{shown.check_runs} check runs" + (f", {shown.flaky_checks} flaky" if shown.flaky_checks else "")
    end = f"\n{shown.message}" if shown.message else ""
    return f"{said}; {runs}{'; running' if shown.running else ''}{end}"
