"""Which server statements of a repository may run on: a private one, or one that the user named."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.database import Address, address_from_url, address_from_variables
from afterpush.infra.database_server.programs import FLAVOURS, TITLES, Flavour, Program, programs
from afterpush.infra.errors import AfterpushError
from afterpush.infra.secrets import Secret

WORDS = ("auto", *FLAVOURS, "url")
_HOW = (
    "install one (Debian: apt-get install mariadb-server-core; any mysqld or mariadbd on PATH will do), or "
    "set MYSQL_URL to a server where schemas may be made and dropped"
)


class NoServer(AfterpushError):
    """This machine has no server program, and no server was named."""


@dataclass(frozen=True)
class Choice:
    """A private server of `program`, or the server at `address`; `said` is for people."""

    said: str
    program: Program | None = None
    address: Address | None = None


def cache_folder(environment: Environment) -> Path:
    """Where things lie that can be made again: `AFTERPUSH_CACHE`, else the user's cache."""
    own = environment.get("AFTERPUSH_CACHE")
    if own:
        return Path(own)
    home = environment.get("HOME") or str(Path.home())
    return Path(environment.get("XDG_CACHE_HOME") or f"{home}/.cache") / "afterpush"


def available(environment: Environment) -> list[Program]:
    """The server programs of this machine, MySQL first: installed, else unpacked in the cache."""
    return programs(environment.get("PATH"), cache_folder(environment) / "servers")


def choose(word: str, environment: Environment) -> Choice:
    """The server for `migrate.server`, or for `--server`, which may also say `app` (the database of `DB_*`).

    `auto`: the server of `MYSQL_URL` where that is set, else a private one, never `DB_*`. Raises
    NoServer (2) when there is none, saying how to get one.
    """
    if word == "app":
        return _app(environment)
    if word.startswith(("mysql://", "mariadb://")):
        return _named(address_from_url(Secret(word)), "migrate.server")
    if word not in WORDS:
        raise AfterpushError(
            f"migrate.server is {word!r}; write {', '.join(WORDS)}, or mysql://user:password@host:port/"
        )
    url = environment.secret("MYSQL_URL")
    if url and word in ("auto", "url"):
        return _named(address_from_url(url), "MYSQL_URL")
    if word == "url":
        raise AfterpushError("migrate.server is url, and MYSQL_URL is not set; set it, or write auto")
    found = [program for program in available(environment) if word in ("auto", program.flavour)]
    if not found:
        wanted = "MySQL or MariaDB" if word == "auto" else TITLES[_flavour(word)]
        raise NoServer(f"no {wanted} server program is on this machine to read the migrations; {_HOW}")
    return Choice(f"a private {found[0]} ({found[0].path})", program=found[0])


def _flavour(word: str) -> Flavour:
    return "mysql" if word == "mysql" else "mariadb"


def _named(address: Address, source: str) -> Choice:
    return Choice(f"{address.where} ({source})", address=address)


def _app(environment: Environment) -> Choice:
    address = address_from_variables(environment)
    if address is None:
        raise AfterpushError(
            "--server=app is the database of DB_*, and DB_HOST is not set (see .env.example)"
        )
    return Choice(f"{address.where} (the app's own, --server=app)", address=address)


def as_settings(variables: Mapping[str, object]) -> dict[str, str]:
    """System variables for a private server, as they are written on its command line."""
    words = {True: "ON", False: "OFF"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in variables.items()
        if value is not None
    }
