"""Where the log of a failed deployment is: what the monitor caught, or what the platform still has."""

from collections.abc import Iterator
from pathlib import Path

from afterpush.deploy.logs.lines import lines
from afterpush.deploy.logs.platform_logs import PlatformLog
from afterpush.deploy.watch.sources.platform import PlatformSource
from afterpush.digitalocean.failure import ApiFailure
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.http import NoAnswer
from afterpush.infra.state import StateFolder

# In the order in which things happen. RUN_RESTARTED is the log of the instance before a restart.
KINDS = ("build", "deploy", "run_restarted", "run")


def captured_logs(folder: StateFolder, sha: str) -> list[Path]:
    """The files in which a monitor kept the logs of a commit, in the order of a deployment."""
    paths = (folder.captured_log(sha, kind) for kind in KINDS)
    return [path for path in paths if path.is_file() and path.stat().st_size]


def remaining_logs(source: PlatformSource, sha: str) -> Iterator[bytes]:
    """What the platform still has of a commit's logs; a type that it refuses or loses is left out.

    Raises AfterpushError when there is no deployment, or when not one log can be had.
    """
    deployment = source.own_deployment()
    if deployment is None or source.app is None:
        raise AfterpushError(f"no deployment of {sha[:7]} is there", ExitCode.NO_DEPLOYMENT)
    had, refusals = False, []
    for kind in KINDS:
        try:
            log = PlatformLog.of(source.api, source.app.id, deployment, kind, source.app.spec)
            for line in lines(log.read()):
                had = True
                yield line
        except (ApiFailure, NoAnswer) as failure:
            refusals.append(f"{kind}: {failure}")
        yield b"\n"
    if not had and len(refusals) == len(KINDS):
        raise AfterpushError(
            f"the platform has no log of {sha[:7]} any more ({refusals[-1]}); "
            "a monitor that watches the deployment keeps it",
            ExitCode.UNREACHABLE,
        )
