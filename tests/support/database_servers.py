"""Private MySQL and MariaDB servers for tests, one of each kind for a whole run, shared by its workers.

kind          server                              users
mysql         MySQL 9.7, its own settings         full, proof_only, no_rights
digitalocean  the same, set up as their managed   doadmin (no SUPER), proof_only, no_rights
mariadb       the machine's MariaDB               full, proof_only, no_rights
plain         the same without TLS                full, proof_only, no_rights

Without the programs, tests that ask for a server are skipped with that reason (`inv test` brings them).
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database import Address, connected
from afterpush.infra.database_server.choice import available, cache_folder
from afterpush.infra.database_server.programs import Flavour, Program
from afterpush.infra.secrets import Secret

# Read before any test: the pinned world has another HOME.
CACHE = cache_folder(read_environment(None))
_PROGRAMS = {program.flavour: program for program in available(read_environment(None))}
_LIMIT_SECONDS = 120
_FOLDER = "AFTERPUSH_TEST_SERVERS"
BOTH = ("mysql", "mariadb")


@dataclass(frozen=True)
class Server:
    """One running server. `full` is its most powerful user, `proof_only` may do everything in
    `afterpush_proof_%`, and `no_rights` nothing."""

    kind: str
    folder: Path
    pid_file: Path
    full: Address
    proof_only: Address
    no_rights: Address

    @property
    def flavour(self) -> Flavour:
        return flavour_of(self.kind)

    @property
    def port(self) -> int:
        return self.full.port

    @property
    def ca(self) -> Path:
        """The CA that signed the server's certificate (for 127.0.0.1, not for localhost)."""
        return self.folder / "ca.pem"

    @property
    def other_ca(self) -> Path:
        """A CA that did not."""
        return self.folder / "other-ca.pem"

    def kill(self) -> None:
        """The server dies, as by a power cut; nothing is removed."""
        os.kill(int(self.pid_file.read_text()), signal.SIGKILL)


def url_of(address: Address) -> str:
    """The address as MYSQL_URL takes it."""
    password = f":{quote(address.password.reveal(), safe='')}" if address.password else ""
    options = f"?ssl-mode={address.ssl_mode}" + (f"&ssl-ca={quote(address.ssl_ca)}" if address.ssl_ca else "")
    host = f"{address.user}{password}@{address.host}:{address.port}"
    return f"mysql://{host}/{address.database or ''}{options}"


def hold_lifeline(config: pytest.Config) -> None:
    """In the first process of a run: makes the pipe whose end is the end of the run's servers.

    This process holds it for writing and nobody else does, so however it ends, the servers read the end.
    """
    if hasattr(config, "workerinput"):
        return
    folder = Path(tempfile.mkdtemp(prefix="afterpush-servers-"))
    os.mkfifo(folder / "lifeline")
    # For reading too, or this would wait for a reader.
    held = os.open(folder / "lifeline", os.O_RDWR | os.O_CLOEXEC)
    os.environ[_FOLDER] = str(folder)

    def let_go() -> None:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(let_go)


def start(kind: str, answer: Path, lifeline: int) -> Server:
    """A server in a process of its own, until the pipe ends; `answer` is a file for where it is."""
    command = [sys.executable, "-m", "tests.support.serve_database", kind, str(answer), str(CACHE)]
    log = answer.with_suffix(".log")
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdin=lifeline,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not answer.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(log.read_text(errors="replace")[-2000:])
        time.sleep(0.02)
    process.returncode = 0  # It ends with the pipe; nobody waits for it.
    return read_server(answer)


def read_server(answer: Path) -> Server:
    facts: dict[str, Any] = json.loads(answer.read_text())
    full, proof_only, no_rights = (
        Address("127.0.0.1", facts["port"], user, Secret(password), None)
        for user, password in facts["users"].items()
    )
    return Server(facts["kind"], Path(facts["folder"]), Path(facts["pid_file"]), full, proof_only, no_rights)


def flavour_of(kind: str) -> Flavour:
    return "mariadb" if kind in ("mariadb", "plain") else "mysql"


def program_of(kind: str) -> Program:
    flavour = flavour_of(kind)
    if flavour not in _PROGRAMS:
        pytest.skip(f"no {flavour} server program: `./inv test` brings it")
    return _PROGRAMS[flavour]


@contextmanager
def run_folder(name: str) -> Iterator[Path]:
    """A folder that all workers of a run share; for the block nobody else has the lock of this name."""
    folder = Path(os.environ[_FOLDER])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def shared(kind: str) -> Server:
    """The run's server of this kind: the first worker that asks starts it."""
    program_of(kind)
    with run_folder(kind) as folder:
        answer = folder / f"{kind}.json"
        if answer.exists():
            return read_server(answer)
        lifeline = os.open(folder / "lifeline", os.O_RDONLY)
        try:
            return start(kind, answer, lifeline)
        finally:
            os.close(lifeline)


def client_of(program: Program) -> list[str]:
    """The plain client that belongs to a server program, without any option file."""
    names = ("mysql",) if program.flavour == "mysql" else ("mariadb", "mysql")
    if program.root is None:
        found = [path for name in names if (path := shutil.which(name))]
        return [found[0], "--no-defaults"]
    loader = program.command()[:3]
    sets = program.root / "usr/share" / program.flavour / "charsets"
    client = program.root / "usr/bin" / program.flavour
    return [*loader, str(client), "--no-defaults", f"--character-sets-dir={sets}"]


@pytest.fixture(scope="session", params=BOTH)
def server(request: pytest.FixtureRequest) -> Server:
    """A test with this runs on MySQL and on MariaDB."""
    return shared(request.param)


@pytest.fixture(scope="session")
def mysql() -> Server:
    return shared("mysql")


@pytest.fixture(scope="session")
def mariadb() -> Server:
    return shared("mariadb")


@pytest.fixture(scope="session")
def digitalocean() -> Server:
    """MySQL with a primary key and TLS required, ANSI sql_mode, binary log, and no SUPER."""
    return shared("digitalocean")


@contextmanager
def own_server(kind: str, folder: Path) -> Iterator[Server]:
    """A server that nobody shares."""
    program_of(kind)
    reading, writing = os.pipe()
    try:
        yield start(kind, folder / "server.json", reading)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[Server]:
    """A MariaDB of the test's own, to be killed."""
    with own_server("mariadb", tmp_path) as server:
        yield server


@pytest.fixture
def proving(mariadb: Server) -> Address:
    """Where proofs run, as the user with the least rights."""
    return mariadb.proof_only


@contextmanager
def fresh_database(address: Address) -> Iterator[Address]:
    """An empty database that is dropped afterwards; its name needs no more rights than a proof."""
    name = f"afterpush_proof_test_{secrets.token_hex(6)}"
    with connected(address) as connection:
        connection.execute(f"CREATE DATABASE `{name}` DEFAULT CHARACTER SET utf8mb4")
        try:
            yield replace(address, database=name)
        finally:
            connection.execute("SET SESSION lock_wait_timeout = 20")
            connection.execute(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def database(proving: Address) -> Iterator[Address]:
    """A fresh database on the proving server."""
    with fresh_database(proving) as address:
        yield address
