"""A simulated platform for a repository of one's own: it deploys what is pushed there, until Ctrl-C."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from afterpush.digitalocean.find_app import repository_names
from afterpush.infra.clock import SystemClock, duration
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.git import commit_facts, current_branch, git
from afterpush.infra.git.refs import ref_value, tracking_ref
from afterpush.infra.invocation import command
from afterpush.infra.processes.signals import Interrupted, interruptible
from afterpush.simulator.deployments import Deployment
from afterpush.simulator.scenario import SCENARIOS
from afterpush.workflows.demo.platform import Simulated, simulated

DEFAULT_SCENARIOS = ("live", "build-failure", "deploy-failure")
_LOOK_SECONDS = 0.3

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """What is deployed: a branch of a remote, as the repository here follows it."""

    repo: Path
    remote: str
    branch: str
    tracking: str

    @property
    def sha(self) -> str | None:
        """The commit that was pushed last, as far as git here knows."""
        return ref_value(self.repo, self.tracking)


@dataclass(frozen=True)
class Served:
    """Where the platform answers, and with what: `variables` is what a shell needs to find it."""

    url: str
    app: str
    repository: str
    branch: str
    variables: dict[str, str]
    scenarios: list[str] = field(default_factory=list)


def source_of(repo: Path, settings: Settings) -> Source:
    """What would be deployed of this repository. Raises AfterpushError where nothing can be pushed."""
    remotes = git(repo, "remote").text.split()
    remote = settings.push.remote if settings.push.remote in remotes else next(iter(remotes), None)
    if remote is None:
        raise AfterpushError(
            f"{repo} has no remote to push to; add one: git remote add {settings.push.remote} URL"
        )
    branch = current_branch(repo) or settings.push.branch
    tracking = tracking_ref(repo, remote, f"refs/heads/{branch}")
    if tracking is None:
        raise AfterpushError(
            f"nothing here follows the branch {branch} of {remote}, so its pushes cannot be seen; "
            f"git config --add remote.{remote}.fetch '+refs/heads/*:refs/remotes/{remote}/*'"
        )
    return Source(repo, remote, branch, tracking)


def chosen(scenarios: str | None) -> list[str]:
    """The names of scenarios in a flag's value. Raises AfterpushError naming the valid ones."""
    names = scenarios.split(",") if scenarios else list(DEFAULT_SCENARIOS)
    for name in names:
        if name not in SCENARIOS:
            raise AfterpushError(f"--scenario={name}: valid: {', '.join(SCENARIOS)}")
    return names


def serve_here(
    repo: Path,
    settings: Settings,
    speed: float,
    scenarios: list[str],
    begun: Callable[[Served], None],
    tell: Tell,
) -> ExitCode:
    """Serves until Ctrl-C; `begun` hears where. Raises AfterpushError."""
    source = source_of(repo, settings)
    names = repository_names(repo, source.remote)
    repository = min(names, default=f"you/{repo.name.lower()}")
    name = _app_name(repository)
    variables: dict[str, str] = {}
    try:
        with (
            interruptible(),
            simulated(speed, scenarios, name, repository, source.branch, source.sha) as served,
        ):
            variables = served.variables
            begun(Served(served.url, name, repository, source.branch, variables, scenarios))
            _deploy_pushes(source, served, tell)
    except Interrupted as ended:
        tell(f"\n{ended.name}: the platform is gone. Take its variables back: unset {' '.join(variables)}")
        tell(f"Monitors that still ask it end with: {command('deploy.stop --all')}")
    return ExitCode.INTERRUPTED


def _app_name(repository: str) -> str:
    """A name that the platform would take: 2 to 32 letters, digits and dashes, a letter first."""
    kept = re.sub(r"[^a-z0-9]+", "-", repository.rpartition("/")[2].lower()).strip("-")
    name = kept if kept[:1].isalpha() and len(kept) > 1 else f"app-{kept}"
    return name[:32].strip("-")


def _deploy_pushes(source: Source, served: Simulated, tell: Tell) -> None:
    """Deploys each commit that the tracking branch moves to, and tells how each deployment ends."""
    clock = SystemClock()
    before, under_way = source.sha, list[Deployment]()
    while True:
        now = source.sha
        if now and now != before:
            facts = commit_facts(source.repo, now)
            under_way += served.platform.push(now, source.branch, facts.subject, facts.author)
            tell(f"{now[:7]} was pushed to {source.branch}: {facts.subject}")
        before = now
        under_way = [one for one in under_way if not _told(served, one, tell)]
        clock.sleep(_LOOK_SECONDS)


def _told(served: Simulated, deployment: Deployment, tell: Tell) -> bool:
    """Whether a deployment is over; then that is reported."""
    platform = served.platform
    with platform.lock:
        platform.advance()
        is_over, seconds = deployment.final is not None, deployment.elapsed(platform.clock.now())
    if is_over:
        sha = next(iter(deployment.commits.values()), "")
        tell(f"{sha[:7]} is {deployment.final} after {duration(seconds)}")
    return is_over


def instructions(served: Served, speed: float) -> str:
    """What to type in the terminal in which the repository is worked on."""
    names = " ".join(served.variables)
    sh = "\n".join(f"  export {name}={value}" for name, value in served.variables.items())
    fish = "\n".join(f"  set -gx {name} {value}" for name, value in served.variables.items())
    return (
        f"A SIMULATED App Platform for {served.repository}, branch {served.branch}, {speed:g} times faster "
        f"than real. Nothing leaves this machine; Ctrl-C ends it.\n\n"
        f"In the terminal in which you push (sh, bash, zsh):\n\n{sh}\n\nor fish:\n\n{fish}\n\n"
        f"Then push as always: it sees every push to {served.branch}. In order: "
        f"{', '.join(served.scenarios)}, and live from then on.\n"
        f"Afterwards: unset {names}\n      fish: set -e {names}\n"
        f"(a new terminal has your own values again)\n"
    )
