"""Looking at the app's own schema: with its user's SELECT rights, changing nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from afterpush.infra.database import Address, Connection, connected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.replay.look import look
from afterpush.migrate.replay.schema import State
from afterpush.migrate.replay.scratch import settle_looker
from afterpush.migrate.replay.server import flavour_of

# What decides how a server reads a definition, where a private server takes it.
_SETTINGS = (
    "sql_mode character_set_server collation_server default_storage_engine explicit_defaults_for_timestamp "
    "lower_case_table_names sql_require_primary_key"
).split()


@dataclass(frozen=True)
class Live:
    """A schema in use: its state, and what its server is and is set to."""

    connection: Connection
    schema: str
    flavour: str
    version: str
    settings: dict[str, str]
    state: State

    @property
    def title(self) -> str:
        """`MySQL 9.7.4`."""
        name = "MariaDB" if self.flavour == "mariadb" else "MySQL"
        return f"{name} {self.version.split('-')[0]}"

    @property
    def options(self) -> str:
        """What CREATE DATABASE gets, so that another schema has the same character set."""
        charset, collation = self.state["schema", "", "charset"].split(" ")
        return f"DEFAULT CHARACTER SET {charset} COLLATE {collation}"


@contextmanager
def looking_at(address: Address) -> Iterator[Live]:
    """The schema that the address names. Raises DatabaseFailure, and AfterpushError without a name."""
    if not address.database:
        raise AfterpushError("no database is named: set DB_NAME, or write it into MYSQL_URL after the host")
    with connected(address, read_timeout_seconds=120) as connection:
        version = str(connection.query("SELECT VERSION() AS version")[0]["version"])
        flavour = flavour_of(version)
        settings = _settings(connection)
        settle_looker(connection, flavour)
        state = look(connection, flavour, address.database)
        yield Live(connection, address.database, flavour, version, settings, state)


def _settings(connection: Connection) -> dict[str, str]:
    names = ", ".join(f"'{name}'" for name in _SETTINGS)
    rows = connection.query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")
    found = {str(row["Variable_name"]): str(row["Value"]) for row in rows}
    if found.get("lower_case_table_names") == "2":
        del found["lower_case_table_names"]  # macOS; no server of Linux takes it.
    return found
