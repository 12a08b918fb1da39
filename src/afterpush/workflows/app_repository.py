"""Which app repository a task acts on, and its secrets taken out of what is said."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.configuration.app_repository import AppRepository
from afterpush.infra.errors import AfterpushError

if TYPE_CHECKING:
    from afterpush.infra.secrets.redaction import Redactor

__all__ = [
    "DEFAULTS",
    "AppRepository",
    "app_repository",
    "app_repository_if_any",
    "redacted",
    "redactor_here",
    "warn_on_error",
]
# What comes with us: the documented configuration and variables, and the template of prompts.
DEFAULTS = Path(__file__).parents[1] / "defaults"


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
