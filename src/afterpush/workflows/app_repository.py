"""The app repository that a task acts on: its root, settings, variables and state folder."""

import contextlib
import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError

if TYPE_CHECKING:
    from afterpush.infra.configuration.environment_variables import Environment
    from afterpush.infra.configuration.settings import Settings
    from afterpush.infra.secrets.redaction import Redactor
    from afterpush.infra.state import StateFolder

# What comes with us: the documented configuration and variables, and the template of prompts.
DEFAULTS = Path(__file__).parents[1] / "defaults"


class AppRepository:
    """The app repository that a task acts on, its settings and variables, each read on first use."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo

    @functools.cached_property
    def root(self) -> Path:
        """The main worktree's root: configuration and `.env` are read there."""
        from afterpush.infra.git import main_worktree

        return main_worktree(self.repo)

    @functools.cached_property
    def settings(self) -> "Settings":
        from afterpush.infra.configuration.config import load_settings

        return load_settings(self.root)

    @functools.cached_property
    def environment(self) -> "Environment":
        from afterpush.infra.configuration.environment_variables import read_environment

        environment = replace(read_environment(self.root), tell=_tell_once)
        with contextlib.suppress(
            AfterpushError
        ):  # Told where the settings are needed; secrets are hidden anyway.
            environment = environment.telling(self.settings.notify.webhook_env)
        return environment

    @functools.cached_property
    def state(self) -> "StateFolder":
        from afterpush.infra.state import state_folder

        return state_folder(self.repo, self.settings.deploy.state_dir)


@functools.cache
def _tell_once(sentence: str) -> None:
    from afterpush.infra.console import note

    note(f"afterpush: {sentence}")


def app_repository() -> AppRepository:
    """The repository of the current folder, or `AFTERPUSH_REPO`. Raises AfterpushError outside of one."""
    from afterpush.infra.git import top_level

    named = os.environ.get("AFTERPUSH_REPO")
    folder = Path(named).expanduser() if named else Path.cwd()
    if not folder.is_dir():
        raise AfterpushError(f"AFTERPUSH_REPO is {named}, which is no folder; correct or unset it")
    return AppRepository(top_level(folder))


def app_repository_if_any() -> AppRepository | None:
    """The same, or None outside of a repository: for tasks that need none."""
    try:
        return app_repository()
    except AfterpushError:
        if os.environ.get("AFTERPUSH_REPO"):
            raise
        return None


def redacted(message: str) -> str:
    """A message without the secrets that this repository's variables hold."""
    return redactor_here()(message)


def redactor_here() -> "Redactor":
    """What takes this repository's secrets out of a text; outside of a repository, the environment's."""
    from afterpush.infra.configuration.environment_variables import read_environment

    try:
        environment = app_repository().environment
    except AfterpushError:
        environment = read_environment(None)
    return environment.redactor()


@contextmanager
def warn_on_error(what: str) -> Iterator[None]:
    """For what follows a finished result: an AfterpushError in it is a warning and changes no exit code."""
    from afterpush.infra.console import note

    try:
        yield
    except AfterpushError as error:
        note(f"afterpush: {what}: {redacted(str(error))}")
