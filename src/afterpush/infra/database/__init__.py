"""Connections to MySQL and MariaDB: the only place that knows PyMySQL."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from afterpush.infra.clock import SystemClock
from afterpush.infra.database.address import Address as Address
from afterpush.infra.database.address import SslMode as SslMode
from afterpush.infra.database.address import address_from_url as address_from_url
from afterpush.infra.database.address import address_from_variables as address_from_variables
from afterpush.infra.database.login import plugins_for
from afterpush.infra.errors import AfterpushError, ExitCode

# Server-side numbers that mean "this connection is over": shutdown, killed, aborted.
_ENDED = (1053, 1152, 1317, 1927, 4031)
# Access denied to a database, a table, a column, an administrative statement, a routine.
_NO_RIGHT = (1044, 1142, 1143, 1227, 1370)


class DatabaseFailure(AfterpushError):
    """The server refused, went away, or rejected a statement; `number` is MySQL's error number or 0."""

    def __init__(
        self, message: str, number: int = 0, exit_code: ExitCode = ExitCode.UNREACHABLE, said: str = ""
    ) -> None:
        super().__init__(message, exit_code)
        self.number = number
        self.said = said or message
        """The server's own words."""


class StatementRejected(DatabaseFailure):
    """The server is there and does not accept this statement: an answer (exit code 1), not an outage."""

    def __init__(self, message: str, number: int, said: str) -> None:
        super().__init__(message, number, ExitCode.BAD_ANSWER, said)


def _tls(address: Address) -> ssl.SSLContext | None:
    if address.ssl_mode == "DISABLED" or address.socket:
        return None
    if address.ssl_ca is None and address.ssl_mode != "REQUIRED":
        raise AfterpushError(
            f"DB_SSL_MODE={address.ssl_mode} needs the server's CA: set DB_SSL_CA to its file"
        )
    if address.ssl_ca is None:
        # The default context would load the system's CAs (40 ms each time), and then ask none of them.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    try:
        context = ssl.create_default_context(cafile=address.ssl_ca)
    except OSError as error:
        raise AfterpushError(f"cannot read DB_SSL_CA {address.ssl_ca}: {error.strerror or error}") from error
    # The certificates that MySQL makes for itself fail the strict checks of Python 3.13.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = address.ssl_mode == "VERIFY_IDENTITY"
    return context


class Connection:
    """One dedicated connection; statements are committed one by one."""

    def __init__(self, raw: Any, address: Address) -> None:
        self._raw = raw
        self.address = address
        # What to do instead of a statement that the server refuses; returns the rows that it affected.
        self.on_refusal: Callable[[str, StatementRejected], int] | None = None

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of one statement by column name. Raises DatabaseFailure."""
        with self._cursor(sql, parameters) as cursor:
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def few(
        self, sql: str, parameters: Sequence[object] = (), *, most: int = 1000, seconds: float = 20
    ) -> list[dict[str, Any]]:
        """The rows of a statement that has few, read one by one: from a server whose rows may never end.

        Raises DatabaseFailure, and the connection is closed, for more than `most` or after `seconds`.
        """
        import pymysql

        clock = SystemClock()
        deadline = clock.monotonic() + seconds
        with _translated(f"the database {self.address}", _rejected):
            cursor = self._raw.cursor(pymysql.cursors.SSCursor)
            cursor.execute(sql, tuple(parameters) if parameters else None)
            names, rows = [column[0] for column in cursor.description or ()], []
            while (row := cursor.fetchone()) is not None:
                rows.append(dict(zip(names, row, strict=True)))
                if len(rows) > most or clock.monotonic() > deadline:
                    # Closed by force: to end the statement in an orderly way would read all of its rows.
                    self._raw._result.unbuffered_active = False  # Else PyMySQL reads on when it is freed.
                    self._raw._result = None
                    self._raw._force_close()
                    raise DatabaseFailure(
                        f"the database {self.address}: the rows of one statement do not end"
                    )
            cursor.close()
            return rows

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Runs one statement; returns the rows that it affected. Raises DatabaseFailure."""
        try:
            with self._cursor(sql, parameters) as cursor:
                return int(cursor.rowcount)
        except StatementRejected as error:
            if self.on_refusal is None:
                raise
            return self.on_refusal(sql, error)

    @contextmanager
    def _cursor(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        with _translated(f"the database {self.address}", _rejected):
            with self._raw.cursor() as cursor:
                # Without parameters PyMySQL must not see a tuple: it would format every % in the text.
                cursor.execute(sql, tuple(parameters) if parameters else None)
                yield cursor

    def warnings(self) -> list[tuple[int, str]]:
        """What the server said about the last statement, by number; costs nothing when it said nothing."""
        result = getattr(self._raw, "_result", None)
        if not getattr(result, "warning_count", 0):
            return []
        return [(int(row[1]), str(row[2])) for row in self._raw.show_warnings()]

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
    address: Address, *, timeout_seconds: float = 10, read_timeout_seconds: float | None = 20
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
    password = address.password.reveal() if address.password else ""
    with _translated(f"connecting to {address}", _refused):
        raw = pymysql.connect(
            host=address.host,
            port=address.port,
            unix_socket=address.socket,
            user=address.user,
            password=password,
            database=address.database,
            ssl=tls,
            ssl_disabled=tls is None,
            connect_timeout=max(1, round(timeout_seconds)),
            read_timeout=read_timeout_seconds,
            write_timeout=read_timeout_seconds,
            charset="utf8mb4",
            auth_plugin_map=plugins_for(password, is_verified=tls is not None and bool(address.ssl_ca)),
            autocommit=True,
        )
    return Connection(raw, address)


@contextmanager
def _translated(doing: str, failure: Callable[[str, int, str], DatabaseFailure]) -> Iterator[None]:
    import pymysql

    try:
        yield
    except pymysql.err.Error as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        said = (str(error.args[-1]) if error.args else "").strip() or type(error).__name__
        raise failure(doing, number, said) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DatabaseFailure(f"{doing}: {error}") from error


def _rejected(doing: str, number: int, said: str) -> DatabaseFailure:
    """A failed statement. Numbers from 2000 to 2999 are the client library's: the connection is gone."""
    message = f"{doing}: {said} ({number})" if number else f"{doing}: {said}"
    if number == 0 or 2000 <= number < 3000 or number in _ENDED:
        return DatabaseFailure(message, number, said=said)
    if number in _NO_RIGHT:
        message += "; have this right granted to the user, or name another user"
    return StatementRejected(message, number, said)


def _refused(doing: str, number: int, said: str) -> DatabaseFailure:
    return DatabaseFailure(f"{doing}: {said} ({number}); {_advice(number, said)}", number, said=said)


def _advice(number: int, said: str) -> str:
    if "CERTIFICATE" in said.upper():
        return "check that DB_SSL_CA is the CA of this server, and its name (VERIFY_IDENTITY)"
    if number == 2026:
        return "the server offers no TLS; DB_SSL_MODE=DISABLED does without, on a trusted network only"
    if number in (1044, 1045, 1698):
        return "check user and password (DB_USER, DB_PASS or MYSQL_URL) and their rights"
    if number == 1049:
        return "check the name of the database (DB_NAME or MYSQL_URL)"
    return "check host and port (DB_HOST, DB_PORT or MYSQL_URL), and that its firewall admits this machine"
