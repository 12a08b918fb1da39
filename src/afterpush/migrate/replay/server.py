"""The server on which statements are replayed and proofs are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from afterpush.infra.database import Address, Connection, connected


@dataclass(frozen=True)
class Server:
    """`runner` executes the team's statements; `looker` reads what came of them, and may end a connection.

    `flavour` is `mysql` or `mariadb`. A `private` server was started for this run and goes with it: its
    runner has rights in scratch schemas only. On any other server a fence reads the text before it runs, too;
    where the runner is a user for this run, `allow` gives it a schema, and `creator` makes its programs
    where the binary log lets nobody else (see `run_user.py`).
    `options` is what CREATE DATABASE gets for a scratch schema.
    A private one is up after `start`, so that what is remembered costs no server. It knows its `settings`,
    and where histories are remembered (`cache`).
    """

    runner: Address
    looker: Address
    flavour: str
    version: str
    is_private: bool = False
    options: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None
    allow: Callable[[str], object] | None = None
    creator: Address | None = None
    start: Callable[[], None] = lambda: None

    @property
    def title(self) -> str:
        """`MySQL 9.7.4`: as the reports name it."""
        name = "MariaDB" if self.flavour == "mariadb" else "MySQL"
        return f"{name} {self.version.split('-')[0]}"


UTF8 = "DEFAULT CHARACTER SET utf8mb4"


def server_at(address: Address) -> Server:
    """The server that an address names; scratch schemas get the character set of the address's database."""
    outside = replace(address, database=None)
    with connected(outside) as connection:
        version = str(connection.query("SELECT VERSION() AS version")[0]["version"])
        options = _options(connection, address.database)
    return Server(outside, outside, flavour_of(version), version, options=options)


def flavour_of(version: str) -> str:
    """`mysql` or `mariadb`, by what VERSION() answers."""
    return "mariadb" if "mariadb" in version.lower() else "mysql"


def _options(connection: Connection, database: str | None) -> str:
    rows = connection.query(
        "SELECT DEFAULT_CHARACTER_SET_NAME AS cs, DEFAULT_COLLATION_NAME AS co "
        "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s",
        [database or ""],
    )
    return f"DEFAULT CHARACTER SET {rows[0]['cs']} COLLATE {rows[0]['co']}" if rows else UTF8
