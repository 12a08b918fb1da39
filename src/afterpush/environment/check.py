"""The whole check: asks the slow things side by side, then judges."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from afterpush.environment.credentials import credential_problems, find_credentials
from afterpush.environment.probe import Probe, service_problems
from afterpush.environment.report import Check, Problem, Report, Severity, error
from afterpush.environment.repository import (
    Hooks,
    env_file_check,
    hooks_check,
    migrations_check,
    notify_check,
    read_env_file,
    remote_check,
    state_check,
)
from afterpush.environment.tools import find_tools, needs, tool_problems
from afterpush.infra.configuration.config import CONFIG_PATH
from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.configuration.settings import Settings
from afterpush.infra.git import remote_urls
from afterpush.infra.git.urls import without_credentials
from afterpush.infra.secrets.redaction import Redactor


@dataclass(frozen=True)
class Surroundings:
    """What is to be checked; `probes` ask the sources."""

    repo: Path
    root: Path
    state_folder: Path
    settings: Settings
    environment: Environment
    hooks: Hooks
    probes: tuple[Callable[[], Probe], ...]
    configuration_problem: str | None = None


def examine(here: Surroundings) -> Report:
    """Looks at everything; raises only what is a bug, or a repository that git cannot read."""
    urls = remote_urls(here.repo, here.settings.push.remote, push=True)
    needed = needs(here.root, urls)
    with ThreadPoolExecutor(max_workers=len(here.probes) + 1) as pool:
        looking = pool.submit(find_tools, here.root, here.environment.get("PATH"), needed)
        asking = [pool.submit(probe) for probe in here.probes]
        tools, probes = looking.result(), [asked.result() for asked in asking]
    webhook = here.settings.notify.webhook_env
    credentials = find_credentials(here.environment, webhook)
    redact = here.environment.redactor()
    pairs = [
        remote_check(here.settings.push.remote, [redact(without_credentials(url)) for url in urls]),
        hooks_check(here.hooks),
        state_check(here.state_folder),
        env_file_check(read_env_file(here.root)),
        migrations_check(here.root, here.settings.migrate, here.environment),
        notify_check(here.settings.notify.command, here.environment.get("PATH")),
        _configuration(here.root, here.configuration_problem),
    ]
    probes = [_redacted(probe, redact) for probe in probes]
    problems = [
        *service_problems(probes),
        *tool_problems(tools),
        *credential_problems(credentials, webhook),
        *(problem for _, found in pairs for problem in found),
    ]
    return Report(
        tools=tools,
        credentials=credentials,
        services=[probe.service for probe in probes],
        repository=[check for check, _ in pairs],
        problems=sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR),
    )


def _redacted(probe: Probe, redact: Redactor) -> Probe:
    """What a source said, without the secrets that it may have repeated."""
    said = probe.service
    target = None if said.target is None else redact(said.target)
    return replace(probe, service=replace(said, detail=redact(said.detail), target=target))


def _configuration(root: Path, problem: str | None) -> tuple[Check, list[Problem]]:
    exists = (root / CONFIG_PATH).is_file()
    detail = problem or (str(CONFIG_PATH) if exists else f"defaults ({CONFIG_PATH} is not there)")
    found = (
        [error(problem, f"correct {CONFIG_PATH}", "only this check, with the defaults")] if problem else []
    )
    return Check("configuration", not problem, detail), found
