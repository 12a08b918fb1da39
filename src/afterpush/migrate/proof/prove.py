"""The proof that two ways of bringing a schema up are equivalent, on a live server.

Runs in scratch schemas: A, the old way and then the boot script; B, the new way alone; C, the old way's
schema with rows in it and then the new way; D, the new way twice; E (only where the old way may run twice),
old, new and old once more; and from stages in between: the old way up to a file, with rows, then the new
way, against the old way to its end. All must come out equal, keep their rows, and repeat nothing. After
every single file of the history the steps' decisions are asked for: what is behind must be done, what is
ahead needed. Where the new way would then execute, word for word, what is left of the old one, it is executed
from a few stages only; from all others it is executed always. Then negative controls must turn the comparison
red, and the new way is killed after each of its statements and run again.

What is executed is SQL: for a TypeScript boot script, the statements that were read out of it, in order.
"""

from collections.abc import Callable

from afterpush.infra.clock import Clock
from afterpush.infra.database import Connection
from afterpush.migrate.proof.inputs import Ways
from afterpush.migrate.proof.report import Invalid, Proof, ServerFacts
from afterpush.migrate.proof.runs import Proving
from afterpush.migrate.proof.verdict import settle
from afterpush.migrate.replay.scratch import scratch
from afterpush.migrate.replay.server import Server


def prove(
    server: Server,
    ways: Ways,
    *,
    random_hex: Callable[[int], str],
    clock: Clock,
    progress: Callable[[str], None] = lambda text: None,
    strict: bool = False,
) -> Proof:
    """Proves `ways` on the server; with `strict`, other names and column orders count too.

    With unaudited or rejected statements nothing is executed and nothing is proved. Nothing outside of
    the run's own scratch schemas is touched, and those are dropped whatever happens. Raises
    DatabaseFailure when the server cannot be reached or is lost, AfterpushError without the rights.
    """
    began = clock.monotonic()
    invalid = [Invalid(one.statement.file, one.statement.line, one.rejected) for one in ways.history.rejected]
    proof = Proof(
        unaudited=[*ways.unaudited], invalid=invalid, statements=ways.counts(), input_hash=ways.hash()
    )
    lacking: list[str] = []
    with scratch(server, random_hex) as room:
        proof.server = facts_of(room.keeper, server)
        if not (proof.unaudited or proof.invalid):
            lacking = Proving(room, ways, proof, clock, progress).run()
    settle(proof, strict=strict, lacking=lacking)
    proof.seconds = round(clock.monotonic() - began, 3)
    return proof


def facts_of(connection: Connection, server: Server) -> ServerFacts:
    """The server's own account of itself. Raises DatabaseFailure."""
    row = connection.query(
        "SELECT VERSION() AS version, @@version_comment AS comment, @@sql_mode AS mode, "
        "@@character_set_server AS cs, @@collation_server AS co, @@lower_case_table_names AS lower_names"
    )[0]
    return ServerFacts(
        flavor="MariaDB" if server.flavour == "mariadb" else "MySQL",
        version=row["version"],
        comment=row["comment"],
        sql_mode=row["mode"],
        character_set=row["cs"],
        collation=row["co"],
        lower_case_table_names=int(row["lower_names"]),
    )
