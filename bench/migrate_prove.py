"""Proving a set of 60 statements on a private MariaDB (data in memory), beside running the set once.

The set is 12 tables with foreign keys and checks, 24 indexes, 12 columns, 6 views and 6 triggers, as raw
SQL and as steps. The yardstick, in the same run: the raw set executed once in an empty schema, and applied
with `migrate.apply` (first run and second run). A proof executes the set many times: five runs, negative
controls, and two passes for each of 60 crashes.

Run: python -m bench.migrate_prove
"""

import secrets
import tempfile
from collections import Counter
from pathlib import Path

from tests.migrate.samples import steps
from tests.support.database_servers import Server, fresh_database, own_server

from afterpush.infra.clock import SystemClock
from afterpush.infra.database import Address, connected
from afterpush.migrate.apply import apply
from afterpush.migrate.evidence import Ways
from afterpush.migrate.proof import Proof, prove
from afterpush.migrate.server import facts_of
from afterpush.migrate.statements import split
from bench._timing import seconds_of

TABLES = 12


def sql() -> str:
    """The 60 statements."""
    parts = [_table(number) for number in range(TABLES)]
    for number in range(TABLES):
        parts.append(f"CREATE INDEX i{number}_a ON t{number} (status, made_at)")
        parts.append(f"CREATE UNIQUE INDEX i{number}_b ON t{number} (code(8), id)")
        parts.append(f"ALTER TABLE t{number} ADD COLUMN extra{number} DECIMAL(15,4) NOT NULL DEFAULT 0")
    for number in range(TABLES // 2):
        parts.append(f"CREATE VIEW v{number} AS SELECT id, code FROM t{number} WHERE status = 'new'")
        body = f"BEGIN SET NEW.code = TRIM(NEW.code); SET NEW.extra{number} = NEW.extra{number} + 1; END"
        parts.append(f"CREATE TRIGGER tr{number} BEFORE INSERT ON t{number} FOR EACH ROW {body}")
    return ";\n".join(parts) + ";\n"


def _table(number: int) -> str:
    parent = f", CONSTRAINT fk{number} FOREIGN KEY (parent) REFERENCES t{number - 1} (id)" if number else ""
    return (
        f"CREATE TABLE t{number} (id INT AUTO_INCREMENT PRIMARY KEY, parent INT, code VARCHAR(40) NOT NULL, "
        "status ENUM('new','old') NOT NULL DEFAULT 'new', note TEXT, amount DECIMAL(12,2), "
        f"made_at DATETIME DEFAULT CURRENT_TIMESTAMP, CONSTRAINT ck{number} CHECK (amount >= 0){parent})"
    )


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as folder, own_server("mariadb", Path(folder)) as server:
        _measure(server)


def _measure(server: Server) -> None:
    statements = split(sql(), "001.sql")
    with connected(server.full) as connection:
        print(f"{facts_of(connection).title}, {len(statements)} statements\n")
    print("| yardstick, in the same run | seconds |\n| --- | ---: |")
    with fresh_database(server.proof_only) as address:
        print(f"| the set executed once | {seconds_of(lambda: _execute(address)):.2f} |")
    with fresh_database(server.proof_only) as address:
        for name in ("first", "second"):
            print(f"| `migrate.apply`, {name} run | {seconds_of(lambda: _apply(address)):.2f} |")
    _report(_proof(server.proof_only))


def _execute(address: Address) -> None:
    with connected(address) as connection:
        for statement in split(sql(), "001.sql"):
            connection.execute(statement.sql)


def _apply(address: Address) -> None:
    apply(address, steps(sql()), clock=SystemClock(), wait_seconds=1)


def _proof(address: Address) -> Proof:
    ways = Ways([], split(sql(), "001.sql"), [], steps(sql()))
    return prove(address, ways, random_hex=secrets.token_hex, clock=SystemClock())


def _report(proof: Proof) -> None:
    verdict = "proved" if proof.proved else f"not proved: {'; '.join(proof.reasons)}"
    print("\n| the proof | |\n| --- | ---: |")
    print(f"| verdict | {verdict} |\n| seconds, all of it | {proof.seconds:.1f} |")
    print(f"| seconds, runs A to E | {sum(run.seconds for run in proof.runs.values()):.1f} |")
    print(f"| mutations caught | {proof.mutations.caught} of {proof.mutations.tried} |")
    print(f"| kinds of mutations | {len(Counter(proof.mutations.kinds))} |")
    print(f"| crashes recovered | {proof.crashes.recovered} of {proof.crashes.points} |")
    print(f"| tables whose rows were kept | {proof.rows.tables} |")


if __name__ == "__main__":
    main()
