"""The runs of a deployment's jobs: a scheduled one that fails is seen nowhere else.

Fact: `GET /v2/apps/ID/job-invocations` lists them (models/app_job_invocation.yml), and each has its own log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.deployment import moment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import duration, rfc3339

JOB = "job"


@dataclass(frozen=True)
class JobRun:
    """One run. `phase`: PENDING RUNNING SUCCEEDED FAILED CANCELED SKIPPED; times are epoch seconds."""

    id: str
    job: str
    phase: str
    trigger: str
    started_at: float | None
    ended_at: float | None

    @property
    def heading(self) -> str:
        """One line that tells what became of it."""
        began = f", began {rfc3339(self.started_at)}" if self.started_at else ""
        lasted = self.ended_at - self.started_at if self.ended_at and self.started_at else None
        took = "" if lasted is None else f", took {duration(lasted)}"
        return f"== job {self.job}: {self.phase} ({self.trigger.lower()}{began}{took})"


def job_runs(api: AppPlatform, app_id: str, deployment_id: str, job: str | None = None) -> list[JobRun]:
    """The runs of a deployment's jobs, or of one, the oldest first. Raises ApiFailure."""
    asked = {"deployment_id": deployment_id} | ({"job_names": job} if job else {})
    pages = api.pages(
        path_of("apps", app_id, "job-invocations"), "job_invocations", timeout_seconds=None, **asked
    )
    found = [_read(entry) for page in pages for entry in page if isinstance(entry, dict)]
    return sorted((run for run in found if run.id), key=lambda run: run.started_at or 0.0)


def job_logs(log: PlatformLog, runs: list[JobRun]) -> Iterator[bytes]:
    """Each run's heading and log; a log that cannot be had is named in its place."""
    for run in runs:
        yield f"{run.heading}\n".encode()
        own = PlatformLog(log.api, log.app_id, log.deployment_id, JOB, run.job, log.tail, (), run.id)
        try:
            for line in lines(own.read()):
                yield line if line.endswith(b"\n") else line + b"\n"
        except ApiFailure as failure:
            yield f"(no log: {failure})\n".encode()


def _read(wire: dict[str, Any]) -> JobRun:
    trigger = wire.get("trigger")
    return JobRun(
        id=_text(wire, "id"),
        job=_text(wire, "job_name"),
        phase=_text(wire, "phase") or "UNKNOWN",
        trigger=_text(trigger, "type") if isinstance(trigger, dict) else "",
        started_at=moment(_text(wire, "started_at") or _text(wire, "created_at")),
        ended_at=moment(_text(wire, "completed_at")),
    )


def _text(wire: dict[str, Any], key: str) -> str:
    value = wire.get(key)
    return value if isinstance(value, str) else ""
