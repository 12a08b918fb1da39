"""The proof that two ways of bringing a schema up are equivalent, on a live server.

Five runs in scratch schemas: A, the old way and then the boot script; B, the new way alone; C, the old way's
schema with rows in it and then the new way; D, the new way twice; E, the old way, the new way and the old
way once more. All must come out equal, keep their rows, and repeat nothing. Then negative controls must turn
the comparison red, and the new way is killed after each of its statements and run again.

What is executed is SQL: for a TypeScript boot script, the statements that were read out of it, in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from afterpush.infra.clock import Clock
from afterpush.infra.database import Address, Connection
from afterpush.migrate.evidence import Evidence, Ways
from afterpush.migrate.execution import Failed, Forbidden, Item, carry_out
from afterpush.migrate.fence import Refused, refusal
from afterpush.migrate.proof_report import Invalid, Proof
from afterpush.migrate.proof_runs import Proving
from afterpush.migrate.scratch import Scratch, scratch, without_schema
from afterpush.migrate.server import facts_of, is_confined, schemas_of
from afterpush.migrate.statements import Statement
from afterpush.migrate.tokens import tokens

__all__ = ["Invalid", "Proof", "Ways", "invalid_statements", "prove"]


def prove(
    address: Address,
    ways: Ways,
    *,
    random_hex: Callable[[int], str],
    clock: Clock,
    progress: Callable[[str], None] = lambda text: None,
    unaudited: Sequence[Invalid] = (),
    strict: bool = False,
) -> Proof:
    """Proves `ways` on the server at `address`; with `strict`, other names and column orders count too.

    `unaudited` is what an audit could not read: with any, nothing is executed and nothing is proved.
    Nothing outside of the run's own scratch schemas is touched, and those are dropped whatever happens.
    Raises DatabaseFailure when the server cannot be reached or is lost, AfterpushError without the rights.
    """
    began = clock.monotonic()
    evidence = Evidence(ways, strict)
    named = {(one.file, one.line): one for one in (*_unreadable(ways.all()), *unaudited)}
    evidence.unaudited += named.values()
    evidence.refused += refused_items(ways.all(), frozenset(), confined=True)
    if not (evidence.refused or evidence.unaudited):
        with scratch(address, random_hex) as room:
            _prove_in(room, evidence, clock, progress)
    return replace(evidence.proof(), seconds=round(clock.monotonic() - began, 3))


def _prove_in(room: Scratch, evidence: Evidence, clock: Clock, progress: Callable[[str], None]) -> None:
    evidence.server = facts_of(room.keeper)
    schemas, confined = schemas_of(room.keeper), is_confined(room.keeper)
    evidence.refused += refused_items(evidence.ways.all(), schemas, confined)
    if not evidence.refused:
        Proving(room, evidence, clock, progress, None if confined else schemas).run()


def invalid_statements(
    address: Address,
    statements: Sequence[Statement],
    *,
    base: Sequence[Statement] = (),
    random_hex: Callable[[int], str],
) -> list[Invalid]:
    """Those that the server rejects, executed in order in a scratch schema after `base`.

    What reaches beyond the schema is listed with that reason, and then nothing is executed. Statements whose
    text is not known in full are left out. Raises as `prove` does.
    """
    readable = [one for one in statements if not (one.marks or one.problem)]
    with scratch(address, random_hex) as room:
        schemas, confined = schemas_of(room.keeper), is_confined(room.keeper)
        refused = refused_items([*base, *readable], schemas, confined)
        if refused:
            return [Invalid(one.file, one.line, one.message) for one in refused]
        prepared = None if confined else schemas
        with room.connection(room.schema("v")) as connection:
            _rejected(connection, base, prepared)
            return _rejected(connection, readable, prepared)


def _rejected(
    connection: Connection, statements: Sequence[Statement], schemas: frozenset[str] | None
) -> list[Invalid]:
    found = []
    for statement in statements:
        try:
            list(carry_out(connection, [statement], tolerant=False, schemas=schemas))
        except Forbidden as error:
            found.append(Invalid(statement.file, statement.line, error.why))
        except Failed as error:
            found.append(Invalid(statement.file, statement.line, without_schema(error.said)))
    return found


def _unreadable(items: Sequence[Item]) -> list[Invalid]:
    """Statements that were not read to their end, or have parts that only the running program knows."""
    return [
        Invalid(
            item.file, item.line, item.problem or f"its text is not known in full: {' '.join(item.marks)}"
        )
        for item in dict.fromkeys(items)
        if isinstance(item, Statement) and (item.problem or item.marks)
    ]


def refused_items(items: Sequence[Item], schemas: frozenset[str], confined: bool) -> list[Refused]:
    """What must not be executed. `schemas` are the server's databases; a `confined` user can do no harm."""
    found = []
    for item in dict.fromkeys(items):
        why = refusal(item.sql, schemas) or (None if confined else _hidden_text(item.sql))
        if why:
            file, line = (item.file, item.line) if isinstance(item, Statement) else (f"step {item.name}", 0)
            found.append(Refused(file, line, why))
    return found


def _hidden_text(sql: str) -> str | None:
    words = [token.upper for token in tokens(sql)]
    if words[:1] == ["CREATE"] and "PREPARE" in words:
        return (
            "it prepares text inside a routine, where nobody can check it beforehand; "
            "prove it with a user whose rights end at afterpush_proof_%"
        )
    return None
