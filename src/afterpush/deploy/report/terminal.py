"""Monitors and history as text: tables, then the figures with sparklines; and history for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from afterpush.deploy.explain.lines import shown
from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.status import Monitor
from afterpush.deploy.monitor.stopping import StoppedMonitor
from afterpush.deploy.report.dora import Dora
from afterpush.deploy.report.figures import Figures, Spread, saw_it_go_live
from afterpush.infra.clock import duration, rfc3339
from afterpush.infra.console import table
from afterpush.infra.invocation import program

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.:-=+*#"


def sparkline(values: Sequence[float], bars: str = BARS) -> str:
    """The last 40 values from left to right, each as one of the `bars` in proportion to the largest."""
    shown = list(values)[-40:]
    top = max(shown, default=0.0)
    if top <= 0:
        return bars[0] * len(shown)
    return "".join(bars[min(len(bars) - 1, int(value / top * len(bars)))] for value in shown)


_MARKS = {"live": "●", "failed": "✗"}
_ASCII_MARKS = {"live": "o", "failed": "x"}


def history_text(
    records: Sequence[HistoryRecord], found: Figures, width: int | None = None, *, is_ascii: bool = False
) -> str:
    """The records, newest first, and their figures; folded to a width, with ASCII marks where asked for."""
    if not records:
        return "no deployment has been watched here yet"
    return f"{_table(records, width)}\n\n{_summary(records, found, is_ascii)}"


def _table(records: Sequence[HistoryRecord], width: int | None) -> str:
    rows = [
        (
            record.sha[:7],
            record.verdict,
            rfc3339(record.started_at)[:16].replace("T", " "),
            duration(record.elapsed_seconds),
            record.category or "",
            ", ".join(f"{phase.lower()} {duration(seconds)}" for phase, seconds in record.phases.items()),
        )
        for record in records
    ]
    return table(("COMMIT", "VERDICT", "STARTED (UTC)", "TOOK", "WHY", "PHASES"), rows, width)


def _summary(records: Sequence[HistoryRecord], found: Figures, is_ascii: bool) -> str:
    bars, marks, other = (ASCII_BARS, _ASCII_MARKS, "-") if is_ascii else (BARS, _MARKS, "·")
    oldest_first = list(reversed(records))
    decided = found.verdicts.get("live", 0) + found.verdicts.get("failed", 0)
    went = f"{found.verdicts.get('live', 0)} of {decided} went live"
    rows = [
        ("verdicts", "".join(marks.get(record.verdict, other) for record in oldest_first[-40:])),
        ("", f"{went} ({percent(found.success_rate)})" if decided else "none live or failed yet"),
    ]
    times = [record.elapsed_seconds for record in oldest_first if saw_it_go_live(record)]
    if times:
        rows.append(("time to live", f"{sparkline(times, bars=bars)}  {spread_text(found.time_to_live)}"))
    if found.categories:
        failed = sparkline([period.failed for period in found.periods], bars=bars)
        unit = "day" if found.period_days == 1 else "week"
        rows.append((f"failures a {unit}", failed))
        rows.append(("", ", ".join(f"{name} {count}" for name, count in found.categories.items())))
    rows += [
        (
            "" if at else "waits longest",
            f"{shown(one.author)}: {duration(one.total_seconds)} in {one.deployments}",
        )
        for at, one in enumerate(found.waiting[:3])
    ]
    return "\n".join(f"{name:15}{text}".rstrip() for name, text in rows)


def dora_text(found: Dora) -> str:
    """The four figures, each with what it counts."""
    since = f"; failing since {rfc3339(found.failing_since)[:16]}" if found.failing_since else ""
    rows = [
        ("deployment frequency", f"{found.deployment_frequency_per_day:.2f} a day", "went live, per day"),
        ("lead time", spread_text(found.lead_time), "from commit to live"),
        ("change failure rate", percent(found.change_failure_rate), "failed of all that went live or failed"),
        ("time to restore", spread_text(found.time_to_restore) + since, "from a failure to the next live"),
    ]
    head = f"the last {found.window_days:g} days: {counted(found.deployments, 'deployment')} went live"
    return f"{head}\n\n{table(('FIGURE', 'VALUE', 'COUNTS'), rows)}"


def spread_text(found: Spread) -> str:
    """`median 4 m 06 s, p90 5 m 10 s`, or that there is none."""
    if found.median is None or found.p90 is None:
        return "none yet"
    return f"median {duration(found.median)}, p90 {duration(found.p90)}"


def counted(number: int, thing: str) -> str:
    """`1 deployment`, `2 deployments`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """A share for people."""
    return "none yet" if share is None else f"{100 * share:.0f} %"


def monitor_table(monitors: Sequence[Monitor]) -> str:
    """One line a monitor."""
    if not monitors:
        return f"no monitor has watched anything here yet; start one: {program()} deploy.monitor --background"
    rows = [
        (
            entry.sha[:7],
            entry.state,
            str(entry.pid or "-"),
            entry.started_at or "-",
            entry.verdict or entry.phase or "-",
        )
        for entry in monitors
    ]
    return table(("COMMIT", "STATE", "PID", "STARTED", "PHASE OR VERDICT"), rows)


def stop_lines(ended: Sequence[StoppedMonitor]) -> str:
    """One line for each monitor that was asked to stop."""
    if not ended:
        return "no monitor runs"
    return "\n".join(
        f"{entry.sha[:7]}: stopped (pid {entry.pid})" if entry.stopped else f"{entry.sha[:7]}: {entry.reason}"
        for entry in ended
    )


def history_documents(records: Sequence[HistoryRecord]) -> list[dict[str, Any]]:
    """The records as `deploy.history --json` prints them, newest first."""
    return [
        asdict(record)
        | {
            "started_at": rfc3339(record.started_at),
            "finished_at": rfc3339(record.finished_at),
            "committed_at": rfc3339(record.committed_at) if record.committed_at else None,
        }
        for record in records
    ]
