"""A private MariaDB: on a free loopback port, in a temporary folder, with TLS, gone when the tests are.

Needs Debian's packages mariadb-server-core and mariadb-client-core; without them, tests that ask for
the server are skipped with that reason. `MYSQL_URL` names a real server for the tests that take `proving`.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from afterpush.infra.database import Address, Connection, DatabaseFailure, address_from_url, connected
from afterpush.infra.secrets import Secret

# Read before any test: the pinned world removes our variables.
REAL_SERVER = os.environ.get("MYSQL_URL")
_SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_FAST = (
    "--skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync "
    "--innodb-buffer-pool-size=16M --innodb-log-file-size=8M --innodb-fast-shutdown=2 "
    "--aria-pagecache-buffer-size=2M --aria-log-file-size=8M --key-buffer-size=1M"
).split()
# The shell below is the server's lifeline: its stdin is a pipe whose other end only the test process
# holds. When that ends, however it ends, `read` returns, the server is killed and the folder removed.
_LIFELINE = """
folder=$1; shift
"$@" </dev/null >>"$folder/server.log" 2>&1 &
server=$!
echo $server >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid"
read -r _
kill -9 $server 2>/dev/null
wait $server 2>/dev/null
rm -rf "$folder"
"""
PROOF_RIGHTS = "afterpush\\_proof\\_%"


@dataclass
class Server:
    """One running mariadbd, with three users.

    `full` may do everything, `proof_only` everything in `afterpush_proof_%`, and `no_rights` nothing.
    """

    folder: Path
    port: int
    full: Address
    proof_only: Address
    no_rights: Address
    lifeline: "subprocess.Popen[bytes]"

    @property
    def ca(self) -> Path:
        """The CA that signed the server's certificate (for 127.0.0.1, not for localhost)."""
        return self.folder / "ca.pem"

    @property
    def other_ca(self) -> Path:
        """A CA that did not."""
        return self.folder / "other-ca.pem"

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def kill(self) -> None:
        """The server dies, as by a power cut; nothing is removed."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the server and removes its folder."""
        assert self.lifeline.stdin is not None
        self.lifeline.stdin.close()
        self.lifeline.wait(timeout=30)


def url_of(address: Address) -> str:
    """The address as MYSQL_URL takes it."""
    password = f":{quote(address.password.reveal(), safe='')}" if address.password else ""
    options = f"?ssl-mode={address.ssl_mode}" + (f"&ssl-ca={quote(address.ssl_ca)}" if address.ssl_ca else "")
    host = f"{address.user}{password}@{address.host}:{address.port}"
    return f"mysql://{host}/{address.database or ''}{options}"


def start_server(*, tls: bool = True) -> Server:
    """A new server, ready for connections. Skips the test where MariaDB is not installed."""
    mariadbd, install = _program("mariadbd", "mysqld"), _program("mariadb-install-db", "mysql_install_db")
    folder = Path(tempfile.mkdtemp(prefix="afterpush-mariadb-", dir=_memory()))
    try:
        _certificates(folder)
        # A folder for temporary tables of its own: a server that starts removes every #sql* file in it, and
        # another server that uses one of those then crashes (measured, MariaDB 10.11).
        (folder / "tmp").mkdir()
        run_as = [f"--user={_user_name()}", f"--tmpdir={folder / 'tmp'}"]
        done = subprocess.run(
            [
                *(install, "--no-defaults", *run_as, f"--datadir={folder / 'data'}", *_FAST),
                *("--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"mariadb-install-db: {done.stdout}{done.stderr}"
        return _launch(
            folder, [mariadbd, "--no-defaults", *run_as, *(_tls(folder) if tls else ["--skip-ssl"])], tls
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _memory() -> str | None:
    """A folder in memory, where there is room: schema statements cost mostly the disk's time."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 500_000_000
    return str(memory) if roomy else None


def _program(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=_SBIN)
        if found:
            return found
    pytest.skip(f"no {names[0]}: install mariadb-server-core and mariadb-client-core")


def _user_name() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _tls(folder: Path) -> list[str]:
    return [
        f"--ssl-ca={folder / 'ca.pem'}",
        f"--ssl-cert={folder / 'server.pem'}",
        f"--ssl-key={folder / 'server.key'}",
    ]


def _launch(folder: Path, command: list[str], tls: bool) -> Server:
    passwords = [secrets.token_urlsafe(12) for _ in range(3)]
    (folder / "init.sql").write_text(_users(*passwords))
    port = _free_port()
    server = [
        *command,
        *_FAST,
        f"--datadir={folder / 'data'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'server.pid'}",
        f"--init-file={folder / 'init.sql'}",
        "--skip-name-resolve",
    ]
    lifeline = subprocess.Popen(
        ["/bin/sh", "-c", _LIFELINE, "lifeline", folder, *server],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    full, proof_only, no_rights = (
        Address("127.0.0.1", port, user, Secret(password), None, "REQUIRED" if tls else "DISABLED")
        for user, password in zip(("full", "proof_only", "no_rights"), passwords, strict=True)
    )
    made = Server(folder, port, full, proof_only, no_rights, lifeline)
    try:
        _wait_until_ready(made)
    except BaseException:
        made.close()
        raise
    return made


def _users(full: str, proof_only: str, no_rights: str) -> str:
    # An init file holds one statement a line.
    return "\n".join(
        [
            f"CREATE USER full@'127.0.0.1' IDENTIFIED BY '{full}';",
            "GRANT ALL ON *.* TO full@'127.0.0.1' WITH GRANT OPTION;",
            f"CREATE USER proof_only@'127.0.0.1' IDENTIFIED BY '{proof_only}';",
            f"GRANT ALL ON `{PROOF_RIGHTS}`.* TO proof_only@'127.0.0.1';",
            f"CREATE USER no_rights@'127.0.0.1' IDENTIFIED BY '{no_rights}';",
            "",
        ]
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with connected(server.full):
                return
        except DatabaseFailure as error:
            log = server.folder / "server.log"
            ended = server.lifeline.poll() is not None or not _is_alive(server.folder / "pid")
            if ended or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise AssertionError(f"mariadbd did not come up: {error}\n{said}") from error
        time.sleep(0.05)


def _is_alive(pid_file: Path) -> bool:
    if not pid_file.exists():
        return True  # The lifeline has not written it yet.
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def _certificates(folder: Path) -> None:
    """A throw-away CA, a server certificate for 127.0.0.1 signed by it, and a CA that signed nothing."""

    def openssl(*words: object) -> None:
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "other-ca"):
        openssl(
            "req", "-x509", *new_key, "-days", 2, "-subj", f"/CN=afterpush {name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
        )  # fmt: skip
    openssl(
        "req", *new_key, "-subj", "/CN=127.0.0.1", "-keyout", folder / "server.key",
        "-out", folder / "server.csr",
    )  # fmt: skip
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-days", 2, "-extfile", names, "-out", folder / "server.pem",
    )  # fmt: skip


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """The private server of this test session (of this worker, under pytest-xdist)."""
    server = start_server()
    yield server
    server.close()


@pytest.fixture
def mortal_mariadb() -> Iterator[Server]:
    """A server of the test's own, to be killed."""
    server = start_server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def proving(request: pytest.FixtureRequest) -> Address:
    """Where proofs run: the server of `MYSQL_URL`, else the private one as the user with the least rights."""
    if REAL_SERVER:
        return replace(address_from_url(Secret(REAL_SERVER)), database=None)
    server: Server = request.getfixturevalue("mariadb")
    return server.proof_only


@contextmanager
def fresh_database(address: Address) -> Iterator[Address]:
    """An empty database that is dropped afterwards; its name needs no more rights than a proof."""
    name = f"afterpush_proof_test_{secrets.token_hex(6)}"
    with connected(address) as connection:
        connection.execute(f"CREATE DATABASE `{name}` DEFAULT CHARACTER SET utf8mb4")
        try:
            yield replace(address, database=name)
        finally:
            _drop(connection, name)


def _drop(connection: Connection, name: str) -> None:
    connection.execute("SET SESSION lock_wait_timeout = 20")
    connection.execute(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def database(proving: Address) -> Iterator[Address]:
    """A fresh database on the proving server."""
    with fresh_database(proving) as address:
        yield address
