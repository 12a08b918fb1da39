"""Killing the new way after each of its statements, and running it again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from afterpush.infra.database import Connection, DatabaseFailure, StatementRejected
from afterpush.infra.errors import AfterpushError
from afterpush.migrate.differences import compare
from afterpush.migrate.evidence import Ways
from afterpush.migrate.execution import Did
from afterpush.migrate.passes import Passes, Tally
from afterpush.migrate.proof_report import Crashes
from afterpush.migrate.scratch import Scratch, without_schema
from afterpush.migrate.snapshot import Snapshot, take

_AT_ONCE = 4


def crash_everywhere(
    room: Scratch,
    passes: Passes,
    ways: Ways,
    settled: Snapshot,
    executed: int,
    progress: Callable[[str], None],
) -> Crashes:
    """A killed connection after each of the `executed` statements of the new way, and a second run each.

    `settled` is what an undisturbed run gives. Each crash has a schema and connections of its own, so a few
    go on at once: most of the time is spent waiting for the server.
    """
    failed = []
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        points = range(1, executed + 1)
        crashes = [pool.submit(_crash, room, passes, ways, settled, point) for point in points]
        for point, crash in zip(points, crashes, strict=True):
            progress(f"crash {point} of {executed}")
            why = crash.result()
            failed += [f"after statement {point}: {why}"] if why else []
    finally:
        # Also after an interrupt: nobody may work in a schema that is about to be dropped.
        pool.shutdown(wait=True, cancel_futures=True)
    return Crashes(executed, executed - len(failed), tuple(failed))


def _crash(room: Scratch, passes: Passes, ways: Ways, settled: Snapshot, point: int) -> str:
    """Why the schema is not as after an undisturbed run; empty when it is."""
    with room.outside() as outside:
        schema = room.schema(f"k{point}", by=outside)
        with room.connection(schema) as connection:
            passes.go("B", connection, ways.base, Tally())
        with room.connection(schema) as victim:
            _execute_until(passes, victim, ways, point)
            outside.execute(f"KILL {victim.thread_id()}")
        with room.connection(schema) as connection:
            why = _second_run(passes, connection, ways) or _otherwise(settled, take(connection, schema))
        room.drop(schema, by=outside)
    return why


def _execute_until(passes: Passes, connection: Connection, ways: Ways, point: int) -> None:
    executed = 0
    for done in passes.carried_out(connection, ways.new):
        executed += done.did is Did.EXECUTED
        if executed == point:
            return


def _second_run(passes: Passes, connection: Connection, ways: Ways) -> str:
    try:
        for _ in passes.carried_out(connection, ways.new):
            pass
    except AfterpushError as error:
        if isinstance(error, DatabaseFailure) and not isinstance(error, StatementRejected):
            raise
        return without_schema(str(error))
    return ""


def _otherwise(settled: Snapshot, found: Snapshot) -> str:
    return "; ".join(
        one.message for one in compare("crash", settled, found, copies_count=True).definitions[:3]
    )
