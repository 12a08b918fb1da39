"""What every test stands on: a pinned HOME and git identity, and no network beyond this machine."""

import importlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from tests.support.clock import FakeClock
from tests.support.database_servers import CACHE, hold_lifeline
from tests.support.database_servers import database as database
from tests.support.database_servers import digitalocean as digitalocean
from tests.support.database_servers import mariadb as mariadb
from tests.support.database_servers import mortal_server as mortal_server
from tests.support.database_servers import mysql as mysql
from tests.support.database_servers import proving as proving
from tests.support.database_servers import server as server
from tests.support.manual import manual as manual
from tests.support.repositories import Repository, make_repository

# Started by nohup or in the background of a script, it ignores these, and so would all that it starts.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# A noisy machine must not turn a law into a timing test, and no run may be red by chance: the same examples
# each time, and `./inv test --explore` searches for new ones.
settings.register_profile("afterpush", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("afterpush")

PINNED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
    "GIT_CONFIG_KEY_1": "protocol.file.allow",
    "GIT_CONFIG_VALUE_1": "always",
    # No test cuts the power, and each commit and each push would wait for the disk a few times.
    "GIT_CONFIG_KEY_2": "core.fsync",
    "GIT_CONFIG_VALUE_2": "none",
    "TZ": "UTC",
}
OURS = (
    "DIGITALOCEAN_TOKEN DIGITALOCEAN_API_URL AFTERPUSH_APP DB_HOST DB_PORT DB_USER DB_PASS DB_NAME "
    "DB_SSL_CA DB_SSL_MODE HEALTH_URL AFTERPUSH_REPO AFTERPUSH HUSKY NO_COLOR GIT_DIR GIT_WORK_TREE "
    "GIT_INDEX_FILE GIT_PREFIX MYSQL_URL"
).split()


def pytest_configure(config: pytest.Config) -> None:
    hold_lifeline(config)
    if config.getoption("--hypothesis-profile", None) is None:
        # Hypothesis also draws constants out of the modules that are loaded by then: other ones in each
        # worker, so other examples in each run, and to read all modules costs each worker 3 s.
        providers._get_local_constants = lambda: providers._local_constants
    # What pytest makes of a test file is kept also where Python is not to keep what it compiles.
    sys.dont_write_bytecode = False


def pytest_sessionstart(session: pytest.Session) -> None:
    """Of a whole run's files each worker compiles a part first, and finds the rest as the others did them.

    Rewriting the assertions of all files takes 7 s of CPU, and every worker needs all of them.
    """
    here, worker = Path(__file__).parent, getattr(session.config, "workerinput", None)
    if worker is None or [Path(given).resolve() for given in session.config.args] != [here]:
        return
    files = sorted(here.rglob("test_*.py"))
    for file in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        name = ".".join(file.relative_to(session.config.rootpath).with_suffix("").parts)
        with suppress(Exception, pytest.skip.Exception):  # Collecting it fails in the same way, and says so.
            importlib.import_module(name)


@pytest.fixture(autouse=True)
def pinned_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """HOME is empty, git's identity is fixed, and none of our variables leaks in from outside."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("AFTERPUSH_CACHE", str(CACHE))
    for name, value in PINNED.items():
        monkeypatch.setenv(name, value)
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection of the test process to anywhere but this machine is an error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = str(address[0]) if isinstance(address, tuple) else ""
        if (
            isinstance(host, str)
            and host
            and not host.startswith("127.")
            and host not in ("::1", "localhost")
        ):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a bare remote `origin` and one commit on main, pushed."""
    return make_repository(tmp_path)


@pytest.fixture
def in_repository(repository: Repository) -> Iterator[Repository]:
    """The same, with the current folder in it."""
    before = Path.cwd()
    os.chdir(repository.path)
    yield repository
    os.chdir(before)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: a part that is missing there proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_controller = not hasattr(session.config, "workerinput")
    if os.environ.get("CI") and is_controller and reporter and reporter.stats.get("skipped"):
        reporter.write_line(f"{len(reporter.stats['skipped'])} tests were skipped: in CI that is a failure")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
