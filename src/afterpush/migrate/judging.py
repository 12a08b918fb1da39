"""Asking a server which statements of the sources it rejects."""

from collections.abc import Callable

from afterpush.infra.database import Address
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.audit import Remark
from afterpush.migrate.fence import refusal
from afterpush.migrate.proof import invalid_statements
from afterpush.migrate.reading import Sort, read
from afterpush.migrate.repository import Repository


def rejected_by_server(
    address: Address | None,
    repository: Repository,
    *,
    random_hex: Callable[[int], str],
    note: Callable[[str], None],
) -> list[Remark]:
    """What the server says to each statement, executed in order in a scratch schema; empty without one.

    A server that cannot be reached, or that allows no scratch schemas, is noted: the audit goes on by rule.
    Statements that reach out of the schema are not executed. What only sets the session is executed, for
    others rest on it (a dump's FOREIGN_KEY_CHECKS, a temporary table), but not judged.
    """
    if address is None:
        return []
    known = [statement for statement in repository.inputs.sources if refusal(statement.sql) is None]
    try:
        found = invalid_statements(address, known, base=repository.inputs.base, random_hex=random_hex)
    except AfterpushError as error:
        note(f"the statements are checked by rule only, not on the server: {error}")
        return []
    unjudged = {(one.file, one.line) for one in known if read(one).sort is Sort.SESSION}
    unjudged -= {(one.file, one.line) for one in known if read(one).sort is not Sort.SESSION}
    return [Remark(one.file, one.line, one.message) for one in found if (one.file, one.line) not in unjudged]
