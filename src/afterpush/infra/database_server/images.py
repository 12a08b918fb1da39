"""Data folders as a server makes them for itself, kept for the next start: making one takes seconds."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from afterpush.infra.database_server.programs import Program
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder
from afterpush.infra.locks import locked
from afterpush.infra.processes import run

# A server that starts makes these for itself; two servers must not share them.
_OWN = ("auto.cnf", "*.pem", "ib_buffer_pool", "binlog.*")
_LIMIT_SECONDS = 120
# What mariadb-install-db feeds to the server; 10.x names the files mysql_*, 11 and newer mariadb_*.
_MARIADB_PARTS = ("system_tables", "performance_tables", "system_tables_data")


def copy_image(image: Path, target: Path) -> None:
    """Copies a data folder for one more server."""
    shutil.copytree(image, target, ignore=shutil.ignore_patterns(*_OWN))


def fresh_image(program: Program, cache: Path, options: Sequence[str] = ()) -> Path:
    """An empty data folder. `options` decide what it holds (lower_case_table_names)."""
    image = private_folder(cache) / _key(program, options)
    if image.is_dir():
        return image
    with locked(cache / "lock", wait_seconds=_LIMIT_SECONDS, doing=f"making a data folder for {program}"):
        if not image.is_dir():
            with _making(image) as folder:
                _initialise(program, folder, options)
    return image


def _key(program: Program, options: Sequence[str]) -> str:
    """Another program, or the same one after an update, gets an image of its own."""
    facts = program.path.stat()
    text = "\n".join([str(program.path), str(facts.st_size), str(facts.st_mtime_ns), *options])
    return f"{program.flavour}-{program.version}-{sha256(text.encode()).hexdigest()[:12]}"


@contextlib.contextmanager
def _making(image: Path) -> Iterator[Path]:
    """A folder that takes the image's name when it is whole."""
    folder = image.with_name(f".{image.name}.{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
        folder.rename(image)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(program: Program, folder: Path, options: Sequence[str]) -> None:
    command = [*program.command(), *run_as(), f"--datadir={folder}", f"--tmpdir={folder.parent}", *options]
    command += ["--innodb-flush-method=nosync", "--innodb-doublewrite=OFF"]
    if program.flavour == "mysql":
        done = run(
            [*command, "--initialize-insecure", "--innodb-redo-log-capacity=16M"],
            timeout_seconds=_LIMIT_SECONDS,
        )
    else:
        done = run(
            [*command, "--bootstrap", "--skip-log-bin", "--innodb-log-file-size=16M"],
            input=_system_tables(program),
            timeout_seconds=_LIMIT_SECONDS,
        )
    if done.code != 0:
        said = (done.error_text or done.text)[-400:]
        raise AfterpushError(f"{program} ({program.path}) could not make a data folder: {said}")


def run_as() -> list[str]:
    """A server refuses to run as root without an option that allows it."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _system_tables(program: Program) -> bytes:
    prefix = program.root / "usr" if program.root else program.path.parent.parent
    for share in (prefix / "share/mariadb", prefix / "share/mysql"):
        parts = [
            found for part in _MARIADB_PARTS if (found := next(iter(share.glob(f"m*_{part}.sql")), None))
        ]
        if len(parts) == len(_MARIADB_PARTS):
            head = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
            return head + b"".join(part.read_bytes() for part in parts)
    raise AfterpushError(f"{program}: no mariadb_system_tables.sql under {prefix}/share; install it again")
