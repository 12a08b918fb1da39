"""Opening the server that reads the migrations: a private one, or one that the user named."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from secrets import token_hex

import msgspec

from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.database import Address, connected
from afterpush.infra.database_server.choice import Choice, as_settings, available, cache_folder, choose
from afterpush.infra.database_server.private import private_server
from afterpush.infra.database_server.programs import Program
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.run_user import as_run_user
from afterpush.migrate.replay.scratch import is_confined
from afterpush.migrate.replay.server import Server, server_at

# The names that a private server's runner may make, as GRANT takes them.
_SCRATCH = "afterpush\\_proof\\_%"


@contextmanager
def replay_server(migrate: Migrate, environment: Environment, *, word: str = "") -> Iterator[Server]:
    """The server of `--server` (`word`), of `migrate.server`, or what `auto` finds.

    Raises AfterpushError (2) when there is none, or when the app's own was asked for as a user who may do
    more than make scratch schemas.
    """
    choice = choose(word or migrate.server, environment)
    if word == "app" and choice.address is not None:
        _check_confined(choice.address)
    with opened(choice, migrate, environment) as server:
        yield server


@contextmanager
def opened(choice: Choice, migrate: Migrate, environment: Environment) -> Iterator[Server]:
    """The server of a choice, ready."""
    if choice.address is not None:
        with as_run_user(server_at(choice.address), token_hex) as server:
            yield server
        return
    assert choice.program is not None
    with _private(choice.program, migrate, environment) as server:
        yield server


@contextmanager
def _private(
    program: Program, migrate: Migrate, environment: Environment, like: Mapping[str, str] | None = None
) -> Iterator[Server]:
    settings = dict(like or {}) | as_settings(msgspec.structs.asdict(migrate.server_variables))
    cache = cache_folder(environment)
    with private_server(
        program, cache=cache / "data", schemas=_SCRATCH, settings=settings, waits=True
    ) as private:
        yield Server(
            private.confined,
            private.administrator,
            program.flavour,
            program.version,
            is_private=True,
            options=_options(settings),
            settings=settings,
            cache=cache / "histories",
            start=private.start,
        )


def _options(settings: dict[str, str]) -> str:
    """A scratch schema has the server's character set where that was asked for, else utf8mb4."""
    named = "character_set_server" in settings or "collation_server" in settings
    return "" if named else "DEFAULT CHARACTER SET utf8mb4"


@contextmanager
def other_flavour(server: Server, migrate: Migrate, environment: Environment) -> Iterator[Server | None]:
    """A private server of the other flavour, for what only one takes; None where none is installed."""
    others = [program for program in available(environment) if program.flavour != server.flavour]
    if not others:
        yield None
        return
    with _private(others[0], migrate, environment) as other:
        yield other


def _check_confined(address: Address) -> None:
    with connected(replace(address, database=None)) as connection:
        if not is_confined(connection):
            raise AfterpushError(
                f"--server=app: {address.user} may do more on {address.where} than make schemas "
                "named afterpush_proof_*; name a user with rights on those only, or another server"
            )


def server_like(
    flavour: str, settings: Mapping[str, str], migrate: Migrate, environment: Environment
) -> AbstractContextManager[Server] | None:
    """A private server that reads and spells as another one does: of its flavour, with its settings.

    None where no program of that flavour is here.
    """
    program = next((each for each in available(environment) if each.flavour == flavour), None)
    return _private(program, migrate, environment, settings) if program else None
