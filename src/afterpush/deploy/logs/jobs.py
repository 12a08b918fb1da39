"""The runs of a deployment's jobs: a scheduled one that fails is seen nowhere else.

Fact: `GET /v2/apps/ID/job-invocations` lists them (models/app_job_invocation.yml), and each has its own log.
"""

from collections.abc import Iterator

from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.digitalocean.client import AppPlatform, path_of
from afterpush.digitalocean.deployment import moment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.digitalocean.lenient_json import read_as
from afterpush.digitalocean.steps import Wire
from afterpush.infra.clock import duration, rfc3339

JOB = "job"


class Trigger(Wire, frozen=True):
    type: str = ""


class JobRun(Wire, frozen=True):
    """One run. `phase`: PENDING RUNNING SUCCEEDED FAILED CANCELED SKIPPED."""

    id: str = ""
    job_name: str = ""
    phase: str = "UNKNOWN"
    trigger: Trigger = Trigger()
    created_at: str = ""
    started_at: str = ""
    completed_at: str = ""

    @property
    def began_at(self) -> float | None:
        """Epoch seconds."""
        return moment(self.started_at or self.created_at)

    @property
    def heading(self) -> str:
        """One line that tells what became of it."""
        began_at, ended_at = self.began_at, moment(self.completed_at)
        began = f", began {rfc3339(began_at)}" if began_at else ""
        took = f", took {duration(ended_at - began_at)}" if ended_at and began_at else ""
        return f"== job {self.job_name}: {self.phase} ({self.trigger.type.lower()}{began}{took})"


def job_runs(api: AppPlatform, app_id: str, deployment_id: str, job: str | None = None) -> list[JobRun]:
    """The runs of a deployment's jobs, or of one, the oldest first. Raises ApiFailure."""
    asked = {"deployment_id": deployment_id} | ({"job_names": job} if job else {})
    pages = api.pages(
        path_of("apps", app_id, "job-invocations"), "job_invocations", timeout_seconds=None, **asked
    )
    found = [read_as(entry, JobRun) for page in pages for entry in page if isinstance(entry, dict)]
    return sorted((run for run in found if run.id), key=lambda run: run.began_at or 0.0)


def job_logs(log: PlatformLog, runs: list[JobRun]) -> Iterator[bytes]:
    """Each run's heading and log; a log that cannot be had is named in its place."""
    for run in runs:
        yield f"{run.heading}\n".encode()
        own = PlatformLog(log.api, log.app_id, log.deployment_id, JOB, run.job_name, log.tail, (), run.id)
        try:
            for line in lines(own.read()):
                yield line if line.endswith(b"\n") else line + b"\n"
        except ApiFailure as failure:
            yield f"(no log: {failure})\n".encode()
