"""Connections to MySQL and MariaDB: the only place that knows PyMySQL."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from afterpush.ground.errors import AfterpushError, ExitCode
from afterpush.ground.secrets import Secret

SslMode = Literal["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
SSL_MODES: tuple[SslMode, ...] = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")


class DatabaseFailure(AfterpushError):
    """The server refused, went away, or rejected a statement; `number` is MySQL's error number or 0."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message, ExitCode.UNREACHABLE)
        self.number = number


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

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database or ''}"


def address_from_url(url: Secret) -> Address:
    """`mysql://user:password@host:port/name?ssl-mode=...&ssl-ca=...`. Raises AfterpushError."""
    try:
        parts = urlsplit(url.reveal())
        port = parts.port or 3306
    except ValueError as error:
        raise AfterpushError("MYSQL_URL is not a URL; write mysql://user:password@host:port/name") from error
    if parts.scheme not in ("mysql", "mariadb") or not parts.hostname:
        raise AfterpushError("MYSQL_URL must read mysql://user:password@host:port/name")
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    return Address(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or "root"),
        password=Secret(unquote(parts.password)) if parts.password else None,
        database=unquote(parts.path.lstrip("/")) or None,
        ssl_mode=ssl_mode(options.get("ssl-mode", "REQUIRED")),
        ssl_ca=unquote(options["ssl-ca"]) if "ssl-ca" in options else None,
    )


def ssl_mode(text: str) -> SslMode:
    """The mode of this name, in any case. Raises AfterpushError with the valid ones."""
    for mode in SSL_MODES:
        if text.upper() == mode:
            return mode
    raise AfterpushError(f"DB_SSL_MODE is {text!r}; valid: {', '.join(SSL_MODES)}")


def _tls(address: Address) -> ssl.SSLContext | None:
    if address.ssl_mode == "DISABLED":
        return None
    if address.ssl_ca is None and address.ssl_mode != "REQUIRED":
        raise AfterpushError(
            f"DB_SSL_MODE={address.ssl_mode} needs the server's CA: set DB_SSL_CA to its file"
        )
    try:
        context = ssl.create_default_context(cafile=address.ssl_ca)
    except OSError as error:
        raise AfterpushError(f"cannot read DB_SSL_CA {address.ssl_ca}: {error.strerror or error}") from error
    # The certificates that MySQL makes for itself fail the strict checks of Python 3.13.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = address.ssl_mode == "VERIFY_IDENTITY"
    context.verify_mode = ssl.CERT_REQUIRED if address.ssl_ca else ssl.CERT_NONE
    return context


class Connection:
    """One dedicated connection; statements are committed one by one."""

    def __init__(self, raw: Any, address: Address) -> None:
        self._raw = raw
        self.address = address

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of one statement by column name. Raises DatabaseFailure."""
        with self._cursor(sql, parameters) as cursor:
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Runs one statement; returns the rows that it affected. Raises DatabaseFailure."""
        with self._cursor(sql, parameters) as cursor:
            return int(cursor.rowcount)

    @contextmanager
    def _cursor(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        with _translated(f"the database {self.address}"):
            with self._raw.cursor() as cursor:
                # Without parameters PyMySQL must not see a tuple: it would format every % in the text.
                cursor.execute(sql, tuple(parameters) if parameters else None)
                yield cursor

    def thread_id(self) -> int:
        """The server's number for this connection, as KILL takes it."""
        return int(self._raw.thread_id())

    def close(self) -> None:
        import pymysql

        try:
            self._raw.close()
        except pymysql.err.Error:
            return  # It is closed already: the server or the network did it.


@contextmanager
def connected(
    address: Address, *, timeout_seconds: float = 10, read_timeout_seconds: float = 20
) -> Iterator[Connection]:
    """A connection that is closed afterwards. Raises DatabaseFailure; the password is in no message."""
    connection = connect(address, timeout_seconds=timeout_seconds, read_timeout_seconds=read_timeout_seconds)
    try:
        yield connection
    finally:
        connection.close()


def connect(
    address: Address, *, timeout_seconds: float = 10, read_timeout_seconds: float | None = 20
) -> Connection:
    """Opens a connection; TLS unless the mode is DISABLED, never a silent fallback to none."""
    import pymysql

    tls = _tls(address)
    with _translated(f"connecting to {address}"):
        raw = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password.reveal() if address.password else "",
            database=address.database,
            ssl=tls,
            ssl_disabled=tls is None,
            connect_timeout=max(1, round(timeout_seconds)),
            read_timeout=read_timeout_seconds,
            write_timeout=read_timeout_seconds,
            charset="utf8mb4",
            autocommit=True,
        )
    return Connection(raw, address)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    import pymysql

    try:
        yield
    except pymysql.err.Error as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        said = str(error.args[-1]) if error.args else type(error).__name__
        raise DatabaseFailure(
            f"{doing}: {said.strip() or type(error).__name__} ({number})", number
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DatabaseFailure(f"{doing}: {error}") from error
