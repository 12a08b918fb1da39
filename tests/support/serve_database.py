"""A private server for tests in a process of its own.

`python -m tests.support.serve_database KIND ANSWER CACHE`: it listens on loopback with TLS, writes where it
is to ANSWER, and lives until its stdin ends.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from afterpush.infra.configuration.environment_variables import read_environment
from afterpush.infra.database import connected
from afterpush.infra.database_server.choice import available
from afterpush.infra.database_server.private import private_server

PROOFS = "afterpush\\_proof\\_%"
# What DigitalOcean's managed MySQL has other than MySQL itself.
_MANAGED = {
    "sql_mode": "ANSI,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "STRICT_ALL_TABLES",
    "sql_require_primary_key": "ON",
    "require_secure_transport": "ON",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "log_bin_trust_function_creators": "OFF",
    # Then a GRANT on names with wildcards is worth nothing.
    "partial_revokes": "ON",
}
_DOADMIN = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW "
    "DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION "
    "CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, "
    "CREATE ROLE, DROP ROLE, REPLICATION_APPLIER, ROLE_ADMIN"
)


def main(kind: str, answer: Path, cache: Path) -> None:
    flavour = "mariadb" if kind in ("mariadb", "plain") else "mysql"
    environment = read_environment(None, dict(os.environ) | {"AFTERPUSH_CACHE": str(cache)})
    program = next(program for program in available(environment) if program.flavour == flavour)
    with tempfile.TemporaryDirectory(prefix="afterpush-tls-") as certificates, socket.socket() as probe:
        make_certificates(Path(certificates))
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        settings = listening(port) | ({} if kind == "plain" else encrypted(Path(certificates)))
        settings |= _MANAGED if kind == "digitalocean" else {}
        if kind == "mysql":
            settings["event_scheduler"] = "ON"  # As MySQL has it by itself.
        with private_server(program, cache=cache / "data", schemas=PROOFS, settings=settings) as server:
            users = {name: secrets.token_hex(12) for name in ("full", "proof_only", "no_rights")}
            if kind == "digitalocean":
                users = {"doadmin" if name == "full" else name: word for name, word in users.items()}
            with connected(server.administrator) as connection:
                for statement in user_statements(users):
                    connection.execute(statement)
            facts = {"kind": kind, "port": port, "users": users, "folder": certificates}
            facts["pid_file"] = str(server.folder / "pid")
            write_whole(answer, json.dumps(facts))
            sys.stdin.read()


def listening(port: int) -> dict[str, str]:
    return {
        "skip_networking": "OFF",
        "bind_address": "127.0.0.1",
        "port": str(port),
    }


def encrypted(certificates: Path) -> dict[str, str]:
    return {
        "ssl_ca": f"{certificates / 'ca.pem'}",
        "ssl_cert": f"{certificates / 'server.pem'}",
        "ssl_key": f"{certificates / 'server.key'}",
    }


def user_statements(users: dict[str, str]) -> list[str]:
    first, proof_only, no_rights = users
    rights = _DOADMIN if first == "doadmin" else "ALL"
    return [
        *(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{word}'" for user, word in users.items()),
        f"GRANT {rights} ON *.* TO {first}@'127.0.0.1' WITH GRANT OPTION",
        f"GRANT ALL ON `{PROOFS}`.* TO {proof_only}@'127.0.0.1'",
        f"GRANT USAGE ON *.* TO {no_rights}@'127.0.0.1'",
    ]


def write_whole(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.rename(path)


def make_certificates(folder: Path) -> None:
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


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
