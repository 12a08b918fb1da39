"""Workflows of validating an app spec: which file is meant, what is around it, what the platform says."""

import sys
from pathlib import Path

from afterpush.appspec.spec import AppSpec, parse_spec, read_spec
from afterpush.appspec.validate.problems import NOT_ASKED, PlatformWord
from afterpush.appspec.validate.source_rules import Watched
from afterpush.deploy.monitor.history import History
from afterpush.digitalocean.find_app import repository_names
from afterpush.infra.clock import SystemClock
from afterpush.infra.console import note
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import as_text, read_text
from afterpush.infra.git.remotes import remote_branches
from afterpush.infra.safe_paths import Gate
from afterpush.workflows.app_repository import AppRepository

STDIN = "-"
MAX_SPEC_BYTES = 4 << 20


def spec_path(here: AppRepository, named: str | None) -> Path:
    """The file: `--spec` from the current folder, else `appspec.path` in this worktree.

    Raises AfterpushError where the configured path leads out of it; `--spec` is the user's own word.
    """
    if named:
        return Path(named).expanduser().absolute()
    return Gate(here.repo).folder(here.settings.appspec.path)


def spec_here(here: AppRepository, named: str | None) -> AppSpec:
    """The app spec that is meant, `-` from stdin. Raises AfterpushError when it cannot be read."""
    if named == STDIN:
        text = as_text(lambda: sys.stdin.buffer.read(MAX_SPEC_BYTES), "stdin", "reading the app spec")
        return parse_spec(text, "stdin")
    return read_spec(spec_path(here, named), named or here.settings.appspec.path)


def watched_here(here: AppRepository) -> Watched:
    """The repository by its push remote, its branches there, and those whose pushes are watched."""
    remote = here.settings.push.remote
    names = repository_names(here.repo, remote)
    return Watched(names, here.settings.deploy.branches, lambda: remote_branches(here.repo, remote))


def file_of(here: AppRepository, path: str) -> str | None:
    """A text of the repository that the spec names, None where there is none that can be read."""
    try:
        return read_text(Gate(here.repo).folder(path), "reading", limit=MAX_SPEC_BYTES)
    except AfterpushError:
        return None


def deploying_seconds(here: AppRepository) -> list[float]:
    """How long DEPLOYING lasted in the last live deployments that were watched from here."""
    records = History(here.state.history).records(limit=20)
    return [one.phases["DEPLOYING"] for one in records if one.verdict == "live" and "DEPLOYING" in one.phases]


def platform_said(here: AppRepository, spec: AppSpec) -> PlatformWord:
    """What the platform says, with a token. That it cannot be asked is noted, and no fault of the spec."""
    if here.environment.token() is None:
        return NOT_ASKED
    # The clients of HTTP and the API cost more than all of a validation.
    from afterpush.appspec.validate.proposal import platform_word
    from afterpush.deploy.monitor.setup import app_platform, wanted_app

    api = app_platform(here.environment, SystemClock())
    assert api is not None
    wanted = wanted_app(here)
    told = platform_word(api, spec, wanted, here.environment.redactor())
    if told.why_not:
        note(f"note: {told.why_not}")
    return told
