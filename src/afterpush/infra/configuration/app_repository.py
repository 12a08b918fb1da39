"""An app repository with all that its configuration gives: root, settings, variables and state folder."""

import contextlib
import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError

if TYPE_CHECKING:
    from afterpush.infra.configuration.environment_variables import Environment
    from afterpush.infra.configuration.settings import Settings
    from afterpush.infra.state import StateFolder


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
        # A mistake in the settings is told where they are needed; secrets are hidden anyway.
        with contextlib.suppress(AfterpushError):
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
