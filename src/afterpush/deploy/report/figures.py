"""What the history amounts to: rates, durations, waiting, causes. Pure: records in, figures out."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from afterpush.deploy.monitor.history import HistoryRecord

LIVE, FAILED = "live", "failed"
NOBODY = "(unknown)"
_DAILY_UP_TO_DAYS = 14
_A_LATE_LOOK_SECONDS = 15.0


@dataclass(frozen=True)
class Spread:
    """How durations are spread."""

    count: Annotated[int, "how many were counted"]
    median: Annotated[float | None, "seconds; null without any"]
    p90: Annotated[float | None, "seconds that nine of ten stay below; null without any"]


@dataclass(frozen=True)
class Waiting:
    """How long one author's pushes kept them waiting; seconds."""

    author: str
    deployments: int
    total_seconds: float
    median_seconds: float
    longest_seconds: float


@dataclass(frozen=True)
class Period:
    """A day or a week."""

    begins: Annotated[str, "its first day, UTC"]
    deployments: int
    live: int
    failed: int
    categories: Annotated[dict[str, int], "failures by category"]


@dataclass(frozen=True)
class Figures:
    """The figures of a list of records."""

    deployments: int
    verdicts: Annotated[dict[str, int], "how many ended with each verdict"]
    success_rate: Annotated[float | None, "live / (live + failed); null before either"]
    time_to_live: Spread
    categories: Annotated[dict[str, int], "failures by category"]
    periods: tuple[Period, ...]
    period_days: Annotated[int, "1 or 7: the length of a period"]
    waiting: Annotated[tuple[Waiting, ...], "who waited, the longest first"]


def distinct(records: Iterable[HistoryRecord]) -> list[HistoryRecord]:
    """Each deployment once, newest first: of several watches of one, that which saw most of it."""
    kept: dict[object, HistoryRecord] = {}
    for record in records:
        key: object = (record.app, record.deployment_id) if record.deployment_id else id(record)
        other = kept.get(key)
        if other is None or _worth(record) > _worth(other):
            kept[key] = record
    return sorted(kept.values(), key=lambda record: record.started_at, reverse=True)


def _worth(record: HistoryRecord) -> tuple[bool, float]:
    return record.verdict not in ("stopped", "timeout", "unreachable"), record.elapsed_seconds


def figures(records: Sequence[HistoryRecord]) -> Figures:
    """The figures of distinct records."""
    verdicts = Counter(record.verdict for record in records)
    period_days = 1 if _span_days(records) <= _DAILY_UP_TO_DAYS else 7
    return Figures(
        deployments=len(records),
        verdicts=dict(verdicts.most_common()),
        success_rate=rate(verdicts[LIVE], verdicts[FAILED]),
        time_to_live=spread(record.elapsed_seconds for record in records if saw_it_go_live(record)),
        categories=_categories(records),
        periods=_periods(records, period_days),
        period_days=period_days,
        waiting=_waiting(records),
    )


def saw_it_go_live(record: HistoryRecord) -> bool:
    """Whether the watch saw the way to live, so that its length and its end mean something."""
    return record.verdict == LIVE and was_waited_for(record)


def was_waited_for(record: HistoryRecord) -> bool:
    """Whether somebody waited, or only looked when it was over: an old commit is live at the first look.

    Only the platform tells phases; a health endpoint that is watched from the push on does not.
    """
    return bool(record.phases) or record.elapsed_seconds >= _A_LATE_LOOK_SECONDS


def rate(good: int, bad: int) -> float | None:
    """good / (good + bad); None when there was neither."""
    return good / (good + bad) if good + bad else None


def spread(seconds: Iterable[float]) -> Spread:
    """Median and 90th percentile, interpolated between neighbours."""
    ordered = sorted(seconds)
    return Spread(len(ordered), percentile(ordered, 50), percentile(ordered, 90))


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The value below which so many of 100 sorted values lie; None without values."""
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    return statistics.quantiles(ordered, n=100, method="inclusive")[percent - 1]


def _span_days(records: Sequence[HistoryRecord]) -> float:
    if not records:
        return 0
    times = [record.started_at for record in records]
    return (max(times) - min(times)) / 86_400


def _categories(records: Iterable[HistoryRecord]) -> dict[str, int]:
    return dict(Counter(r.category or "unknown" for r in records if r.verdict == FAILED).most_common())


def _periods(records: Sequence[HistoryRecord], days: int) -> tuple[Period, ...]:
    """Every day or week from the first record to the last, also those without one."""
    grouped: dict[datetime, list[HistoryRecord]] = defaultdict(list)
    for record in records:
        grouped[_period_of(record.started_at, days)].append(record)
    periods = []
    begins = min(grouped, default=None)
    while begins is not None and begins <= max(grouped):
        inside = grouped.get(begins, [])
        verdicts = Counter(record.verdict for record in inside)
        periods.append(
            Period(
                begins=begins.date().isoformat(),
                deployments=len(inside),
                live=verdicts[LIVE],
                failed=verdicts[FAILED],
                categories=_categories(inside),
            )
        )
        begins += timedelta(days=days)
    return tuple(periods)


def _period_of(epoch_seconds: float, days: int) -> datetime:
    day = datetime.fromtimestamp(epoch_seconds, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday() if days == 7 else 0)


def _waiting(records: Iterable[HistoryRecord]) -> tuple[Waiting, ...]:
    """Who waits, the longest in total first."""
    by_author: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if was_waited_for(record):
            by_author[record.author or NOBODY].append(record.elapsed_seconds)
    found = [
        Waiting(author, len(times), sum(times), statistics.median(times), max(times))
        for author, times in by_author.items()
    ]
    return tuple(sorted(found, key=lambda waiting: (-waiting.total_seconds, waiting.author)))
