"""The runs of jobs: each job of a deployment that went live has run once."""

import uuid
from typing import Any

from afterpush.simulator.deployments import Deployment
from afterpush.simulator.specs import components
from afterpush.simulator.steps import seconds_only

_LASTS_SECONDS = 5


def job_run_id(deployment: Deployment, job: str) -> str:
    return str(uuid.uuid5(uuid.UUID(deployment.id), job))


def job_runs(deployment: Deployment) -> list[dict[str, Any]]:
    """The documents of a deployment's runs; one whose log says that it failed has failed."""
    if deployment.final not in ("ACTIVE", "SUPERSEDED"):
        return []
    began = deployment.created_at + deployment.plan.seconds
    failed = any("failed" in line for line in deployment.plan.logs.get("JOB_INVOCATION", ()))
    return [
        {
            "id": job_run_id(deployment, part.name),
            "job_name": part.name,
            "deployment_id": deployment.id,
            "phase": "FAILED" if failed else "SUCCEEDED",
            "trigger": {"type": "SCHEDULE"},
            "created_at": seconds_only(began),
            "started_at": seconds_only(began),
            "completed_at": seconds_only(began + _LASTS_SECONDS),
        }
        for part in components(deployment.spec)
        if part.kind == "jobs"
    ]
