"""One pass over statements in a scratch schema: what it did, and what stopped it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from afterpush.infra.database import Connection, DatabaseFailure, StatementRejected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.evidence import Evidence
from afterpush.migrate.execution import Did, Done, Failed, Forbidden, Item, carry_out, place
from afterpush.migrate.fence import Refused
from afterpush.migrate.journal import Journal
from afterpush.migrate.proof_report import Invalid
from afterpush.migrate.scratch import without_schema
from afterpush.migrate.statements import Statement
from afterpush.migrate.steps import Step


@dataclass
class Tally:
    """What happened in one run, or in one pass of it."""

    executed: int = 0
    skipped: int = 0
    tolerated: int = 0
    rejected: list[str] = field(default_factory=list)
    again: int = 0

    def add(self, done: Done) -> None:
        self.executed += done.did is Did.EXECUTED
        self.skipped += done.did is Did.SKIPPED
        self.tolerated += done.did is Did.TOLERATED

    def add_second_pass(self, second: "Tally", again: int) -> None:
        self.executed += second.executed
        self.skipped += second.skipped
        self.tolerated += second.tolerated
        self.again = again


class Stopped(Exception):
    """A run could not go on; the evidence says why."""


class Passes:
    """Executes for a proof and writes down what goes wrong. `schemas`: see `carry_out`."""

    def __init__(self, evidence: Evidence, schemas: frozenset[str] | None) -> None:
        self._evidence = evidence
        self._schemas = schemas

    def go(self, run: str, connection: Connection, items: Sequence[Item], tally: Tally) -> list[Done]:
        """Executes the items; a boot script's statements may meet what is there. Raises Stopped."""
        finished: list[Done] = []
        try:
            for done in self.carried_out(connection, items):
                self._note(run, done)
                tally.add(done)
                finished.append(done)
        except Forbidden as error:
            self._forbidden(error)
        except AfterpushError as error:
            if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
                raise
            self._evidence.fail(run, without_schema(str(error)))
            raise Stopped from error
        return finished

    def carried_out(self, connection: Connection, items: Sequence[Item]) -> Iterator[Done]:
        journal = None
        if any(isinstance(item, Step) and item.kind == "data" for item in items):
            journal = Journal(connection)
            journal.prepare()
        return carry_out(connection, items, tolerant=True, schemas=self._schemas, journal=journal)

    def all_of(
        self,
        connection: Connection,
        statements: Sequence[Statement],
        tally: Tally,
        *,
        tolerant: bool = False,
    ) -> list[Invalid]:
        """Executes every statement, past those that the server rejects, and returns these."""
        rejected = []
        for statement in statements:
            try:
                for done in carry_out(connection, [statement], tolerant=tolerant, schemas=self._schemas):
                    self._note("", done)
                    tally.add(done)
            except Forbidden as error:
                self._forbidden(error)
            except Failed as error:
                rejected.append(Invalid(statement.file, statement.line, without_schema(error.said)))
        return rejected

    def _forbidden(self, error: Forbidden) -> NoReturn:
        self._evidence.refused.append(Refused(error.statement.file, error.statement.line, error.why))
        raise Stopped from error

    def _note(self, run: str, done: Done) -> None:
        if done.definer:
            self._evidence.notes.append(
                f"{place(done.item)}: made without its DEFINER {done.definer}, which this user may not set; "
                "definers are not part of this proof"
            )
        if done.did is Did.TOLERATED and run in ("A", "B"):
            self._evidence.notes.append(
                f"{place(done.item)} met what is there already; the boot script must catch this: "
                f"{done.message}"
            )
