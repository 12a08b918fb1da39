"""Printing the platform's log of a commit's deployment, without what is secret in it."""

import math
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from afterpush.deploy.explain.log_redaction import redact_log
from afterpush.deploy.logs.follow import Connection, Following, ToldLines
from afterpush.deploy.logs.jobs import JOB, job_logs, job_runs
from afterpush.deploy.logs.lines import lines, shown
from afterpush.deploy.logs.platform_logs import PAST, TYPES, PlatformLog
from afterpush.deploy.monitor.setup import platform_source
from afterpush.deploy.watch.sources.platform import PlatformSource
from afterpush.digitalocean.deployment import Deployment
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import is_coloured, note
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.workflows.app_repository import AppRepository

_QUIET_SECONDS = 120  # A server that says nothing for so long may be gone; a new connection costs little.
_RUN_PATIENCE = 3
_NOT_REACHED = 400  # What the platform answers about a phase that was not reached, or is gone.


@dataclass(frozen=True)
class LogRequest:
    """What to print: the type, one component or all, only so many last lines, and whether to go on."""

    type: str
    component: str | None = None
    tail: int | None = None
    follow: bool = False

    @classmethod
    def of(cls, type: str, component: str | None, tail: int | None, *, follow: bool) -> "LogRequest":
        """A checked request. Raises AfterpushError."""
        name = type.lower().replace("-", "_")
        if name not in (*TYPES, JOB):
            raise AfterpushError(f"--type={type}: valid: {', '.join((*TYPES, JOB))}")
        if follow and name == JOB:
            raise AfterpushError("--follow does not work with --type=job; leave one of them out")
        return cls(name, component, tail, follow)


def print_logs(here: AppRepository, sha: str, wanted: LogRequest) -> ExitCode:
    """Copies the log to stdout as it comes. Raises AfterpushError."""
    source = platform_source(here, sha, SystemClock())
    if source is None:
        raise AfterpushError("logs come from the platform: set DIGITALOCEAN_TOKEN (scope app:read is enough)")
    deployment = source.own_deployment()
    if deployment is None or source.app is None:
        raise AfterpushError(f"no deployment of {sha[:7]} is there", ExitCode.NO_DEPLOYMENT)
    log = _log(source, deployment, wanted)
    redactor = here.environment.redactor()
    told = _followed(log, source, deployment) if wanted.follow else _read(log, deployment)
    for line in shown(told, lambda text: redact_log(text, redactor), colours=is_coloured()):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    return ExitCode.GOOD


def _log(source: PlatformSource, deployment: Deployment, wanted: LogRequest) -> PlatformLog:
    assert source.app
    spec = deployment.spec or source.app.spec
    names = [entry.name for entry in (spec.components if spec else deployment.components) if entry.name]
    if wanted.component and names and wanted.component not in names:
        raise AfterpushError(f"--component={wanted.component}: the app has {', '.join(names)}")
    log = PlatformLog.of(source.api, source.app.id, deployment, wanted.type, source.app.spec)
    alone = {"component": wanted.component, "apart": ()} if wanted.component else {}
    return replace(log, tail=wanted.tail, **alone)  # type: ignore[arg-type]


def _read(log: PlatformLog, deployment: Deployment) -> Iterator[bytes]:
    """The log as far as it is written."""
    if log.type == JOB:
        yield from _of_jobs(log)
        return
    try:
        places = log.places(follow=False)
    except ApiFailure as failure:
        raise _explained(failure, log, deployment) from failure
    if not places.urls:
        raise AfterpushError(
            f"the platform has no {log.type} log of deployment {log.deployment_id} yet", ExitCode.BAD_ANSWER
        )
    told = lines(log.read(places))
    yield from deque(told, maxlen=log.tail) if log.tail else told


def _of_jobs(log: PlatformLog) -> Iterator[bytes]:
    runs = job_runs(log.api, log.app_id, log.deployment_id, log.component)
    if not runs:
        what = f"job {log.component}" if log.component else "job"
        raise AfterpushError(f"no {what} of deployment {log.deployment_id} has run", ExitCode.BAD_ANSWER)
    yield from job_logs(log, runs)


def _followed(log: PlatformLog, source: PlatformSource, deployment: Deployment) -> Iterator[bytes]:
    """The same, and what is added until the deployment's phase is past it.

    Running logs have no such end: they are followed while the platform says something new.
    """
    clock = SystemClock()
    logs = log.again_and_again()
    notes = [f"waiting for the {log.type} log of deployment {log.deployment_id} ({deployment.phase})"]

    def connect() -> Connection:
        try:
            return next(logs).connect(quiet_seconds=_QUIET_SECONDS)
        except ApiFailure as failure:
            if failure.status == _NOT_REACHED and notes:
                note(notes.pop())
            raise

    def wait(seconds: float) -> bool:
        clock.sleep(seconds)
        return False

    following = Following(
        connect,
        lambda: (source.phase() or deployment.phase) in PAST[log.type],
        wait,
        patience=_RUN_PATIENCE if log.type.startswith("run") else math.inf,
        told=ToldLines(is_tail=log.tail is not None),
    )
    try:
        yield from following.lines()
    except ApiFailure as failure:
        raise _explained(failure, log, deployment) from failure


def _explained(failure: ApiFailure, log: PlatformLog, deployment: Deployment) -> AfterpushError:
    if failure.status != _NOT_REACHED:
        return failure
    return AfterpushError(
        f"the platform has no {log.type} log of deployment {log.deployment_id}: {failure}; "
        f"its phase is {deployment.phase}, try another --type",
        ExitCode.BAD_ANSWER,
    )
