"""Which server would read the migrations of this repository."""

from pathlib import Path

from afterpush.environment.report import Check, Problem, warning
from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.configuration.variables import Environment
from afterpush.infra.database_server.choice import choose
from afterpush.infra.errors import AfterpushError
from afterpush.infra.globs import matching

_NAME = "migrations"


def migrations_check(root: Path, migrate: Migrate, environment: Environment) -> tuple[Check, list[Problem]]:
    """The server that `migrate.*` would use; nothing is started or connected to."""
    try:
        if not matching(root, migrate.sources):
            return Check(_NAME, True, f"none: no file matches {', '.join(migrate.sources)}"), []
        return Check(_NAME, True, f"read by {choose(migrate.server, environment).said}"), []
    except AfterpushError as error:
        what, _, cure = str(error).partition("; ")
        return Check(_NAME, False, str(error)), [
            warning(what, cure or "correct migrate.server", "all but migrate.*")
        ]
