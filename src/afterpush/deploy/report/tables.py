"""Monitors and history as plain tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.status import Monitor
from afterpush.deploy.monitor.stopping import StoppedMonitor
from afterpush.infra.clock import rfc3339
from afterpush.infra.console import table
from afterpush.infra.invocation import program


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
