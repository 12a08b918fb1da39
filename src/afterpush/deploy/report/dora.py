"""The four figures of the DORA reports, from the history of one repository.

Definitions (dora.dev), as this history can tell them: a *change* is a deployment that went live or failed;
a deployment that was superseded or canceled never reached anybody and counts as neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.report.figures import FAILED, LIVE, Spread, rate, saw_it_go_live, spread

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Dora:
    """Times in seconds, frequency in deployments that went live per day of the window.

    `time_to_restore` runs from the end of a failed deployment to the end of the next one that went live
    (several failures in a row are one incident); `failing_since` is the begin of an incident that is open
    (epoch seconds). `lead_time` runs from commit to live. A deployment that somebody looked at long after it
    was live tells neither time.
    """

    window_days: float
    deployments: Annotated[int, "deployments that went live in the window"]
    deployment_frequency_per_day: float
    lead_time: Annotated[Spread, "from commit to live"]
    change_failure_rate: Annotated[float | None, "failed / (live + failed); null before either"]
    time_to_restore: Annotated[Spread, "from a failure to the next live"]
    incidents: Annotated[int, "failures in a row count once"]
    failing_since: float | None


def dora(records: Sequence[HistoryRecord], now: float, window_days: float) -> Dora:
    """The figures of the window that ends now, from distinct records in any order."""
    begins = now - window_days * DAY_SECONDS
    inside = sorted(
        (record for record in records if record.finished_at >= begins), key=lambda record: record.finished_at
    )
    live = [record for record in inside if record.verdict == LIVE]
    failed = [record for record in inside if record.verdict == FAILED]
    restoring, failing_since = _incidents(inside)
    return Dora(
        window_days=window_days,
        deployments=len(live),
        deployment_frequency_per_day=len(live) / window_days,
        lead_time=spread(
            record.finished_at - record.committed_at
            for record in filter(saw_it_go_live, live)
            if record.committed_at is not None and record.finished_at >= record.committed_at
        ),
        change_failure_rate=rate(len(failed), len(live)),
        time_to_restore=spread(
            record.finished_at - began for began, record in restoring if saw_it_go_live(record)
        ),
        incidents=len(restoring) + (failing_since is not None),
        failing_since=failing_since,
    )


def _incidents(
    oldest_first: Sequence[HistoryRecord],
) -> tuple[list[tuple[float, HistoryRecord]], float | None]:
    """The begin of each incident and what ended it, for each app by itself; the begin of the oldest open."""
    ended: list[tuple[float, HistoryRecord]] = []
    open_since: dict[str | None, float] = {}
    for record in oldest_first:
        if record.verdict == FAILED:
            open_since.setdefault(record.app, record.finished_at)
        elif record.verdict == LIVE and record.app in open_since:
            ended.append((open_since.pop(record.app), record))
    return ended, min(open_since.values(), default=None)
