"""What people really ask for: what is live now, what is on its way, what failed last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from afterpush.deploy.monitor.history import HistoryRecord
from afterpush.deploy.monitor.status import Monitor
from afterpush.deploy.watch.outcome import RUNNING
from afterpush.deploy.watch.production import Production
from afterpush.infra.clock import local_time, parse_rfc3339, rfc3339


@dataclass(frozen=True)
class OverviewRow:
    """One deployment."""

    sha: Annotated[str | None, "the commit; null when the deployment names none"]
    state: Annotated[str, "a phase of the platform, or a verdict"]
    since: Annotated[str | None, "RFC 3339, UTC; null when it is not known"]
    deployment_id: Annotated[str | None, "null where it was only watched here"] = None
    category: Annotated[str | None, "the category of a failure; null otherwise"] = None
    message: Annotated[str | None, "what a failure said; null otherwise"] = None

    @property
    def name(self) -> str:
        return self.sha[:7] if self.sha else f"deployment {self.deployment_id}"


@dataclass(frozen=True)
class Overview:
    """What is live, on its way, and failed last; by the history where the platform was not asked."""

    live: Annotated[OverviewRow | None, "what is live now; null when nothing is known"]
    on_its_way: Annotated[tuple[OverviewRow, ...], "deployments that are not over"]
    failed_last: Annotated[OverviewRow | None, "the last failure that was watched here; null without one"]
    source: Annotated[Literal["platform", "history"], "who said what is live"]


def overview(
    now_there: Production | None, records: Sequence[HistoryRecord], monitors: Sequence[Monitor]
) -> Overview:
    """From the platform where it answered, else from what was watched here; records newest first."""
    failed = next((record for record in records if record.verdict == "failed"), None)
    return Overview(
        live=_live(now_there, records),
        on_its_way=_coming(now_there, monitors),
        failed_last=_of_record(failed) if failed else None,
        source="platform" if now_there else "history",
    )


def _live(now_there: Production | None, records: Sequence[HistoryRecord]) -> OverviewRow | None:
    if now_there:
        live = now_there.live
        return OverviewRow(live.sha, "live", live.since, live.deployment_id) if live else None
    watched = next((record for record in records if record.verdict == "live"), None)
    return _of_record(watched) if watched else None


def _coming(now_there: Production | None, monitors: Sequence[Monitor]) -> tuple[OverviewRow, ...]:
    if now_there:
        return tuple(
            OverviewRow(one.sha, phase, one.since, one.deployment_id) for phase, one in now_there.coming
        )
    return tuple(
        OverviewRow(monitor.sha, monitor.phase or "waiting", monitor.started_at)
        for monitor in monitors
        if monitor.state == RUNNING
    )


def _of_record(record: HistoryRecord) -> OverviewRow:
    return OverviewRow(
        record.sha,
        record.verdict,
        rfc3339(record.finished_at),
        record.deployment_id,
        record.category,
        record.message if record.verdict != "live" else None,
    )


def overview_text(found: Overview, now: float) -> str:
    """Three lines or a few more."""
    whose = "" if found.source == "platform" else " (as watched here; the platform was not asked)"
    live = f"{found.live.name}{_since(found.live, now)}{whose}" if found.live else f"nothing known{whose}"
    coming = [f"{one.name} {one.state}{_since(one, now)}" for one in found.on_its_way] or ["nothing"]
    failed = "nothing that was watched here"
    if found.failed_last:
        one = found.failed_last
        failed = f"{one.name}{_since(one, now, 'at')}: {one.category or one.message}"
    names = ["on its way", *[""] * (len(coming) - 1)]
    lines = [("live now", live), *zip(names, coming, strict=True), ("failed last", failed)]
    return "\n".join(f"{name:13}{said}".rstrip() for name, said in lines)


def _since(entry: OverviewRow, now: float, word: str = "since") -> str:
    return f" {word} {local_time(parse_rfc3339(entry.since), now)}" if entry.since else ""
