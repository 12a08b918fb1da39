"""How fast `migrate.audit` is, beside the plain client running the same files on the same private server.

Both include the start of the server. The second audit comes after one file more. On both flavours.

Run: python -m bench.migrate_audit
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_hex

from tests.support.database_servers import CACHE, client_of

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database import connected
from afterpush.infra.database_server.choice import available
from afterpush.infra.database_server.private import PrivateServer, private_server
from afterpush.infra.database_server.programs import Program
from bench import _histories
from bench._timing import seconds_of

SIZES = ((300, 40, 20), (4000, 200, 200))  # statements, tables, files


def main() -> None:
    """Prints a table for each flavour."""
    for program in available(read_environment(None)):
        print(f"\n### {program}\n")
        print("| statements, files | plain client | audit | ratio | audit after one more file |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for statements, tables, files in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                print(_row(program, Path(folder), statements, tables, files), flush=True)


def _row(program: Program, root: Path, statements: int, tables: int, files: int) -> str:
    history = _histories.history(statements, tables)
    paths = _histories.write(root, history, files)
    # A table that no earlier run had: else the audit would remember the whole history.
    paths[0].write_text(f"CREATE TABLE run_{token_hex(4)} (id INT PRIMARY KEY);\n{paths[0].read_text()}")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    client = seconds_of(lambda: run_client(program, paths))
    audit = seconds_of(lambda: _audit(program, root))
    (root / "migrations" / "9999.sql").write_text("ALTER TABLE t1 ADD COLUMN last INT;\n")
    again = seconds_of(lambda: _audit(program, root))
    ratio = audit / client
    return f"| {statements}, {files} | {client:.1f} s | {audit:.1f} s | {ratio:.2f} | {again:.1f} s |"


def run_client(program: Program, paths: list[Path]) -> None:
    """The files in order, each through one run of the client, as a deploy script does."""
    with private_server(program, cache=CACHE / "data", schemas="bench%") as server:
        with connected(server.administrator) as connection:
            connection.execute("CREATE DATABASE bench DEFAULT CHARACTER SET utf8mb4")
        for path in paths:
            with path.open("rb") as text:
                subprocess.run(_client(program, server), stdin=text, env=_password(server), check=True)


def _client(program: Program, server: PrivateServer) -> list[str]:
    address = server.administrator
    return [*client_of(program), f"--socket={address.socket}", f"--user={address.user}", "bench"]


def _password(server: PrivateServer) -> dict[str, str]:
    assert server.administrator.password is not None
    return dict(os.environ) | {"MYSQL_PWD": server.administrator.password.reveal()}


def _audit(program: Program, root: Path) -> None:
    words = [sys.executable, "-m", "afterpush", "migrate.audit", "--json", f"--server={program.flavour}"]
    done = subprocess.run(words, cwd=root, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode in (0, 1), done  # Without a boot script all of it is missing.


if __name__ == "__main__":
    main()
