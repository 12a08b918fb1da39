"""Starting a server in a temporary folder; it ends with this process, however that ends."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import SystemClock
from afterpush.infra.database import Address, DatabaseFailure, connected
from afterpush.infra.database_server.images import copy_image, fresh_image, run_as
from afterpush.infra.database_server.programs import Program
from afterpush.infra.errors import AfterpushError, ExitCode
from afterpush.infra.processes.detached import OnLifeline, start_on_lifeline
from afterpush.infra.secrets import Secret

# The server's keeper is a shell whose stdin is a pipe that only this process holds the other end of. When
# this process ends, even by kill -9, `read` returns and the server is killed. A server that ends by itself
# leaves its folder, with its log, until then.
_KEEPER = """
folder=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
{ read -r _ <&3; [ -e "$folder/ended" ] || kill -9 $server; } 2>/dev/null & reader=$!
exec 3<&-
wait $server; : >"$folder/ended"
wait $reader; rm -rf "$folder"
"""
_START_SECONDS = 60
_STEP_SECONDS = 0.02
_ROOM_BYTES = 500_000_000
# No files of the machine, no ports, no events that run by themselves (an event is due at once where it says
# no start); nothing is flushed, since nothing is to survive. The binary log tells what a CALL did.
_COMMON = (
    "--skip-networking --skip-name-resolve --event-scheduler=OFF --local-infile=OFF --performance-schema=OFF "
    "--log-bin=binlog --binlog-format=ROW --sync-binlog=0 --log-bin-trust-function-creators=1 --server-id=1 "
    "--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-stats-persistent=OFF "
    "--innodb-buffer-pool-size=64M --key-buffer-size=1M"
).split()
# MySQL 9.7 without the doublewrite buffer waits 0.1 s in each ALTER that copies a table with rows.
_FLAVOURED = {
    "mysql": (
        "--secure-file-priv=NULL --mysqlx=OFF --innodb-redo-log-capacity=16M --auto-generate-certs=OFF "
        "--sha256-password-auto-generate-rsa-keys=OFF --caching-sha2-password-auto-generate-rsa-keys=OFF"
    ).split(),
    "mariadb": (
        "--skip-ssl --innodb-doublewrite=OFF --innodb-log-file-size=16M --aria-pagecache-buffer-size=8M "
        "--aria-log-file-size=8M"
    ).split(),
}
# Rights of the whole server without which a file that names a DEFINER, or sets for its session what not
# everybody may, cannot be read.
_MORE_RIGHTS = {
    "mysql": "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER, SESSION_VARIABLES_ADMIN",
    "mariadb": "SET USER",
}


@dataclass(frozen=True)
class PrivateServer:
    """A server that only this process reaches.

    `confined` may do everything in the schemas that were named at the start, and nothing else;
    `administrator` may do everything. It answers from the first `start` on.
    """

    program: Program
    folder: Path
    confined: Address
    administrator: Address
    start: Callable[[], None]

    def log(self) -> str:
        """What the server wrote last: for the message when it went away."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace")[-1500:].strip() if path.exists() else ""


@contextmanager
def private_server(
    program: Program,
    *,
    cache: Path,
    schemas: str,
    settings: Mapping[str, str] | None = None,
    waits: bool = False,
) -> Iterator[PrivateServer]:
    """A server that answers; it is killed, and its folder removed, afterwards.

    `schemas` is the pattern (LIKE) of the names that the confined user may make, `settings` are system
    variables as another server has them: those that this one does not know are ignored. `cache` holds
    an empty data folder between runs. Raises AfterpushError with the server's own words when it does not come
    up. Where it `waits`, that is left to the first call of `start`: perhaps nobody needs it.
    """
    folder = Path(tempfile.mkdtemp(prefix="afterpush-db-", dir=_memory()))
    keepers: list[OnLifeline] = []

    def start() -> None:
        if not keepers:
            command = _prepared(server, cache, schemas, dict(settings or {}))
            keepers.append(_started(command, folder))
            _wait_until_ready(server)

    # Without root, and with a name that no file can guess, no DEFINER gets all rights.
    confined, administrator = (
        Address(
            "localhost",
            user=user,
            password=Secret(secrets.token_hex(16)),
            database=None,
            socket=str(folder / "s"),
        )
        for user in ("confined", f"administrator_{secrets.token_hex(6)}")
    )
    server = PrivateServer(program, folder, confined, administrator, start)
    try:
        if not waits:
            start()
        yield server
    finally:
        for keeper in keepers:
            keeper.cut()
            keeper.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(server: PrivateServer, cache: Path, schemas: str, settings: dict[str, str]) -> list[str]:
    program, folder = server.program, server.folder
    lower = settings.pop("lower_case_table_names", None)
    fixed = [f"--lower-case-table-names={lower}"] if lower else []
    copy_image(fresh_image(program, cache, fixed), folder / "data")
    for name in ("tmp", "files"):
        (folder / name).mkdir()
    _write_private(folder / "init.sql", _users(program, schemas, server.confined, server.administrator))
    return [*program.command(), *run_as(), *_flags(program, folder), *fixed, *_as_options(settings)]


def _started(command: list[str], folder: Path) -> OnLifeline:
    return start_on_lifeline(
        ["/bin/sh", "-c", _KEEPER, "keeper", folder, *command],
        log=folder / "server.log",
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
    )


def _memory() -> str | None:
    """A folder in memory, where there is room: a definition costs mostly the disk's time."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES
    return str(memory) if roomy else None


def _flags(program: Program, folder: Path) -> list[str]:
    own = {
        "datadir": folder / "data",
        "socket": folder / "s",
        "pid-file": folder / "pid",
        "init-file": folder / "init.sql",
        # Never the machine's: a server that starts there removes the temporary tables of another
        # (seen: MariaDB 10.11 ended with signal 11).
        "tmpdir": folder / "tmp",
    }
    if program.flavour == "mariadb":
        own["secure-file-priv"] = folder / "files"
    return [*(f"--{name}={path}" for name, path in own.items()), *_COMMON, *_FLAVOURED[program.flavour]]


def _as_options(settings: Mapping[str, str]) -> list[str]:
    return [f"--loose-{name.replace('_', '-')}={value}" for name, value in settings.items()]


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _users(program: Program, schemas: str, confined: Address, administrator: Address) -> str:
    # An init file holds one statement a line.
    statements = [
        *(
            f"{verb} {each.user}@localhost IDENTIFIED BY '{_password(each)}'"
            for each in (confined, administrator)
            for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER")
        ),
        f"GRANT ALL ON `{schemas}`.* TO {confined.user}@localhost",
        f"GRANT {_MORE_RIGHTS[program.flavour]} ON *.* TO {confined.user}@localhost",
        f"GRANT ALL ON *.* TO {administrator.user}@localhost WITH GRANT OPTION",
        "DROP USER IF EXISTS root@localhost",
    ]
    return "".join(f"{statement};\n" for statement in statements)


def _password(address: Address) -> str:
    assert address.password is not None
    return address.password.reveal()


def _wait_until_ready(server: PrivateServer) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + _START_SECONDS
    while True:
        try:
            with connected(server.administrator):
                return
        except DatabaseFailure as error:
            has_ended = (server.folder / "ended").exists()
            if has_ended or clock.monotonic() > deadline:
                raise AfterpushError(
                    f"starting a private {server.program} ({server.program.path}): "
                    f"{'it ended at once' if has_ended else 'no answer in time'}: {server.log()[-500:]}",
                    ExitCode.UNREACHABLE,
                ) from error
        clock.sleep(_STEP_SECONDS)
