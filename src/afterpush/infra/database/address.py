"""Where a database is and who asks: from `DB_*`, or from a URL."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from afterpush.infra.configuration.environment_variables import DATABASE_ADDRESS
from afterpush.infra.errors import AfterpushError
from afterpush.infra.secrets import Secret

if TYPE_CHECKING:
    from afterpush.infra.configuration.environment_variables import Environment

SslMode = Literal["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
SSL_MODES: tuple[SslMode, ...] = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")


@dataclass(frozen=True)
class Address:
    """Where a database is and who asks.

    `REQUIRED` verifies the certificate chain when a CA is given; without one it encrypts only.
    """

    host: str
    port: int = 25060
    user: str = "doadmin"
    password: Secret | None = None
    database: str | None = "defaultdb"
    ssl_mode: SslMode = "REQUIRED"
    ssl_ca: str | None = None
    socket: str | None = None
    """The path of a Unix socket, instead of host and port."""

    @property
    def where(self) -> str:
        """The server for people: host and port, or its socket."""
        return self.socket or f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.where}/{self.database or ''}"


def address_from_variables(environment: "Environment") -> Address | None:
    """The database of `DB_HOST` and the other `DB_*`; None without `DB_HOST`. Raises AfterpushError."""
    host = environment.get("DB_HOST")
    if not host:
        return None
    environment.require_one_source(("DB_PASS",), DATABASE_ADDRESS)
    port = environment.get("DB_PORT", "25060")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise AfterpushError(f"DB_PORT is {port!r}; write a port number, such as 25060")
    return Address(
        host=host,
        port=int(port),
        user=environment.get("DB_USER", "doadmin"),
        password=environment.secret("DB_PASS"),
        database=environment.get("DB_NAME", "defaultdb"),
        ssl_mode=ssl_mode(environment.get("DB_SSL_MODE", "REQUIRED")),
        ssl_ca=environment.get("DB_SSL_CA") or None,
    )


def address_from_url(url: Secret) -> Address:
    """`mysql://user:password@host:port/name?ssl-mode=...&ssl-ca=...`. Raises AfterpushError."""
    form = "write mysql://user:password@host:port/name, with special characters as %XX"
    try:
        parts = urlsplit(url.reveal())
        port = parts.port or 3306
    except ValueError:
        # Not chained: the error quotes what it took for the port, which can be half of the password.
        raise AfterpushError(f"MYSQL_URL is not a URL; {form}") from None
    if parts.scheme not in ("mysql", "mariadb") or not parts.hostname:
        raise AfterpushError(f"MYSQL_URL names no MySQL server; {form}")
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    return Address(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or "root"),
        password=Secret(unquote(parts.password)) if parts.password else None,
        database=unquote(parts.path.lstrip("/")) or None,
        ssl_mode=ssl_mode(options.get("ssl-mode", "REQUIRED"), "MYSQL_URL's ssl-mode"),
        ssl_ca=unquote(options["ssl-ca"]) if "ssl-ca" in options else None,
        socket=unquote(options["socket"]) if "socket" in options else None,
    )


def ssl_mode(text: str, name: str = "DB_SSL_MODE") -> SslMode:
    """The mode of this name, in any case. Raises AfterpushError with the valid ones."""
    for mode in SSL_MODES:
        if text.upper() == mode:
            return mode
    raise AfterpushError(f"{name} is {text!r}; valid: {', '.join(SSL_MODES)}")
